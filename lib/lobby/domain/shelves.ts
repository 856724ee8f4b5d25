// Where lists look for games. Each game stands on one shelf, by its type and status; games that enroll stand apart by
// whether they have free places, and cancelled ones by whether they were ever opened. So filters come down to a set of
// shelves, a few at most, and the database keeps every shelf in the order of each list: whatever is asked for, a page
// is made from the beginnings of some shelves, however many games there are. `shelf` in drizzle/lobby/schema.ts says
// in SQL what is said here.
import { capacity } from './enrollment.ts';
import { type Game, type GameStatus, type GameType, gameStatuses, gameTypes } from './game.ts';

type Shelf = {
  readonly gameType: GameType;
  readonly status: GameStatus;
  readonly hasFreePlaces: boolean;
  /** Whether its games were opened: if not, they are for their owners and admins alone. */
  readonly opened: boolean;
};

const shelves: readonly Shelf[] = gameTypes.flatMap((gameType) =>
  gameStatuses.flatMap((status) => {
    const usual = { gameType, status, hasFreePlaces: false, opened: status !== 'draft' };
    if (status === 'enrollment_open') return [{ ...usual, hasFreePlaces: true }, usual];
    return status === 'cancelled' ? [usual, { ...usual, opened: false }] : [usual];
  }),
);

function nameOf({ gameType, status, hasFreePlaces, opened }: Shelf): string {
  const name = `${gameType}/${status}`;
  if (status === 'enrollment_open') return `${name}/${hasFreePlaces ? 'free' : 'full'}`;
  return status === 'cancelled' && !opened ? `${name}/unopened` : name;
}

/** What decides on which shelves a list looks. */
export type ShelfFilters = {
  readonly status?: GameStatus | undefined;
  readonly gameType?: GameType | undefined;
  readonly hasFreePlaces?: boolean | undefined;
};

/** The shelves of all games that fit. */
export function shelvesFor(filters: ShelfFilters): string[] {
  return shelves.filter((shelf) => fits(shelf, filters)).map(nameOf);
}

/** Those of them whose games are for everybody to see. */
export function publicShelvesFor(filters: ShelfFilters): string[] {
  return shelves
    .filter((shelf) => fits(shelf, filters) && shelf.gameType === 'public' && shelf.opened)
    .map(nameOf);
}

function fits(shelf: Shelf, { status, gameType, hasFreePlaces }: ShelfFilters): boolean {
  return (
    [undefined, shelf.status].includes(status) &&
    [undefined, shelf.gameType].includes(gameType) &&
    [undefined, shelf.hasFreePlaces].includes(hasFreePlaces)
  );
}

/** The shelf of one game. */
export function shelfOf(
  game: Pick<Game, 'gameType' | 'status' | 'maxPlayers' | 'startGapPlayers' | 'gapOpenedAt' | 'openedAt'>,
  activeMembers: number,
): string {
  const { gameType, status } = game;
  const hasFreePlaces = status === 'enrollment_open' && activeMembers < capacity(game);
  return nameOf({ gameType, status, hasFreePlaces, opened: game.openedAt !== null });
}
