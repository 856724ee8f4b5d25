import { invalidFields } from '../../http/field-problems.ts';
import type { Caller } from '../caller.ts';
import type { Lobby } from '../context.ts';
import { reopenEnrollmentProblem } from '../domain/enrollment.ts';
import { deadlineProblem } from '../domain/game.ts';
import type { Work } from '../store/database.ts';
import type { StoredGame } from '../store/games.ts';
import { type GameAtRevision, requestTransition } from './request-transition.ts';
import type { TransitionParts } from './transition.ts';

/**
 * Takes players again for a game that was to be started; those who are in stay.
 * @param until the new deadline; unless given, that of the game, if it lies ahead.
 * @throws Refusal `invalid_request`, `not_found`, `forbidden`, `revision_mismatch`, `invalid_state`, `game_full`.
 */
export function reopenEnrollment(
  lobby: TransitionParts & Pick<Lobby, 'now'>,
  caller: Caller,
  game: GameAtRevision,
  until: Date | undefined,
): Work<StoredGame> {
  const problem = until && deadlineProblem(until, lobby.now());
  if (problem !== undefined) throw invalidFields([{ field: 'enrollment_ends_at', problem }]);
  return requestTransition(lobby, caller, game, 'reopen_enrollment', {
    enrollmentEndsAt: until,
    unless: (closed) =>
      reopenEnrollmentProblem(
        { ...closed, enrollmentEndsAt: until ?? closed.enrollmentEndsAt },
        closed.activeMembers,
        lobby.now(),
      ),
  });
}
