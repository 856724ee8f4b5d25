// The notification intents other than those of transitions (see operations/transition.ts): their recipients, and a
// payload that a client can show without further requests. They are written under the game's lock, in the transaction
// that decides. The subject of each identifies one occurrence, so that its idempotency key is unique.
import type { NewMessage } from '../../outbox/store.ts';
import type { EventPayload } from '../../protocol/event-types.ts';
import type { NotificationType } from '../../protocol/notification-intents.ts';
import type { Capability } from '../domain/capability.ts';
import type { Application, EndedMembership, Game, Membership } from '../domain/game.ts';
import type { Invite } from '../domain/invite.ts';
import type { HeldRaceName } from '../domain/race-name/held.ts';
import type { StoredGame } from '../store/games.ts';
import { notificationIntent, type Occasion, type Player } from './messages.ts';

type IntentGame = Pick<Game, 'gameId' | 'gameName' | 'ownerUserId'>;

/** To the owner, who decides; a game of an admin has none. */
export function applicationSubmitted(game: IntentGame, application: Application, occasion: Occasion) {
  const { applicationId } = application;
  const notice = { to: ownerOf(game), subject: applicationId, payload: aboutApplication(game, application) };
  return intent('lobby.application.submitted', game, notice, occasion);
}

/** To the applicant, who plays from now on. */
export function applicationApproved(
  game: IntentGame,
  application: Application,
  { membershipId }: Membership,
  occasion: Occasion,
) {
  const { applicationId, userId } = application;
  const payload = { ...aboutApplication(game, application), membership_id: membershipId };
  return intent(
    'lobby.application.approved',
    game,
    { to: [userId], subject: applicationId, payload },
    occasion,
  );
}

/** To the applicant. */
export function applicationRejected(game: IntentGame, application: Application, occasion: Occasion) {
  const { applicationId, userId } = application;
  const notice = { to: [userId], subject: applicationId, payload: aboutApplication(game, application) };
  return intent('lobby.application.rejected', game, notice, occasion);
}

/** To the invited user; a code has no recipient. */
export function inviteCreated(game: IntentGame, invite: Invite, occasion: Occasion) {
  return aboutInvite('lobby.invite.created', game, invite, occasion);
}

/** To the invited user, whose invite was taken back. */
export function inviteRevoked(game: IntentGame, invite: Invite, occasion: Occasion) {
  return aboutInvite('lobby.invite.revoked', game, invite, occasion);
}

/** To the owner. */
export function inviteDeclined(game: IntentGame, invite: Invite, occasion: Occasion) {
  return aboutInvite('lobby.invite.declined', game, invite, occasion);
}

/** To the owner. A code may be redeemed several times, so the membership is the occurrence. */
export function inviteRedeemed(
  game: IntentGame,
  { inviteId }: Invite,
  membership: Membership,
  occasion: Occasion,
) {
  const { membershipId } = membership;
  const payload = { ...aboutMembership(game, membership), invite_id: inviteId };
  return intent(
    'lobby.invite.redeemed',
    game,
    { to: ownerOf(game), subject: membershipId, payload },
    occasion,
  );
}

/** To all whose invites ended with enrollment; one intent, as an owner may have invited many. */
export function invitesExpired(
  game: IntentGame & Pick<Game, 'revision'>,
  invited: readonly string[],
  occasion: Occasion,
) {
  const notice = { to: invited, subject: `${game.gameId}:${game.revision}`, payload: aboutGame(game) };
  return intent('lobby.invite.expired', game, notice, occasion);
}

/** To the owner: the deadline has passed with too few players. @param cancelsAt when the game is cancelled if none come. */
export function enrollmentUnderfilled(
  game: IntentGame & Pick<StoredGame, 'enrollmentEndsAt' | 'minPlayers' | 'activeMembers'>,
  cancelsAt: Date,
  occasion: Occasion,
) {
  const { gameId, enrollmentEndsAt, minPlayers, activeMembers } = game;
  const payload = {
    ...aboutGame(game),
    enrollment_ends_at: enrollmentEndsAt.toISOString(),
    min_players: minPlayers,
    active_members: activeMembers,
    cancels_at: cancelsAt.toISOString(),
  };
  const notice = { to: ownerOf(game), subject: `${gameId}:${enrollmentEndsAt.getTime()}`, payload };
  return intent('lobby.enrollment.underfilled', game, notice, occasion);
}

/** To the member who was put out of the game. */
export function memberRemoved(game: IntentGame, membership: Membership, occasion: Occasion) {
  return intent('lobby.membership.removed', game, toMember(game, membership), occasion);
}

/** To the user who was put out of the game permanently. */
export function memberBlocked(game: IntentGame, membership: Membership, occasion: Occasion) {
  return intent('lobby.membership.blocked', game, aboutBlock(game, membership, occasion), occasion);
}

/** To the user who may join the game again. */
export function memberUnblocked(game: IntentGame, membership: Membership, occasion: Occasion) {
  return intent('lobby.membership.unblocked', game, aboutBlock(game, membership, occasion), occasion);
}

/**
 * To the owner and the players who remain: one of them has gone, for whatever reason. Not to that user, who did it, or
 * hears of it in another way.
 */
