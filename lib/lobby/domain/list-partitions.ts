// The partitions in which lists find games. Each game is in one partition, by its type and status; games that enroll
// are divided by whether they have free places, and cancelled ones by whether they were ever opened. So filters select
// a few partitions, and indexes hold every partition in the order of each list: a page is read from the beginnings of
// some partitions, however many games there are. `listPartition` in lib/lobby/store/schema.ts is the same rule in SQL.
import { capacity } from './enrollment.ts';
import { type Game, type GameStatus, type GameType, gameStatuses, gameTypes } from './game.ts';

type ListPartition = {
  readonly gameType: GameType;
  readonly status: GameStatus;
  readonly hasFreePlaces: boolean;
  /** Whether its games were opened: if not, they are for their owners and admins alone. */
  readonly opened: boolean;
};

const partitions: readonly ListPartition[] = gameTypes.flatMap((gameType) =>
  gameStatuses.flatMap((status) => {
    const usual = { gameType, status, hasFreePlaces: false, opened: status !== 'draft' };
    if (status === 'enrollment_open') return [{ ...usual, hasFreePlaces: true }, usual];
    return status === 'cancelled' ? [usual, { ...usual, opened: false }] : [usual];
  }),
);

function nameOf({ gameType, status, hasFreePlaces, opened }: ListPartition): string {
  const name = `${gameType}/${status}`;
  if (status === 'enrollment_open') return `${name}/${hasFreePlaces ? 'free' : 'full'}`;
  return status === 'cancelled' && !opened ? `${name}/unopened` : name;
}

/** The filters that select partitions. */
export type PartitionFilters = {
  readonly status?: GameStatus | undefined;
  readonly gameType?: GameType | undefined;
  readonly hasFreePlaces?: boolean | undefined;
};

/** What of these partitions a search reads: cancelled games, and others' drafts, only when their status is given. */
export function searchablePartitions(of: readonly string[], isAdmin: boolean): string[] {
  const left = partitions.filter(({ status }) => status === 'cancelled' || (isAdmin && status === 'draft'));
  const leftOut = new Set(left.map(nameOf));
  return of.filter((partition) => !leftOut.has(partition));
}

/** The partitions of all games that match. */
export function partitionsFor(filters: PartitionFilters): string[] {
  return partitions.filter((partition) => fits(partition, filters)).map(nameOf);
}

/** Those of them whose games all users may see. */
export function publicPartitionsFor(filters: PartitionFilters): string[] {
  return partitions
    .filter((partition) => fits(partition, filters) && partition.gameType === 'public' && partition.opened)
    .map(nameOf);
}

function fits(partition: ListPartition, { status, gameType, hasFreePlaces }: PartitionFilters): boolean {
  return (
    [undefined, partition.status].includes(status) &&
    [undefined, partition.gameType].includes(gameType) &&
    [undefined, partition.hasFreePlaces].includes(hasFreePlaces)
  );
}

/** The partition of one game. */
export function partitionOf(
  game: Pick<Game, 'gameType' | 'status' | 'maxPlayers' | 'startGapPlayers' | 'gapOpenedAt' | 'openedAt'>,
  activeMembers: number,
): string {
  const { gameType, status } = game;
  const hasFreePlaces = status === 'enrollment_open' && activeMembers < capacity(game);
  return nameOf({ gameType, status, hasFreePlaces, opened: game.openedAt !== null });
}
