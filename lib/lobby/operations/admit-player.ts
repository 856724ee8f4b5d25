import { nameKeys } from '../../names/keys.ts';
import type { NewMessage } from '../../outbox/store.ts';
import { together } from '../../postgres/together.ts';
import { fullProblem, notEnrolling, rejoiningProblem } from '../domain/admission.ts';
import { dueClosing, gapAfterMembershipChange } from '../domain/enrollment.ts';
import type { Membership } from '../domain/game.ts';
import { raceNameRefused, refuseIf } from '../refusals.ts';
import type { Tx } from '../store/database.ts';
import { type StoredGame, saveMemberCount } from '../store/games.ts';
import { insertMembership, memberStatusInGame } from '../store/memberships.ts';
import { applyTransition, type TransitionParts } from './transition.ts';

/**
 * Makes a user a member: takes a place and the race name, opens the gap when the game is full, and ends enrollment when
 * the gap is exhausted by that. The transaction has locked the user's guard, then the game.
 * @param admission `admittedBy` is the user or admin who let the player in, for the timeline; `intents` are written
 *   before those of the end of enrollment.
 * @throws Refusal `forbidden` for a user who is blocked from the game, `already_member`, `game_full`, `invalid_state`
 *   for a game that does not enroll, `race_name_taken`.
 */
export async function admitPlayer(
  tx: Tx,
  lobby: TransitionParts,
  game: StoredGame,
  admission: {
    userId: string;
    /** Of the user's e-mail address. */
    addressHash: string | undefined;
    raceName: string;
    admittedBy: string | null;
    at: Date;
    traceparent: string | undefined;
    intents: (membership: Membership) => NewMessage[];
  },
): Promise<Membership> {
  const { userId, addressHash, raceName, admittedBy, at, traceparent } = admission;
  const { gameId } = game;
  refuseIf(
    rejoiningProblem(await memberStatusInGame(tx, gameId, userId, addressHash)) ??
      fullProblem(game) ??
      notEnrolling(game),
  );
  const reserved = await lobby.raceNames.reserve(tx, {
    raceNameId: lobby.newId(),
    userId,
    gameId,
    name: raceName,
    keys: nameKeys(raceName),
    at,
  });
  if (reserved !== 'reserved') throw raceNameRefused(raceName, reserved);
  const membership: Membership = {
    membershipId: lobby.newId(),
    gameId,
    userId,
    raceName,
    status: 'active',
    seat: null,
    joinedAt: at,
    endedAt: null,
  };
  const activeMembers = game.activeMembers + 1;
  const gapOpenedAt = gapAfterMembershipChange(game, activeMembers, at);
  const [, , filled] = await together(
    tx,
    () => insertMembership(tx, membership),
    () => lobby.outbox.write(tx, admission.intents(membership)),
    () => saveMemberCount(tx, game, { activeMembers, gapOpenedAt }, at),
  );
  if (dueClosing(filled, activeMembers, at) !== 'gap') return membership;
  await applyTransition(tx, lobby, filled, {
    trigger: 'gap',
    by: 'approval',
    actorId: admittedBy,
    at,
    traceparent,
  });
  return membership;
}