export function memberGone(
  game: IntentGame,
  membership: EndedMembership,
  remaining: readonly Player[],
  occasion: Occasion,
) {
  const others = [...ownerOf(game), ...remaining.map(({ userId }) => userId)];
  const { seat, status } = membership;
  const payload = { ...aboutMembership(game, membership), seat, status };
  const to = others.filter((userId) => userId !== membership.userId);
  return intent('lobby.membership.left', game, { to, subject: membership.membershipId, payload }, occasion);
}

/** To a member who did well in a game that is over. */
export function registrationAllowed(
  game: IntentGame,
  { userId, raceName }: Pick<Player, 'userId' | 'raceName'>,
  until: Date,
  occasion: Occasion,
) {
  const payload = { ...aboutGame(game), race_name: raceName, register_until: until.toISOString() };
  return intent(
    'lobby.race_name.registration_eligible',
    game,
    { to: [userId], subject: `${game.gameId}:${userId}`, payload },
    occasion,
  );
}

/** To a member who did not do well in a game that is over. */
export function registrationDenied(
  game: IntentGame,
  { userId, raceName }: Pick<Player, 'userId' | 'raceName'>,
  reason: Exclude<Capability, 'capable'>,
  occasion: Occasion,
) {
  const payload = { ...aboutGame(game), race_name: raceName, reason };
  return intent(
    'lobby.race_name.registration_denied',
    game,
    { to: [userId], subject: `${game.gameId}:${userId}`, payload },
    occasion,
  );
}

/** To the player, who now has the name permanently. */
export function raceNameRegistered(game: IntentGame, held: HeldRaceName, occasion: Occasion) {
  const payload = { ...aboutRaceName(game, held), registered_at: occasion.at.toISOString() };
  return intent('lobby.race_name.registered', game, toHolder(held, payload), occasion);
}

/** To the player, who did not register it in time. */
export function raceNameExpired(game: IntentGame, held: HeldRaceName, occasion: Occasion) {
  const { raceNameId, registerUntil } = held;
  if (registerUntil === null) throw new Error(`Race name ${raceNameId} was not to be registered.`);
  const payload = { ...aboutRaceName(game, held), register_until: registerUntil.toISOString() };
  return intent('lobby.race_name.expired', game, toHolder(held, payload), occasion);
}

/** So many fit into an event; the game itself has all. */
const placementsInEvent = 100;

/** How a game ended, for the notification of its end: the best placements. */
export function resultOf({ result }: Pick<Game, 'result'>): EventPayload<'lobby.game.finished'>['result'] {
  if (result === null) return null;
  const placements = result.placements.slice(0, placementsInEvent);
  return {
    kind: result.kind,
    placements: placements.map(({ userId, raceName, ...placement }) => ({
      ...placement,
      user_id: userId,
      race_name: raceName,
    })),
  };
}

type Notice<Payload> = {
  readonly to: readonly string[];
  readonly subject: string;
  readonly payload: Payload;
};

function intent<T extends NotificationType>(
  type: T,
  { gameId }: IntentGame,
  { to, subject, payload }: Notice<EventPayload<T>>,
  occasion: Occasion,
): NewMessage[] {
  return notificationIntent({ type, gameId, recipients: to, subject, payload }, occasion);
}

function ownerOf({ ownerUserId }: IntentGame): readonly string[] {
  return ownerUserId === null ? [] : [ownerUserId];
}

function aboutInvite(
  type: 'lobby.invite.created' | 'lobby.invite.revoked' | 'lobby.invite.declined',
  game: IntentGame,
  { inviteId, userId }: Invite,
  occasion: Occasion,
): NewMessage[] {
  if (userId === null) return [];
  const to = type === 'lobby.invite.declined' ? ownerOf(game) : [userId];
  const payload = { ...aboutGame(game), invite_id: inviteId, user_id: userId };
  return intent(type, game, { to, subject: inviteId, payload }, occasion);
}

function toMember(game: IntentGame, membership: Membership) {
  const { userId, membershipId } = membership;
  return { to: [userId], subject: membershipId, payload: aboutMembership(game, membership) };
}

/** A block can be undone and made again. */
function aboutBlock(game: IntentGame, membership: Membership, { at }: Occasion) {
  const notice = toMember(game, membership);
  return { ...notice, subject: `${notice.subject}:${at.getTime()}` };
}

function toHolder<Payload>({ userId, raceNameId }: HeldRaceName, payload: Payload): Notice<Payload> {
  return { to: [userId], subject: raceNameId, payload };
}

/** What every payload begins with. */
export function aboutGame({ gameId, gameName }: Pick<Game, 'gameId' | 'gameName'>) {
  return { game_id: gameId, game_name: gameName };
}

function aboutRaceName(game: IntentGame, { raceNameId, name }: HeldRaceName) {
  return { ...aboutGame(game), race_name_id: raceNameId, race_name: name };
}

function aboutApplication(game: IntentGame, { applicationId, userId, raceName }: Application) {
  return { ...aboutGame(game), application_id: applicationId, user_id: userId, race_name: raceName };
}

function aboutMembership(game: IntentGame, { membershipId, userId, raceName }: Membership) {
  return { ...aboutGame(game), membership_id: membershipId, user_id: userId, race_name: raceName };
}
