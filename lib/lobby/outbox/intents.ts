// What users are told of beside the moves of their games (those are in operations/transition.ts): who hears of what,
// and what a client needs to show it without asking. Whoever writes these holds the game's lock, in the transaction
// that decides. The subject of each names one occurrence, so that its idempotency key never comes twice.
import type { NewMessage } from '../../outbox/store.ts';
import type { Capability } from '../domain/capability.ts';
import type { Application, Game, Membership } from '../domain/game.ts';
import type { Invite } from '../domain/invite.ts';
import type { HeldRaceName } from '../domain/race-name/held.ts';
import type { StoredGame } from '../store/games.ts';
import { type NotificationIntent, notificationIntent, type Occasion, type Player } from './messages.ts';

type ToldGame = Pick<Game, 'gameId' | 'gameName' | 'ownerUserId'>;

/** To the owner, who decides; a game of an admin has none. */
export function applicationSubmitted(game: ToldGame, application: Application, occasion: Occasion) {
  const { applicationId } = application;
  const told = { to: ownerOf(game), subject: applicationId, about: aboutApplication(application) };
  return intent('lobby.application.submitted', game, told, occasion);
}

/** To the applicant, who plays from now on. */
export function applicationApproved(
  game: ToldGame,
  application: Application,
  { membershipId }: Membership,
  occasion: Occasion,
) {
  const { applicationId, userId } = application;
  const about = { ...aboutApplication(application), membership_id: membershipId };
  return intent(
    'lobby.application.approved',
    game,
    { to: [userId], subject: applicationId, about },
    occasion,
  );
}

/** To the applicant. */
export function applicationRejected(game: ToldGame, application: Application, occasion: Occasion) {
  const { applicationId, userId } = application;
  const told = { to: [userId], subject: applicationId, about: aboutApplication(application) };
  return intent('lobby.application.rejected', game, told, occasion);
}

/** To the invited user; a code is for nobody in particular. */
export function inviteCreated(game: ToldGame, invite: Invite, occasion: Occasion) {
  return intent('lobby.invite.created', game, toInvited(invite), occasion);
}

/** To the invited user, whose invite was taken back. */
export function inviteRevoked(game: ToldGame, invite: Invite, occasion: Occasion) {
  return intent('lobby.invite.revoked', game, toInvited(invite), occasion);
}

/** To the owner. */
export function inviteDeclined(game: ToldGame, invite: Invite, occasion: Occasion) {
  return intent('lobby.invite.declined', game, { ...toInvited(invite), to: ownerOf(game) }, occasion);
}

/** To the owner: somebody plays now. A code is redeemed several times, so the membership is the occurrence. */
export function inviteRedeemed(
  game: ToldGame,
  { inviteId }: Invite,
  membership: Membership,
  occasion: Occasion,
) {
  const { membershipId } = membership;
  const about = { ...aboutMembership(membership), invite_id: inviteId };
  return intent('lobby.invite.redeemed', game, { to: ownerOf(game), subject: membershipId, about }, occasion);
}

/** To those whose invites have ended with enrollment; once for them all, as an owner may have invited many. */
export function invitesExpired(
  game: ToldGame & Pick<Game, 'revision'>,
  invited: readonly string[],
  occasion: Occasion,
) {
  const told = { to: invited, subject: `${game.gameId}:${game.revision}`, about: {} };
  return intent('lobby.invite.expired', game, told, occasion);
}

/** To the owner: the deadline has passed, and too few are there. */
export function enrollmentUnderfilled(
  game: ToldGame & Pick<StoredGame, 'enrollmentEndsAt' | 'minPlayers' | 'activeMembers'>,
  occasion: Occasion,
) {
  const { gameId, enrollmentEndsAt, minPlayers, activeMembers } = game;
  const about = {
    enrollment_ends_at: enrollmentEndsAt.toISOString(),
    min_players: minPlayers,
    active_members: activeMembers,
  };
  const told = { to: ownerOf(game), subject: `${gameId}:${enrollmentEndsAt.getTime()}`, about };
  return intent('lobby.enrollment.underfilled', game, told, occasion);
}

