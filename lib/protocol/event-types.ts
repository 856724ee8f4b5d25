// What clients receive on their event streams: the payload of every event type, when it is sent, and to whom. The code
// that writes a payload is typed by its schema, tests check every event that they receive against it, and
// `npm run generate` makes proto/event-types.json and the tables of docs/events.md of it. Clients must accept further fields;
// a field that a released version sends stays.
import { z } from 'zod';
import { gameStatuses, triggers } from './game-status.ts';
import type { NotificationType } from './notification-intents.ts';

const time = z.iso.datetime();
const turn = z.int().nonnegative();

const game = { game_id: z.guid(), game_name: z.string() };
const application = { application_id: z.guid(), user_id: z.guid(), race_name: z.string() };
const invite = { invite_id: z.guid(), user_id: z.guid() };
const membership = { membership_id: z.guid(), user_id: z.guid(), race_name: z.string() };
const transition = { status: z.enum(gameStatuses), trigger: z.enum(triggers) };
const openTurn = {
  turn: turn.meta({ description: 'The turn that takes your orders' }),
  due_at: time.nullable(),
};

const result = z
  .strictObject({
    kind: z.enum(['finished', 'draw', 'void']),
    placements: z.array(
      z.strictObject({
        seat: z.int(),
        rank: z.int().meta({ description: '1 is the best; several may share a rank' }),
        team: z.int().optional(),
        score: z.number().optional(),
        user_id: z.guid().nullable().meta({ description: 'null for a bot' }),
        race_name: z.string().nullable().meta({ description: 'null for a bot' }),
      }),
    ),
  })
  .nullable()
  .meta({ description: 'How the game ended, with its best 100 placements' });

function event<Fields extends z.ZodRawShape>(when: string, to: string, fields: Fields) {
  return { when, to, payload: z.strictObject(fields) };
}

const everyoneInGame = 'owner, players';

