import type { Caller } from '../caller.ts';
import type { Lobby } from '../context.ts';
import { openEnrollmentProblem } from '../domain/enrollment.ts';
import { engineCondition } from '../domain/game-engine.ts';
import type { Work } from '../store/database.ts';
import type { StoredGame } from '../store/games.ts';
import { type GameAtRevision, requestTransition } from './request-transition.ts';
import type { TransitionParts } from './transition.ts';

/**
 * Publishes a draft: players may apply from now on.
 * @throws Refusal `not_found`, `forbidden`, `revision_mismatch`, `invalid_state`.
 */
export function openEnrollment(
  lobby: TransitionParts & Pick<Lobby, 'catalogue' | 'minTurnIntervalMs' | 'now'>,
  caller: Caller,
  game: GameAtRevision,
): Work<StoredGame> {
  return requestTransition(lobby, caller, game, 'open_enrollment', {
    unless: (draft) =>
      openEnrollmentProblem(draft, lobby.now(), lobby.minTurnIntervalMs) ??
      engineCondition(draft, lobby.catalogue),
  });
}
