import { recordAct } from '../../audit/audit.ts';
import { together } from '../../postgres/together.ts';
import { actorId, type Caller, managerOf } from '../caller.ts';
import type { Lobby } from '../context.ts';
import { approvalProblem } from '../domain/admission.ts';
import { mayJoin } from '../domain/eligibility.ts';
import type { Application } from '../domain/game.ts';
import { applicationApproved } from '../outbox/intents.ts';
import { noSuchApplication, refuseIf, refuseUnless } from '../refusals.ts';
import { decideApplication, findApplication } from '../store/applications.ts';
import type { Work } from '../store/database.ts';
import { findGame, lockGame, type StoredGame } from '../store/games.ts';
import { countActiveMemberships } from '../store/memberships.ts';
import { auditEntries } from '../store/schema.ts';
import { lockUserGuard } from '../store/user-guards.ts';
import { admitPlayer } from './admit-player.ts';
import { visibleWith } from './lock-application.ts';

/**
 * Lets an applicant in, and ends enrollment when that exhausts the gap. Asks the User Service about the applicant again
 * and checks everything else again: what was true when they applied may have changed.
 * @throws Refusal `not_found`, `forbidden`, `invalid_state`, `game_full`, `race_name_taken`, `not_eligible`,
 *   `subject_not_found`, `service_unavailable`.
 */
export async function approveApplication(
  lobby: Lobby,
  caller: Caller,
  applicationId: string,
): Promise<Work<Application>> {
  // Checked before the User Service is asked; decided under the locks.
  const seen = await findApplication(lobby.db, applicationId);
  if (seen === undefined) throw noSuchApplication();
  const { gameId, userId } = seen;
  approvable(caller, seen, await findGame(lobby.db, caller.actor, gameId));
  const eligibility = await lobby.eligibility.lookup(userId, caller);

  return async (tx) => {
    // The guard and the game are locked before the rest is read.
    const [, locked, application, activeMemberships] = await together(
      tx,
      () => lockUserGuard(tx, userId),
      () => lockGame(tx, caller.actor, gameId),
      () => findApplication(tx, applicationId),
      () => countActiveMemberships(tx, userId),
    );
    if (application === undefined) throw noSuchApplication();
    const game = approvable(caller, application, locked);
    refuseUnless(mayJoin(eligibility, activeMemberships));

    const occasion = { at: lobby.now(), traceparent: caller.traceparent };
    const approved = await decideApplication(tx, applicationId, 'approved', occasion.at);
    await admitPlayer(tx, lobby, game, {
      userId,
      addressHash: eligibility.addressHash,
      raceName: application.raceName,
      admittedBy: actorId(caller),
      ...occasion,
      intents: (membership) => applicationApproved(game, approved, membership, occasion),
    });
    await recordAct(tx, auditEntries, caller, {
      action: 'application.approve',
      subject: { kind: 'application', id: applicationId },
      before: { status: application.status },
      after: { status: approved.status, game_id: gameId },
    });
    return approved;
  };
}

/** The game of an application that the caller can approve now; refuses otherwise. */
function approvable(caller: Caller, application: Application, found: StoredGame | undefined): StoredGame {
  const game = visibleWith(caller, application, found);
  managerOf(caller, game);
  refuseIf(approvalProblem(application, game));
  return game;
}