export const eventTypes = {
  'lobby.application.submitted': event('a user applies and waits for approval', 'owner', {
    ...game,
    ...application,
  }),
  'lobby.application.approved': event('an application is approved', 'applicant', {
    ...game,
    ...application,
    membership_id: z.guid(),
  }),
  'lobby.application.rejected': event('an application is rejected', 'applicant', { ...game, ...application }),
  'lobby.invite.created': event('a user is invited', 'the invited user', { ...game, ...invite }),
  'lobby.invite.redeemed': event('a user joins by an invite or a code', 'owner', {
    ...game,
    ...membership,
    invite_id: z.guid(),
  }),
  'lobby.invite.declined': event('an invited user declines', 'owner', { ...game, ...invite }),
  'lobby.invite.revoked': event('an invite of a user is revoked', 'the invited user', { ...game, ...invite }),
  'lobby.invite.expired': event('enrollment is over before they responded', 'the invited users', game),
  'lobby.membership.removed': event('a member is removed', 'the removed member', { ...game, ...membership }),
  'lobby.membership.blocked': event('a member, or a former one, is blocked', 'the blocked member', {
    ...game,
    ...membership,
  }),
  'lobby.membership.unblocked': event('a block is undone: the user may join again', 'the user', {
    ...game,
    ...membership,
  }),
  'lobby.membership.left': event(
    'a member of a game that has started leaves, is removed, is blocked, or is deleted; before the start only when a ' +
      'member is blocked on the whole platform, or deleted',
    'owner, remaining players',
    {
      ...game,
      ...membership,
      seat: z
        .int()
        .nullable()
        .meta({ description: 'The one that is vacant now; null before the game has started' }),
      status: z.enum(['left', 'removed', 'blocked']),
    },
  ),
  'lobby.enrollment.underfilled': event(
    'a deadline has passed without `min_players`; once per deadline',
    'owner',
    {
      ...game,
      enrollment_ends_at: time,
      min_players: z.int(),
      active_members: z.int(),
      cancels_at: time.meta({ description: 'When the game is cancelled, if it still lacks players then' }),
    },
  ),
  'lobby.enrollment.closed': event(
    'enrollment is over, for whatever reason',
    'owner, players, those whose application was pending',
    { ...game, ...transition },
  ),
  'lobby.enrollment.reopened': event(
    'a game that was to be started takes players again: its owner or an admin says so, or too few members are left',
    everyoneInGame,
    { ...game, ...transition, enrollment_ends_at: time },
  ),
  'lobby.race_name.registered': event('a player registers a race name', 'the player', {
    ...game,
    race_name_id: z.guid(),
    race_name: z.string(),
    registered_at: time,
  }),
  'lobby.race_name.expired': event('a race name was not registered in time and is free again', 'the player', {
    ...game,
    race_name_id: z.guid(),
    race_name: z.string(),
    register_until: time,
  }),
  'lobby.race_name.registration_eligible': event(
    'a game is over, and the player may register the name',
    'the player',
    { ...game, race_name: z.string(), register_until: time },
  ),
  'lobby.race_name.registration_denied': event('a game is over, and the name is free again', 'the player', {
    ...game,
    race_name: z.string(),
    reason: z.enum(['not_capable', 'no_statistics']),
  }),
  'lobby.game.started': event('a game runs for the first time after a start', everyoneInGame, {
    ...game,
    ...transition,
  }),
  'lobby.runtime_paused_after_start': event(
    'a game has started, but the Game Master did not take it over',
    everyoneInGame,
    { ...game, ...transition },
  ),
  'lobby.game.start_failed': event(
    'a start has failed, taken too long, or has too few members left',
    'owner',
    {
      ...game,
      ...transition,
    },
  ),
  'lobby.game.finished': event('a game is over', everyoneInGame, { ...game, ...transition, result }),
  'lobby.game.paused': event('a game is paused', everyoneInGame, { ...game, ...transition }),
  'lobby.game.resumed': event('a paused game runs again', everyoneInGame, { ...game, ...transition }),
  'lobby.game.cancelled': event(
    'a game is cancelled',
    'owner, players, those whose application or invite was pending',
    { ...game, ...transition },
  ),
  'lobby.game.turn_advanced': event('a turn was played; once for each', 'owner, holders of seats', {
    ...game,
    turn: turn.meta({ description: 'The turn that was played' }),
    due_at: time.nullable().meta({
      description: 'When the next turn is due; null when there is none, or while the game is paused',
    }),
    awaited: z.boolean().meta({ description: 'Whether the next turn waits for this player' }),
  }),
  'game.turn.due_soon': event(
    'the turn is due soon (when a tenth of it is left, 5 minutes to 12 hours before `due_at`)',
    'players who have given no orders for it',
    { ...game, ...openTurn },
  ),
  'game.turn.waiting_for_you': event(
    'all others whom the turn waits for are ready, and it closes as soon as this player is',
    'the player',
    { ...game, ...openTurn },
  ),
  'game.engine.failing': event(
    'the engine of a game has failed for about a minute, and goes on failing; once for a turn and `engine_health`',
    'owner',
    {
      ...game,
      turn: turn.meta({ description: 'The turn that cannot be played' }),
      engine_health: z
        .string()
        .meta({ description: '`unreachable`, `faulty`, `state_lost` or `unsupported`' }),
    },
  ),
  'user.session.created': event('a device has signed in to the account', 'the owner of the account', {
    device_session_id: z.guid(),
    created_at: time,
  }),
  'user.email.changed': event('the e-mail address of the account was changed', 'the owner of the account', {
    changed_at: time,
  }),
  'user.recovery_codes.created': event(
    'new recovery codes were created in place of earlier ones',
    'the owner of the account',
    { changed_at: time },
  ),
  'user.recovery_code.used': event(
    'a recovery code was used: by a device to sign in, or for a change of the address',
    'the owner of the account',
    {
      changed_at: time,
      recovery_codes_left: z.int(),
      device_session_id: z
        .guid()
        .optional()
        .meta({ description: 'The new session, where the device signed in' }),
    },
  ),
  'game.engine.event': event(
    'the engine has something to say: at most 20 for a seat and turn, after `lobby.game.turn_advanced` of that turn',
    'holders of the seats that the engine names',
    {
      game_id: z.guid(),
      turn: turn.meta({ description: 'The turn that was played' }),
      type: z
        .string()
        .regex(/^[a-z0-9_.]{1,64}$/)
        .meta({ description: 'As the engine of the game defines it' }),
      payload: z
        .record(z.string(), z.unknown())
        .meta({ description: 'As the engine defines it, at most 4 KiB' }),
    },
  ),
} as const satisfies Record<NotificationType, { when: string; to: string; payload: z.ZodObject }>;

export type EventPayload<T extends NotificationType> = z.input<(typeof eventTypes)[T]['payload']>;
