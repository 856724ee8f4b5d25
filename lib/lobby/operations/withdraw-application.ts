import { Refusal } from '../../errors/table.ts';
import type { UserActor } from '../../http/env.ts';
import type { Caller } from '../caller.ts';
import type { Lobby } from '../context.ts';
import { notPendingProblem } from '../domain/admission.ts';
import type { Application } from '../domain/game.ts';
import { refuseIf } from '../refusals.ts';
import { decideApplication } from '../store/applications.ts';
import type { Work } from '../store/database.ts';
import { lockApplication } from './lock-application.ts';

/**
 * Takes one's own application back; another one may be sent later.
 * @throws Refusal `not_found`, `forbidden`, `invalid_state`.
 */
export function withdrawApplication(
  { now }: Pick<Lobby, 'now'>,
  caller: Caller & { actor: UserActor },
  applicationId: string,
): Work<Application> {
  return async (tx) => {
    const { application } = await lockApplication(tx, caller, applicationId);
    if (application.userId !== caller.actor.userId) {
      throw new Refusal('forbidden', 'Only the applicant can withdraw an application; reject it instead.');
    }
    refuseIf(notPendingProblem(application, 'withdrawn'));
    return decideApplication(tx, applicationId, 'withdrawn', now());
  };
}
