import type { UserActor } from '../../http/env.ts';
import { invalidFields } from '../../http/field-problems.ts';
import { together } from '../../postgres/together.ts';
import type { Caller } from '../caller.ts';
import type { Lobby } from '../context.ts';
import { applicantProblem, applyingProblem, fullProblem } from '../domain/admission.ts';
import { mayJoin } from '../domain/eligibility.ts';
import type { Application } from '../domain/game.ts';
import { parseRaceName } from '../domain/race-name/canonical.ts';
import { reapplyingProblem } from '../domain/repeats.ts';
import { applicationApproved, applicationSubmitted } from '../outbox/intents.ts';
import { noSuchGame, raceNameRefused, refuseIf, refuseUnless } from '../refusals.ts';
import { endedApplicationsOf, hasPendingApplication, insertApplication } from '../store/applications.ts';
import type { Work } from '../store/database.ts';
import { findGame, lockGame } from '../store/games.ts';
import { countActiveMemberships, memberStatusInGame } from '../store/memberships.ts';
import { lockUserGuard } from '../store/user-guards.ts';
import { admitPlayer } from './admit-player.ts';

/**
 * Applies to a public game under a race name. The owner of a game, public or private, is admitted at once, and so is
 * every applicant while places are free, where the game says so.
 * @throws Refusal `invalid_request` for a race name that cannot be one, `not_found`, `forbidden`, `invalid_state`,
 *   `already_member`, `already_applied`, `rate_limited`, `race_name_taken`, `game_full`, `not_eligible`,
 *   `subject_not_found`, `service_unavailable`.
 */
export async function submitApplication(
  lobby: Lobby,
  caller: Caller & { actor: UserActor },
  gameId: string,
  rawRaceName: string,
): Promise<Work<Application>> {
  const raceName = parseRaceName(rawRaceName);
  if (!raceName.ok) throw invalidFields([{ field: 'race_name', problem: raceName.message }]);
  const { userId } = caller.actor;
  // Checked before the User Service is asked; decided under the game's lock.
  const seen = await findGame(lobby.db, caller.actor, gameId);
  if (seen === undefined) throw noSuchGame();
  refuseIf(applyingProblem(seen, userId));
  const eligibility = await lobby.eligibility.lookup(userId, caller);

  return async (tx) => {
    // The guard and the game are locked before the rest is read.
    const [, game, membership, isPending, ended, activeMemberships, nameObstacle] = await together(
      tx,
      () => lockUserGuard(tx, userId),
      () => lockGame(tx, caller.actor, gameId),
      () => memberStatusInGame(tx, gameId, userId, eligibility.addressHash),
      () => hasPendingApplication(tx, gameId, userId),
      () => endedApplicationsOf(tx, gameId, userId),
      () => countActiveMemberships(tx, userId),
      // No applicant should wait for a certain refusal. The name is reserved when the player is admitted.
      () => lobby.raceNames.obstacle(tx, userId, raceName.keys),
    );
    if (game === undefined) throw noSuchGame();
    refuseIf(applyingProblem(game, userId));
    refuseIf(applicantProblem({ membership, hasPendingApplication: isPending }));
    const at = lobby.now();
    refuseIf(reapplyingProblem(ended, at));
    refuseUnless(mayJoin(eligibility, activeMemberships));
    if (nameObstacle !== undefined) throw raceNameRefused(raceName.name, nameObstacle);

    const occasion = { at, traceparent: caller.traceparent };
    const isOwner = game.ownerUserId === userId;
    const isAdmitted = isOwner || (game.autoApprove && fullProblem(game) === undefined);
    const application: Application = {
      applicationId: lobby.newId(),
      gameId,
      userId,
      raceName: raceName.name,
      status: isAdmitted ? 'approved' : 'pending',
      createdAt: at,
      decidedAt: isAdmitted ? at : null,
    };
    if (isAdmitted) {
      await insertApplication(tx, application);
      await admitPlayer(tx, lobby, game, {
        userId,
        addressHash: eligibility.addressHash,
        raceName: raceName.name,
        admittedBy: isOwner ? userId : null,
        ...occasion,
        // The owner's own application concerns no other user.
        intents: (membership) =>
          isOwner ? [] : applicationApproved(game, application, membership, occasion),
      });
    } else {
      await together(
        tx,
        () => insertApplication(tx, application),
        () => lobby.outbox.write(tx, applicationSubmitted(game, application, occasion)),
      );
    }
    return application;
  };
}
