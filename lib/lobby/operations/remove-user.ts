// Takes everything from a user who was blocked permanently, or whose account is gone: owned games are cancelled,
// memberships blocked, applications and invites cancelled, race names released, whatever other rules say.
//
// The user's guard is marked first, in a transaction of its own: it waits for what is being granted at that moment, and
// afterwards nothing more is granted. The rest goes game by game, each in a transaction under the game's lock, so that
// no lock is held for long. A repeat, also after a crash, has no further effect.
import type { Lobby } from '../context.ts';
import { leavesSeat, overProblem } from '../domain/leaving.ts';
import { memberGone } from '../outbox/intents.ts';
import type { Occasion } from '../outbox/messages.ts';
import { endPendingApplicationOf } from '../store/applications.ts';
import { blockAddressOf } from '../store/blocked-addresses.ts';
import type { Tx, Work } from '../store/database.ts';
import { lockAnyGame } from '../store/games.ts';
import { endPendingInvites } from '../store/invites.ts';
import { findActiveMembership } from '../store/memberships.ts';
import { isUserGone, markUserGone } from '../store/user-guards.ts';
import { listGamesInvolving, listGamesToCancel } from '../store/user-removal.ts';
import { endMembership } from './end-membership.ts';
import { applyTransition, type TransitionParts } from './transition.ts';

const gamesAtOnce = 100;

type Parts = TransitionParts & Pick<Lobby, 'db' | 'now'>;

/**
 * @param user.reason for the timelines of the games that they owned, or were the last to play.
 * @param transaction runs one of the steps.
 */
export async function removeUser(
  lobby: Parts,
  user: {
    userId: string;
    reason: string;
    /** Of the address that a deleted account had. */
    addressHash: string | undefined;
    traceparent: string | undefined;
  },
  transaction: (work: Work<void>) => Promise<void>,
): Promise<void> {
  const { userId } = user;
  const markGone = (tx: Tx) => markUserGone(tx, userId, lobby.now());
  await transaction(async (tx) => {
    // Only the first time: later on, memberships are blocked because the account is gone.
    if (user.addressHash !== undefined && !(await isUserGone(tx, userId))) {
      await blockAddressOf(tx, userId, user.addressHash);
    }
    await markGone(tx);
  });
  const inEach = async (
    list: typeof listGamesToCancel,
    step: (tx: Tx, gameId: string, occasion: Occasion) => Promise<void>,
  ) => {
    for (;;) {
      const gameIds = await list(lobby.db, userId, gamesAtOnce);
      if (gameIds.length === 0) return;
      for (const gameId of gameIds) {
        const { traceparent } = user;
        await transaction((tx) => step(tx, gameId, { at: lobby.now(), traceparent }));
        lobby.outbox.publishSoon([gameId]);
      }
    }
  };
  await inEach(listGamesToCancel, (tx, gameId, occasion) => cancelOwned(tx, lobby, gameId, user, occasion));
  await inEach(listGamesInvolving, (tx, gameId, occasion) => removeFrom(tx, lobby, gameId, user, occasion));
  await transaction(async (tx) => {
    await markGone(tx);
    await lobby.raceNames.releaseUser(tx, userId);
  });
}

async function cancelOwned(
  tx: Tx,
  lobby: Parts,
  gameId: string,
  { reason }: { reason: string },
  occasion: Occasion,
): Promise<void> {
  const game = await lockAnyGame(tx, gameId);
  // It may have ended during the wait for the lock.
  if (game === undefined || overProblem(game) !== undefined) return;
  await applyTransition(tx, lobby, game, {
    trigger: 'external_block',
    by: 'lifecycle_event',
    actorId: null,
    reason,
    ...occasion,
  });
}

async function removeFrom(
  tx: Tx,
  lobby: Parts,
  gameId: string,
  { userId, reason }: { userId: string; reason: string },
  occasion: Occasion,
): Promise<void> {
  const game = await lockAnyGame(tx, gameId);
  if (game === undefined) return;
  await endPendingApplicationOf(tx, { gameId, userId }, 'cancelled', occasion.at);
  await endPendingInvites(tx, { gameId, userId }, 'cancelled', occasion.at);
  const membership = await findActiveMembership(tx, gameId, userId);
  if (membership === undefined || overProblem(game) !== undefined) return;
  await endMembership(tx, lobby, game, membership, {
    status: 'blocked',
    by: null,
    reason,
    // Of a game that has started everybody in it hears anyway.
    intents: (blocked) => (leavesSeat(game) ? [] : memberGone(game, blocked, [], occasion)),
    ...occasion,
  });
}
