import type { Caller } from '../caller.ts';
import type { Application } from '../domain/game.ts';
import { noSuchApplication } from '../refusals.ts';
import { findApplication } from '../store/applications.ts';
import type { Tx } from '../store/database.ts';
import { lockGame, type StoredGame } from '../store/games.ts';

/**
 * An application and its game, which is locked, so that no other request decides.
 * @throws Refusal `not_found`, also when the application is not for the caller to see.
 */
export async function lockApplication(
  tx: Tx,
  caller: Caller,
  applicationId: string,
): Promise<{ application: Application; game: StoredGame }> {
  const seen = await findApplication(tx, applicationId);
  if (seen === undefined) throw noSuchApplication();
  const game = visibleWith(caller, seen, await lockGame(tx, caller.actor, seen.gameId));
  // Read again, as another request may have decided during the wait for the lock.
  const application = await findApplication(tx, applicationId);
  if (application === undefined) throw noSuchApplication();
  return { application, game };
}

/**
 * The game of an application that the caller may see: only the applicant and those who
 * decide learn that an application exists.
 * @param game as far as the caller can see it.
 * @throws Refusal `not_found`.
 */
export function visibleWith(
  { actor }: Caller,
  application: Application,
  game: StoredGame | undefined,
): StoredGame {
  const mayBeSeen = actor.kind === 'admin' || [application.userId, game?.ownerUserId].includes(actor.userId);
  if (game === undefined || !mayBeSeen) throw noSuchApplication();
  return game;
}
