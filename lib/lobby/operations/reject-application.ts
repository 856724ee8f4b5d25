import { type Caller, managerOf } from '../caller.ts';
import type { Lobby } from '../context.ts';
import { notPendingProblem } from '../domain/admission.ts';
import type { Application } from '../domain/game.ts';
import { refuseIf } from '../refusals.ts';
import { decideApplication } from '../store/applications.ts';
import type { Work } from '../store/database.ts';
import { lockApplication } from './lock-application.ts';

/**
 * Turns an applicant down, who may apply again.
 * @throws Refusal `not_found`, `forbidden`, `invalid_state`.
 */
export function rejectApplication(
  { now }: Pick<Lobby, 'now'>,
  caller: Caller,
  applicationId: string,
): Work<Application> {
  return async (tx) => {
    const { application, game } = await lockApplication(tx, caller, applicationId);
    managerOf(caller, game);
    refuseIf(notPendingProblem(application, 'rejected'));
    return decideApplication(tx, applicationId, 'rejected', now());
  };
}
