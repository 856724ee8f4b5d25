import type { Caller } from '../caller.ts';
import type { Lobby } from '../context.ts';
import { closeEnrollmentProblem } from '../domain/enrollment.ts';
import type { Work } from '../store/database.ts';
import type { StoredGame } from '../store/games.ts';
import { type GameAtRevision, requestTransition } from './request-transition.ts';
import type { TransitionParts } from './transition.ts';

/**
 * Ends enrollment by hand, as soon as the minimum of players is in; applications that are still pending are cancelled.
 * @throws Refusal `not_found`, `forbidden`, `revision_mismatch`, `invalid_state`.
 */
export function closeEnrollment(
  lobby: TransitionParts & Pick<Lobby, 'now'>,
  caller: Caller,
  game: GameAtRevision,
): Work<StoredGame> {
  return requestTransition(lobby, caller, game, 'close_enrollment', {
    unless: (open) => closeEnrollmentProblem(open, open.activeMembers),
  });
}
