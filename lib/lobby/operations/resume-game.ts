import { type Caller, managerOf } from '../caller.ts';
import type { Lobby } from '../context.ts';
import { transition } from '../domain/state-machine.ts';
import { noSuchGame, refuseUnless, refuseUnlessAt } from '../refusals.ts';
import type { Work } from '../store/database.ts';
import { findGame, type StoredGame } from '../store/games.ts';
import { type GameAtRevision, requestTransition } from './request-transition.ts';
import { runtimeOf } from './runtime-of.ts';

/**
 * Lets a paused game run again, once the Game Master has shown that it is alive and has been told where the game runs
 * now: it may never have taken the game over, or not know of an engine that was restarted.
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
  const { gameId, containerId, engineEndpoint } = seen;
  if (containerId === null || engineEndpoint === null) {
    throw new Error(`Game ${gameId} is paused, but no container is bound to it.`);
  }
  await lobby.gameMaster.register(await runtimeOf(lobby.db, seen, { containerId, engineEndpoint }), caller);
  return requestTransition(lobby, caller, game, 'resume', {
    registeredAt: lobby.now(),
    // Otherwise the Game Master might have been told last where the engine no longer is, or of settings of before.
    unless: (now) =>
      now.containerId === containerId &&
      now.engineEndpoint === engineEndpoint &&
      now.revision === seen.revision
        ? undefined
        : {
            code: 'service_unavailable',
            message:
              'The game has just been changed, or its engine restarted; nothing was changed. Try again.',
          },
  });
}
