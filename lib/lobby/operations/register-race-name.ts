import type { UserActor } from '../../http/env.ts';
import type { Caller } from '../caller.ts';
import type { Lobby } from '../context.ts';
import { mayRegister } from '../domain/eligibility.ts';
import type { HeldRaceName } from '../domain/race-name/held.ts';
import { registrationProblem } from '../domain/race-name/registration.ts';
import { raceNameRegistered } from '../outbox/intents.ts';
import { noSuchRaceName, refuseIf, refuseUnless } from '../refusals.ts';
import type { Work } from '../store/database.ts';
import { lockAnyGame } from '../store/games.ts';
import { lockUserGuard } from '../store/user-guards.ts';

/**
 * Registers a race name that the user earned in a game, permanently.
 * @throws Refusal `not_found`, `invalid_state`, `not_eligible`, `subject_not_found`, `service_unavailable`.
 */
export async function registerRaceName(
  lobby: Pick<Lobby, 'db' | 'eligibility' | 'raceNames' | 'outbox' | 'now'>,
  caller: Caller & { actor: UserActor },
  raceNameId: string,
): Promise<Work<HeldRaceName>> {
  const { raceNames } = lobby;
  const { userId } = caller.actor;
  // Checked before the User Service is asked; decided under the locks.
  const seen = await raceNames.find(lobby.db, userId, raceNameId);
  if (seen === undefined) throw noSuchRaceName();
  refuseIf(registrationProblem(seen, await raceNames.listRegistered(lobby.db, userId), lobby.now()));
  const eligibility = await lobby.eligibility.lookup(userId, caller);

  return async (tx) => {
    // Two names of one user are registered one after the other, each counting those before it.
    await lockUserGuard(tx, userId);
    const game = await lockAnyGame(tx, seen.gameId);
    if (game === undefined) throw new Error(`Game ${seen.gameId} does not exist, but its race names do.`);
    const held = await raceNames.lock(tx, userId, raceNameId);
    if (held === undefined) throw noSuchRaceName();
    const registered = await raceNames.listRegistered(tx, userId);
    const at = lobby.now();
    refuseIf(registrationProblem(held, registered, at));
    refuseUnless(mayRegister(eligibility, registered.length));
    const registeredName = await raceNames.register(tx, raceNameId, at);
    await lobby.outbox.write(
      tx,
      raceNameRegistered(game, registeredName, { at, traceparent: caller.traceparent }),
    );
    return registeredName;
  };
}
