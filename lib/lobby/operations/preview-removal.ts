// What remove-user.ts would do to a user now. It finds that by the same conditions, and decides by the same state table and
// the same rules about what a departure does to a game.
import type { Lobby } from '../context.ts';
import { departureTrigger } from '../domain/leaving.ts';
import type { HeldRaceName } from '../domain/race-name/held.ts';
import { type Effect, transition } from '../domain/state-machine.ts';
import type { StoredGame } from '../store/games.ts';
import { isUserGone } from '../store/user-guards.ts';
import { countPending, gamesToCancel, membershipsToEnd } from '../store/user-removal.ts';

/** Of each kind; a user has few. */
const mostListed = 500;

export type RemovalPreview = {
  /** Whether the user was removed before: nothing is granted to them any more. */
  readonly isGone: boolean;
  readonly gamesCancelled: readonly { readonly game: StoredGame; readonly why: 'owned' | 'last_member' }[];
  /** Games that enroll again, since too few members remain to start them. */
  readonly gamesReopened: readonly StoredGame[];
  readonly membershipsEnded: readonly {
    readonly membershipId: string;
    readonly raceName: string;
    readonly game: StoredGame;
  }[];
  readonly applicationsCancelled: number;
  readonly invitesCancelled: number;
  /** Of the user, and of other players in games that are cancelled. */
  readonly raceNamesReleased: readonly HeldRaceName[];
  /** Whether the lists have everything. */
  readonly isComplete: boolean;
};

/** Reads one state of the database, and changes nothing. */
export function previewRemoval(
  { db, raceNames }: Pick<Lobby, 'db' | 'raceNames'>,
  userId: string,
): Promise<RemovalPreview> {
  return db.transaction(
    async (tx) => {
      const isGone = await isUserGone(tx, userId);
      const owned = await gamesToCancel(tx, userId, mostListed + 1);
      const played = (await membershipsToEnd(tx, userId, mostListed + 1)).filter(
        // What a user owns is cancelled first, and its memberships stay as they are.
        ({ game }) => game.ownerUserId !== userId,
      );
      const departures = played.map(({ game }) => ({
        game,
        trigger: departureTrigger(game, game.activeMembers - 1),
      }));
      const gamesCancelled: Cancelled[] = [
        ...owned.map((game) => ({ game, why: 'owned' as const })),
        ...departures.flatMap(({ game, trigger }) =>
          trigger === 'abandoned' ? [{ game, why: 'last_member' as const }] : [],
        ),
      ];
      const pending = await countPending(tx, userId, idsWith('cancel_pending', gamesCancelled));
      const gameIds = idsWith('release_names', gamesCancelled);
      const released = await raceNames.listReleasedWith(tx, { userId, gameIds }, mostListed + 1);
      return {
        isGone,
        gamesCancelled,
        gamesReopened: departures.flatMap(({ game, trigger }) =>
          trigger === 'reopen_enrollment' ? [game] : [],
        ),
        membershipsEnded: played.map(({ membership, game }) => ({ ...membership, game })),
        applicationsCancelled: pending.applications,
        invitesCancelled: pending.invites,
        raceNamesReleased: released,
        isComplete: [owned, played, released].every(({ length }) => length <= mostListed),
      };
    },
    { isolationLevel: 'repeatable read', accessMode: 'read only' },
  );
}

type Cancelled = RemovalPreview['gamesCancelled'][number];

/** The games whose cancellation has this effect. */
function idsWith(effect: Effect, cancelled: readonly Cancelled[]): string[] {
  return cancelled.flatMap(({ game, why }) => {
    const decided =
      why === 'owned'
        ? transition(game, 'external_block', 'lifecycle_event')
        : transition(game, 'abandoned', 'departure');
    return decided.ok && decided.effects.includes(effect) ? [game.gameId] : [];
  });
}
