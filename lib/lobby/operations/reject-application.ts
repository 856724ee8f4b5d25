import { recordAct } from '../../audit/audit.ts';
import { type Caller, managerOf } from '../caller.ts';
import type { Lobby } from '../context.ts';
import { notPendingProblem } from '../domain/admission.ts';
import type { Application } from '../domain/game.ts';
import { applicationRejected } from '../outbox/intents.ts';
import { refuseIf } from '../refusals.ts';
import { decideApplication } from '../store/applications.ts';
import type { Work } from '../store/database.ts';
import { auditEntries } from '../store/schema.ts';
import { lockApplication } from './lock-application.ts';

/**
 * Turns an applicant down, who may apply again.
 * @throws Refusal `not_found`, `forbidden`, `invalid_state`.
 */
export function rejectApplication(
  { now, outbox }: Pick<Lobby, 'now' | 'outbox'>,
  caller: Caller,
  applicationId: string,
): Work<Application> {
  return async (tx) => {
    const { application, game } = await lockApplication(tx, caller, applicationId);
    managerOf(caller, game);
    refuseIf(notPendingProblem(application, 'rejected'));
    const at = now();
    const rejected = await decideApplication(tx, applicationId, 'rejected', at);
    await outbox.write(tx, applicationRejected(game, rejected, { at, traceparent: caller.traceparent }));
    await recordAct(tx, auditEntries, caller, {
      action: 'application.reject',
      subject: { kind: 'application', id: applicationId },
      before: { status: application.status },
      after: { status: rejected.status, game_id: game.gameId },
    });
    return rejected;
  };
}
