import { type Caller, managerOf } from '../caller.ts';
import type { Lobby } from '../context.ts';
import { transition } from '../domain/state-machine.ts';
import type { Runtime } from '../peers/game-master.ts';
import { noSuchGame, refuseUnless, refuseUnlessAt } from '../refusals.ts';
import type { Work } from '../store/database.ts';
import { findGame, type StoredGame } from '../store/games.ts';
import { playersOf } from '../store/memberships.ts';
import { type GameAtRevision, requestTransition } from './request-transition.ts';

/**
 * Lets a paused game run again, once the Game Master has shown that it is alive. A game that it has never taken over is
 * handed over to it first.
 * @throws Refusal `not_found`, `forbidden`, `revision_mismatch`, `invalid_state`, `service_unavailable`.
 */
export async function resumeGame(
  lobby: Lobby,
  caller: Caller,
  game: GameAtRevision,
): Promise<Work<StoredGame>> {
  // Checked before the Game Master is asked; decided under the game's lock.
  const seen = await findGame(lobby.db, caller.actor, game.gameId);
  if (seen === undefined) throw noSuchGame();
  const by = managerOf(caller, seen);
  refuseUnlessAt(seen, game.expectedRevision);
  refuseUnless(transition(seen, 'resume', by));

  await lobby.gameMaster.probe(caller);
  if (seen.registeredAt !== null) return requestTransition(lobby, caller, game, 'resume');
  await lobby.gameMaster.register(await runtimeOf(lobby, seen), caller);
  return requestTransition(lobby, caller, game, 'resume', { registeredAt: lobby.now() });
}

async function runtimeOf({ db }: Pick<Lobby, 'db'>, game: StoredGame): Promise<Runtime> {
  const { gameId, runtimeJobId, containerId, engineEndpoint, turnSchedule, timeZone } = game;
  if (runtimeJobId === null || containerId === null || engineEndpoint === null) {
    throw new Error(`Game ${gameId} is paused, but no container is bound to it.`);
  }
  const players = await playersOf(db, gameId);
  return { gameId, runtimeJobId, containerId, engineEndpoint, turnSchedule, timeZone, players };
}
