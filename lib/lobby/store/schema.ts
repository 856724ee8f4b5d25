// The lobby's tables. PostgreSQL holds the lobby's state; constraints here hold whatever the code does. Times have a
// precision of milliseconds, as in responses, so that a page token can carry one.
import { type SQL, sql } from 'drizzle-orm';
import {
  type AnyPgColumn,
  bigint,
  boolean,
  check,
  customType,
  index,
  integer,
  jsonb,
  pgSchema,
  primaryKey,
  text,
  timestamp,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { auditTable } from '../../audit/table.ts';
import { idempotencyKeysTable } from '../../idempotency/table.ts';
import { outboxTable } from '../../outbox/table.ts';
import type { GmEvent } from '../../protocol/gm-events.ts';
import { streamTables } from '../../streams/tables.ts';
import {
  applicationStatuses,
  earlyModes,
  type GameResult,
  gameBounds,
  gameStatuses,
  gameTypes,
  membershipStatuses,
  transitionActors,
  triggers,
} from '../domain/game.ts';
import { inviteBounds, inviteStatuses } from '../domain/invite.ts';
import { raceNameKeyKinds, raceNameKinds } from '../domain/race-name/held.ts';

export const lobby = pgSchema('lobby');

const time = (name: string) => timestamp(name, { precision: 3, withTimezone: true, mode: 'date' });
const bytewiseText = customType<{ data: string }>({ dataType: () => 'text collate "C"' });
const tsvector = customType<{ data: string }>({ dataType: () => 'tsvector' });

const oneOf = (column: AnyPgColumn, values: readonly string[]) =>
  sql`${column} in (${sql.raw(values.map((value) => `'${value}'`).join(', '))})`;
const within = (column: AnyPgColumn, { min, max }: { min: number; max: number }) =>
  sql`${column} between ${sql.raw(String(min))} and ${sql.raw(String(max))}`;
const lengthWithin = (column: AnyPgColumn, { min = 0, max }: { min?: number; max: number }) =>
  sql`char_length(${column}) between ${sql.raw(String(min))} and ${sql.raw(String(max))}`;

export const games = lobby.table(
  'games',
  {
    gameId: uuid('game_id').primaryKey(),
    gameType: text('game_type', { enum: gameTypes }).notNull(),
    ownerUserId: uuid('owner_user_id'),
    gameName: text('game_name').notNull(),
    description: text('description').notNull(),
    status: text('status', { enum: gameStatuses }).notNull(),
    minPlayers: integer('min_players').notNull(),
    maxPlayers: integer('max_players').notNull(),
    startGapHours: integer('start_gap_hours').notNull(),
    startGapPlayers: integer('start_gap_players').notNull(),
    enrollmentEndsAt: time('enrollment_ends_at').notNull(),
    autoApprove: boolean('auto_approve').notNull().default(false),
    openedAt: time('opened_at'),
    gapOpenedAt: time('gap_opened_at'),
    /** A game has it or `turnSeconds`. */
    turnSchedule: text('turn_schedule'),
    timeZone: text('time_zone').notNull(),
    turnSeconds: integer('turn_seconds'),
    minTurnSeconds: integer('min_turn_seconds'),
    /** ISO weekdays, in order. */
    quietDays: integer('quiet_days').array().$type<readonly number[]>().notNull().default(sql`'{}'`),
    graceSeconds: integer('grace_seconds').notNull().default(0),
    early: text('early', { enum: earlyModes }).notNull().default('off'),
    spectators: boolean('spectators').notNull().default(false),
    options: jsonb('options').$type<Readonly<Record<string, unknown>>>().notNull().default({}),
    engineFamily: text('engine_family').notNull().default('four-in-a-row'),
    targetEngineVersion: text('target_engine_version').notNull(),

    currentTurn: integer('current_turn'),
    runtimeStatus: text('runtime_status'),
    engineHealth: text('engine_health'),
    snapshotAt: time('snapshot_at'),
    /** Of the last report that was applied; null before one of version 2. */
    reportSeq: bigint('report_seq', { mode: 'number' }),
    /** When the open turn is due, and when it closes at the latest; null while the clock stands still. */
    dueAt: time('due_at'),
    closesAt: time('closes_at'),
    awaitedSeats: integer('awaited_seats').array().$type<readonly number[]>(),
    readySeats: integer('ready_seats').array().$type<readonly number[]>(),
    result: jsonb('result').$type<GameResult>(),

    runtimeJobId: uuid('runtime_job_id'),
    containerId: text('container_id'),
    engineEndpoint: text('engine_endpoint'),
    boundAt: time('bound_at'),
    registeredAt: time('registered_at'),
    /** Until when the start job is worth doing; null unless the game is starting. */
    startExpiresAt: time('start_expires_at'),
    /** When the Game Master, which refused the game, is asked again to take it over; null: at once. */
    registrationDueAt: time('registration_due_at'),
    /** When the owner was notified that the deadline passed without enough players; a later deadline clears it. */
    underfilledNotifiedAt: time('underfilled_told_at'),

    createdAt: time('created_at').notNull(),
    updatedAt: time('updated_at').notNull(),
    startedAt: time('started_at'),
    finishedAt: time('finished_at'),
    revision: integer('revision').notNull(),

    /** How many memberships of the game are active; changes under the game's lock, with them. */
    activeMembers: integer('active_members').notNull(),
    /** When enrollment is due to end; null while it waits for players. See lib/lobby/domain/enrollment.ts. */
    closingDueAt: time('closing_due_at').generatedAlwaysAs(
      (): SQL => sql`least(
        case when ${games.activeMembers} >= ${games.minPlayers} then ${games.enrollmentEndsAt} end,
        case when ${games.activeMembers} >= ${games.maxPlayers} + ${games.startGapPlayers} then ${games.gapOpenedAt} end,
        case when ${games.activeMembers} >= ${games.maxPlayers} then
          (${games.gapOpenedAt} at time zone 'UTC' + ${games.startGapHours} * interval '1 hour') at time zone 'UTC' end
      )`,
    ),
    /** The partition in which lists find the game. See lib/lobby/domain/list-partitions.ts. */
    listPartition: text('shelf')
      .notNull()
      .generatedAlwaysAs(
        (): SQL => sql`${games.gameType} || '/' || ${games.status} || case
          when ${games.status} = 'enrollment_open' then case
            when ${games.activeMembers} < ${games.maxPlayers}
              + case when ${games.gapOpenedAt} is null then 0 else ${games.startGapPlayers} end
            then '/free' else '/full' end
          when ${games.status} = 'cancelled' and ${games.openedAt} is null then '/unopened'
          else '' end`,
      ),
    /** What name and description are found by; null until a process of this release has written it. */
    searchWords: tsvector('search_words'),
    /** A hash of what `searchWords` was made of, so that what is missing or old is found. */
    searchWordsOf: text('search_words_of'),
    /** When what the retention keeps for a while was deleted, for a game that is over. */
    historyDeletedAt: time('history_deleted_at'),
    /** Of releases before `searchWords`; goes with `game_words`. */
    words: tsvector('words').generatedAlwaysAs(
      (): SQL =>
        sql`to_tsvector('simple', regexp_replace(${games.gameName} || ' ' || ${games.description}, '[[:punct:]]+', ' ', 'g'))`,
    ),
  },
  (game) => [
    check('games_type_known', oneOf(game.gameType, gameTypes)),
    check('games_status_known', oneOf(game.status, gameStatuses)),
    check('games_private_has_owner', sql`${game.gameType} = 'public' or ${game.ownerUserId} is not null`),
    check('games_name_length', lengthWithin(game.gameName, gameBounds.gameName)),
    check('games_description_length', lengthWithin(game.description, gameBounds.description)),
    check('games_min_players', within(game.minPlayers, gameBounds.players)),
    check('games_max_players', within(game.maxPlayers, gameBounds.players)),
    check('games_players_ordered', sql`${game.maxPlayers} >= ${game.minPlayers}`),
    check('games_start_gap_hours', within(game.startGapHours, gameBounds.startGapHours)),
    check('games_start_gap_players', within(game.startGapPlayers, gameBounds.startGapPlayers)),
    check('games_one_clock', sql`(${game.turnSchedule} is null) <> (${game.turnSeconds} is null)`),
    check('games_turn_seconds', within(game.turnSeconds, gameBounds.turnSeconds)),
    check('games_min_turn_seconds', within(game.minTurnSeconds, gameBounds.minTurnSeconds)),
    check(
      'games_quiet_days',
      sql`${game.quietDays} <@ '{1,2,3,4,5,6,7}' and cardinality(${game.quietDays}) <= ${sql.raw(String(gameBounds.quietDays.max))}`,
    ),
    check('games_grace_seconds', within(game.graceSeconds, gameBounds.graceSeconds)),
    check('games_early_known', oneOf(game.early, earlyModes)),
    check('games_turn_schedule_length', lengthWithin(game.turnSchedule, gameBounds.turnSchedule)),
    check('games_time_zone_length', lengthWithin(game.timeZone, gameBounds.timeZone)),
    check('games_engine_family_length', lengthWithin(game.engineFamily, gameBounds.engineFamily)),
    check(
      'games_engine_version_length',
      lengthWithin(game.targetEngineVersion, gameBounds.targetEngineVersion),
    ),
    check(
      'games_not_overfull',
      sql`${game.activeMembers} between 0 and ${game.maxPlayers}
        + case when ${game.gapOpenedAt} is null then 0 else ${game.startGapPlayers} end`,
    ),
    check(
      'games_opened_unless_draft',
      sql`${game.openedAt} is not null or ${game.status} in ('draft', 'cancelled')`,
    ),
    check('games_revision_positive', sql`${game.revision} > 0`),
    index('games_newest_on_shelf').on(game.listPartition, game.createdAt, game.gameId),
    index('games_newest_of_engine_family').on(
      game.engineFamily,
      game.listPartition,
      game.createdAt,
      game.gameId,
    ),
    index('games_newest_of_engine_version').on(
      game.targetEngineVersion,
      game.listPartition,
      game.createdAt,
      game.gameId,
    ),
    index('games_ending_soon_on_shelf')
      .on(game.listPartition, game.enrollmentEndsAt, game.gameId)
      .where(sql`${game.status} = 'enrollment_open'`),
    index('games_ending_soon_of_engine_family')
      .on(game.engineFamily, game.listPartition, game.enrollmentEndsAt, game.gameId)
      .where(sql`${game.status} = 'enrollment_open'`),
    index('games_ending_soon_of_engine_version')
      .on(game.targetEngineVersion, game.listPartition, game.enrollmentEndsAt, game.gameId)
      .where(sql`${game.status} = 'enrollment_open'`),
    index('games_closing_due')
      .on(game.closingDueAt)
      .where(sql`${game.status} = 'enrollment_open' and ${game.closingDueAt} is not null`),
    index('games_start_due').on(game.startExpiresAt).where(sql`${game.status} = 'starting'`),
    index('games_underfilled_due')
      .on(game.enrollmentEndsAt)
      .where(sql`${game.status} = 'enrollment_open' and ${game.underfilledNotifiedAt} is null`),
    // For games that nothing has happened to for too long; see idleSince in store/games.ts.
    index('games_idle')
      .on(
        sql`(case when ${game.status} in ('draft', 'enrollment_open') then ${game.enrollmentEndsAt} else ${game.updatedAt} end)`,
      )
      .where(sql`${game.status} in ('draft', 'enrollment_open', 'ready_to_start', 'start_failed')`),
    index('games_unregistered')
      .on(sql`coalesce(${game.registrationDueAt}, ${game.boundAt})`)
      .where(sql`${game.status} = 'paused' and ${game.registeredAt} is null`),
    // For the games of a user that wait for orders, among all that were ever played.
    index('games_running').on(game.gameId).where(sql`${game.status} = 'running'`),
    index('games_by_owner').on(game.ownerUserId, game.createdAt, game.gameId),
  ],
);

/**
 * Every word of the games that lists show to others, for text filters to find the few games that have a rare one. A
 * B-tree, since that can be asked whether a beginning is rare without reading all that begins so, as an index of the
 * kind GIN would. By type, so that words of private games do not make those of public ones common.
 */
export const listedWords = lobby.table(
  'listed_words',
  {
    gameType: text('game_type', { enum: gameTypes }).notNull(),
    /** Compared byte by byte, so that all words with one beginning are adjacent. */
    word: bytewiseText('word').notNull(),
    gameId: uuid('game_id')
      .notNull()
      .references(() => games.gameId),
  },
  (row) => [
    primaryKey({ name: 'listed_words_pkey', columns: [row.gameType, row.word, row.gameId] }),
    index('listed_words_by_game').on(row.gameId),
  ],
);

/** Words in the form of earlier releases, which may still run beside this one. A later release drops the table. */
export const gameWords = lobby.table(
  'game_words',
  {
    word: bytewiseText('word').notNull(),
    gameId: uuid('game_id').notNull(),
  },
  (row) => [primaryKey({ name: 'game_words_pkey', columns: [row.word, row.gameId] })],
);

export const applications = lobby.table(
  'applications',
  {
    applicationId: uuid('application_id').primaryKey(),
    gameId: uuid('game_id')
      .notNull()
      .references(() => games.gameId),
    userId: uuid('user_id').notNull(),
    raceName: text('race_name').notNull(),
    status: text('status', { enum: applicationStatuses }).notNull(),
    createdAt: time('created_at').notNull(),
    decidedAt: time('decided_at'),
    /** Of this user at this game: how many ended ones it stands for; the earlier ones are deleted after a while. */
    attempts: integer('attempts').notNull().default(1),
  },
  (application) => [
    check('applications_status_known', oneOf(application.status, applicationStatuses)),
    check(
      'applications_decided_unless_pending',
      sql`(${application.status} = 'pending') = (${application.decidedAt} is null)`,
    ),
    uniqueIndex('applications_one_pending')
      .on(application.gameId, application.userId)
      .where(sql`${application.status} = 'pending'`),
    index('applications_by_game').on(application.gameId, application.createdAt, application.applicationId),
    index('applications_by_user').on(application.userId, application.createdAt, application.applicationId),
    index('applications_refused')
      .on(application.gameId, application.userId)
      .where(sql`${application.status} in ('withdrawn', 'rejected')`),
  ],
);

export const memberships = lobby.table(
  'memberships',
  {
    membershipId: uuid('membership_id').primaryKey(),
    gameId: uuid('game_id')
      .notNull()
      .references(() => games.gameId),
    userId: uuid('user_id').notNull(),
    raceName: text('race_name').notNull(),
    status: text('status', { enum: membershipStatuses }).notNull(),
    /** From 1, set when the game starts, in the order of joining; never given to another member. */
    seat: integer('seat'),
    joinedAt: time('joined_at').notNull(),
    endedAt: time('ended_at'),
  },
  (membership) => [
    check('memberships_status_known', oneOf(membership.status, membershipStatuses)),
    check(
      'memberships_ended_unless_active',
      sql`(${membership.status} = 'active') = (${membership.endedAt} is null)`,
    ),
    uniqueIndex('memberships_one_active')
      .on(membership.gameId, membership.userId)
      .where(sql`${membership.status} = 'active'`),
    uniqueIndex('memberships_one_per_seat')
      .on(membership.gameId, membership.seat)
      .where(sql`${membership.seat} is not null`),
    index('memberships_by_game').on(membership.gameId, membership.joinedAt, membership.membershipId),
    index('memberships_by_user').on(membership.userId, membership.joinedAt, membership.membershipId),
    index('memberships_blocked')
      .on(membership.gameId, membership.userId)
      .where(sql`${membership.status} = 'blocked'`),
  ],
);

/** Keyed hashes of the e-mail addresses of users who are blocked from a game that is not over. */
export const blockedAddresses = lobby.table(
  'blocked_addresses',
  {
    gameId: uuid('game_id')
      .notNull()
      .references(() => games.gameId),
    addressHash: text('address_hash').notNull(),
    membershipId: uuid('membership_id')
      .notNull()
      .references(() => memberships.membershipId),
  },
  (row) => [
    primaryKey({
      name: 'blocked_addresses_pkey',
      columns: [row.gameId, row.addressHash, row.membershipId],
    }),
  ],
);

export const invites = lobby.table(
  'invites',
  {
    inviteId: uuid('invite_id').primaryKey(),
    gameId: uuid('game_id')
      .notNull()
      .references(() => games.gameId),
    userId: uuid('user_id'),
    code: text('code').unique('invites_code'),
    maxUses: integer('max_uses').notNull(),
    uses: integer('uses').notNull(),
    expiresAt: time('expires_at'),
    status: text('status', { enum: inviteStatuses }).notNull(),
    createdAt: time('created_at').notNull(),
    decidedAt: time('decided_at'),
    /** Of this user at this game: how many ended ones it stands for; the earlier ones are deleted after a while. */
    attempts: integer('attempts').notNull().default(1),
  },
  (invite) => [
    check('invites_status_known', oneOf(invite.status, inviteStatuses)),
    check(
      'invites_decided_unless_pending',
      sql`(${invite.status} = 'pending') = (${invite.decidedAt} is null)`,
    ),
    check('invites_user_or_code', sql`(${invite.userId} is null) = (${invite.code} is not null)`),
    check('invites_code_expires', sql`(${invite.code} is null) = (${invite.expiresAt} is null)`),
    check('invites_max_uses', within(invite.maxUses, inviteBounds.maxUses)),
    check('invites_uses', sql`${invite.uses} between 0 and ${invite.maxUses}`),
    uniqueIndex('invites_one_pending')
      .on(invite.gameId, invite.userId)
      .where(sql`${invite.status} = 'pending'`),
    index('invites_by_game').on(invite.gameId, invite.createdAt, invite.inviteId),
    index('invites_by_user').on(invite.userId, invite.createdAt, invite.inviteId),
  ],
);

/** One row per transition; `revision` is the game's, after it. */
export const timeline = lobby.table(
  'timeline',
  {
    entryId: uuid('entry_id').primaryKey(),
    gameId: uuid('game_id')
      .notNull()
      .references(() => games.gameId),
    revision: integer('revision').notNull(),
    at: time('at').notNull(),
    trigger: text('trigger', { enum: triggers }).notNull(),
    actor: text('actor', { enum: transitionActors }).notNull(),
    actorId: text('actor_id'),
    from: text('from_status', { enum: gameStatuses }).notNull(),
    to: text('to_status', { enum: gameStatuses }).notNull(),
    reason: text('reason'),
  },
  (entry) => [
    check('timeline_trigger_known', oneOf(entry.trigger, triggers)),
    check('timeline_actor_known', oneOf(entry.actor, transitionActors)),
    check('timeline_from_known', oneOf(entry.from, gameStatuses)),
    check('timeline_to_known', oneOf(entry.to, gameStatuses)),
    unique('timeline_by_game').on(entry.gameId, entry.revision),
  ],
);

/** A row to lock before anything is granted to a user; `gone_at` says that nothing may be granted any more. */
export const userGuards = lobby.table('user_guards', {
  userId: uuid('user_id').primaryKey(),
  goneAt: time('gone_at'),
});

/** Makes race names unique: a key belongs to one user, as long as a race name of that user has it. */
export const raceNameKeys = lobby.table(
  'race_name_keys',
  {
    kind: text('kind', { enum: raceNameKeyKinds }).notNull(),
    key: text('key').notNull(),
    userId: uuid('user_id').notNull(),
  },
  (key) => [
    primaryKey({ name: 'race_name_keys_pkey', columns: [key.kind, key.key] }),
    check('race_name_keys_kind_known', oneOf(key.kind, raceNameKeyKinds)),
  ],
);

/** The race names that users hold, each with the game that it comes from. */
export const raceNames = lobby.table(
  'race_names',
  {
    raceNameId: uuid('race_name_id').primaryKey(),
    kind: text('kind', { enum: raceNameKinds }).notNull(),
    userId: uuid('user_id').notNull(),
    gameId: uuid('game_id')
      .notNull()
      .references(() => games.gameId),
    name: text('name').notNull(),
    folded: text('folded').notNull(),
    skeleton: text('skeleton').notNull(),
    heldSince: time('held_since').notNull(),
    registerUntil: time('register_until'),
    registeredAt: time('registered_at'),
  },
  (name) => [
    check('race_names_kind_known', oneOf(name.kind, raceNameKinds)),
    check(
      'race_names_window_while_pending',
      sql`(${name.kind} = 'pending_registration') = (${name.registerUntil} is not null)`,
    ),
    check(
      'race_names_registered_at_some_time',
      sql`(${name.kind} = 'registered') = (${name.registeredAt} is not null)`,
    ),
    unique('race_names_one_per_user_and_game').on(name.gameId, name.userId),
    index('race_names_by_folded').on(name.folded),
    index('race_names_by_skeleton').on(name.skeleton),
    index('race_names_by_user').on(name.userId, name.heldSince, name.raceNameId),
    index('race_names_expiring')
      .on(name.registerUntil, name.raceNameId)
      .where(sql`${name.registerUntil} is not null`),
  ],
);

/** Race names that operators keep from all players. Their keys are among `raceNameKeys`, as those of nobody. */
export const withheldRaceNames = lobby.table(
  'withheld_race_names',
  {
    withheldNameId: uuid('withheld_name_id').primaryKey(),
    name: text('name').notNull(),
    folded: text('folded').notNull(),
    skeleton: text('skeleton').notNull(),
    reason: text('reason').notNull(),
    withheldBy: text('withheld_by'),
    withheldAt: time('withheld_at').notNull(),
  },
  (withheld) => [
    unique('withheld_race_names_folded').on(withheld.folded),
    unique('withheld_race_names_skeleton').on(withheld.skeleton),
    index('withheld_race_names_newest').on(withheld.withheldAt, withheld.withheldNameId),
  ],
);

/** What the Game Master reports about members: the input of the capability evaluation. */
export const memberStatistics = lobby.table(
  'member_statistics',
  {
    gameId: uuid('game_id')
      .notNull()
      .references(() => games.gameId),
    userId: uuid('user_id').notNull(),
    initialPlanets: bigint('initial_planets', { mode: 'number' }).notNull(),
    initialPopulation: bigint('initial_population', { mode: 'number' }).notNull(),
    maxPlanets: bigint('max_planets', { mode: 'number' }).notNull(),
    maxPopulation: bigint('max_population', { mode: 'number' }).notNull(),
  },
  (statistics) => [
    primaryKey({ name: 'member_statistics_pkey', columns: [statistics.gameId, statistics.userId] }),
  ],
);

/** Reports of the Game Master about games that are still starting: they wait for the game to run. */
export const waitingEvents = lobby.table(
  'waiting_events',
  {
    position: bigint('position', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    gameId: uuid('game_id')
      .notNull()
      .references(() => games.gameId),
    event: jsonb('event').$type<GmEvent>().notNull(),
  },
  (waiting) => [index('waiting_events_by_game').on(waiting.gameId, waiting.position)],
);

export const idempotencyKeys = idempotencyKeysTable(lobby, { response: 'answer' });

/** Start and stop jobs and notifications, by the id of their game. */
export const outbox = outboxTable(lobby);

/** Of the lobby's consumers of streams. */
export const { consumers, processedEntries, deadLetters } = streamTables(lobby);

/** What operators did. */
export const auditEntries = auditTable(lobby);
