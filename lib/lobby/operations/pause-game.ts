import type { Caller } from '../caller.ts';
import type { Lobby } from '../context.ts';
import { pausingProblem, repeatBounds, repeatWindows } from '../domain/repeats.ts';
import { refuseIf } from '../refusals.ts';
import type { Work } from '../store/database.ts';
import type { StoredGame } from '../store/games.ts';
import { recentPausesByOwner } from '../store/timeline.ts';
import { type GameAtRevision, requestTransition } from './request-transition.ts';
import type { TransitionParts } from './transition.ts';

/**
 * Pauses a running game: the Game Master plays no further turn until it is resumed. Owners may not do so all the time,
 * as all players are notified.
 * @throws Refusal `not_found`, `forbidden`, `revision_mismatch`, `invalid_state`, `rate_limited`.
 */
export function pauseGame(
  lobby: TransitionParts & Pick<Lobby, 'now'>,
  caller: Caller,
  game: GameAtRevision,
): Work<StoredGame> {
  const pause = requestTransition(lobby, caller, game, 'pause');
  if (caller.actor.kind === 'admin') return pause;
  return async (tx) => {
    const paused = await pause(tx);
    const at = lobby.now();
    const since = new Date(at.getTime() - repeatWindows.pausesMs);
    const limit = repeatBounds.pausesAnHour + 1;
    const [, ...earlier] = await recentPausesByOwner(tx, { gameId: game.gameId, since, limit });
    refuseIf(pausingProblem(earlier, at));
    return paused;
  };
}