/** To whoever was put out of the game. */
export function memberRemoved(game: ToldGame, membership: Membership, occasion: Occasion) {
  return intent('lobby.membership.removed', game, toMember(membership), occasion);
}

/** To whoever was put out of the game for good. */
export function memberBlocked(game: ToldGame, membership: Membership, occasion: Occasion) {
  return intent('lobby.membership.blocked', game, toMember(membership), occasion);
}

/** To the owner, whose player was blocked from the whole platform, or has deleted their account. */
export function memberOfOwnerBlocked(game: ToldGame, membership: Membership, occasion: Occasion) {
  return intent('lobby.membership.blocked', game, { ...toMember(membership), to: ownerOf(game) }, occasion);
}

/** To a member who did well in a game that is over. */
export function registrationAllowed(
  game: ToldGame,
  { userId, raceName }: Player,
  until: Date,
  occasion: Occasion,
) {
  const about = { race_name: raceName, register_until: until.toISOString() };
  return intent(
    'lobby.race_name.registration_eligible',
    game,
    { to: [userId], subject: `${game.gameId}:${userId}`, about },
    occasion,
  );
}

/** To a member of a game that is over, who did not. */
export function registrationDenied(
  game: ToldGame,
  { userId, raceName }: Player,
  reason: Exclude<Capability, 'capable'>,
  occasion: Occasion,
) {
  const about = { race_name: raceName, reason };
  return intent(
    'lobby.race_name.registration_denied',
    game,
    { to: [userId], subject: `${game.gameId}:${userId}`, about },
    occasion,
  );
}

/** To the player, whose name it is for good. */
export function raceNameRegistered(game: ToldGame, held: HeldRaceName, occasion: Occasion) {
  const about = { ...aboutRaceName(held), registered_at: held.registeredAt?.toISOString() };
  return intent('lobby.race_name.registered', game, toHolder(held, about), occasion);
}

/** To the player, who did not register it in time. */
export function raceNameExpired(game: ToldGame, held: HeldRaceName, occasion: Occasion) {
  const about = { ...aboutRaceName(held), register_until: held.registerUntil?.toISOString() };
  return intent('lobby.race_name.expired', game, toHolder(held, about), occasion);
}

/** To owner and players: a turn was played. */
export function turnAdvanced(
  game: ToldGame & Pick<Game, 'runtimeJobId'>,
  turn: number,
  players: readonly Player[],
  occasion: Occasion,
) {
  const to = [...ownerOf(game), ...players.map(({ userId }) => userId)];
  const subject = `${game.gameId}:${game.runtimeJobId}:${turn}`;
  return intent('lobby.game.turn_advanced', game, { to, subject, about: { turn } }, occasion);
}

type Told = {
  readonly to: readonly string[];
  readonly subject: string;
  readonly about: Readonly<Record<string, unknown>>;
};

function intent(
  type: NotificationIntent['type'],
  game: ToldGame,
  { to, subject, about }: Told,
  occasion: Occasion,
): NewMessage[] {
  const { gameId, gameName } = game;
  const payload = { game_id: gameId, game_name: gameName, ...about };
  return notificationIntent({ type, gameId, recipients: to, subject, payload }, occasion);
}

function ownerOf({ ownerUserId }: ToldGame): readonly string[] {
  return ownerUserId === null ? [] : [ownerUserId];
}

function toInvited({ inviteId, userId }: Invite): Told {
  const about = { invite_id: inviteId, user_id: userId };
  return { to: userId === null ? [] : [userId], subject: inviteId, about };
}

function toMember(membership: Membership): Told {
  const { userId, membershipId } = membership;
  return { to: [userId], subject: membershipId, about: aboutMembership(membership) };
}

function toHolder({ userId, raceNameId }: HeldRaceName, about: Told['about']): Told {
  return { to: [userId], subject: raceNameId, about };
}

function aboutRaceName({ raceNameId, name }: HeldRaceName) {
  return { race_name_id: raceNameId, race_name: name };
}

function aboutApplication({ applicationId, userId, raceName }: Application) {
  return { application_id: applicationId, user_id: userId, race_name: raceName };
}

function aboutMembership({ membershipId, userId, raceName }: Membership) {
  return { membership_id: membershipId, user_id: userId, race_name: raceName };
}
