// The Game Master's tables: the progress of the turns of every game that runs, as facts. Deadlines are PostgreSQL's own
// times, so that the clocks of processes decide nothing.
import { type SQL, sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  customType,
  index,
  integer,
  json,
  jsonb,
  pgSchema,
  primaryKey,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core';
import { auditTable } from '../../audit/table.ts';
import type { GameResult, GameState, Manifest, OrderState } from '../../engine/api.ts';
import { idempotencyKeysTable } from '../../idempotency/table.ts';
import { outboxTable } from '../../outbox/table.ts';
import { streamTables } from '../../streams/tables.ts';
import { maxQuietDays } from '../../time/quiet-days.ts';
import { closeReasons, earlyModes, engineHealths, gameStatuses, phases } from '../domain/game.ts';

export const gameMaster = pgSchema('game_master');

const time = (name: string) => timestamp(name, { precision: 3, withTimezone: true, mode: 'date' });
const bytes = customType<{ data: Uint8Array<ArrayBuffer>; driverData: Uint8Array }>({
  dataType: () => 'bytea',
  fromDriver: (stored) => new Uint8Array(stored),
});

const oneOf = (column: string, values: readonly string[]) =>
  sql.raw(`${column} in (${values.map((value) => `'${value}'`).join(', ')})`);

export const games = gameMaster.table(
  'games',
  {
    gameId: uuid('game_id').primaryKey(),

    // As the lobby registered it.
    runtimeJobId: uuid('runtime_job_id').notNull(),
    containerId: text('container_id').notNull(),
    engineEndpoint: text('engine_endpoint').notNull(),
    gameName: text('game_name').notNull(),
    ownerUserId: uuid('owner_user_id'),
    /** Five-field cron expression in `timeZone`; a game has it or `turnSeconds`. */
    turnSchedule: text('turn_schedule'),
    timeZone: text('time_zone').notNull(),
    turnSeconds: integer('turn_seconds'),
    minTurnSeconds: integer('min_turn_seconds'),
    /** ISO weekdays. */
    quietDays: integer('quiet_days').array().$type<readonly number[]>().notNull().default(sql`'{}'`),
    /** How long a turn that is due waits for awaited seats that have given nothing. */
    graceSeconds: integer('grace_seconds').notNull().default(0),
    early: text('early', { enum: earlyModes }).notNull(),
    spectators: boolean('spectators').notNull(),
    options: jsonb('options').$type<Readonly<Record<string, unknown>>>().notNull(),
    registeredAt: time('registered_at').notNull().defaultNow(),
    /** 32 random bytes, made here and shown to nobody but the engine. */
    seed: bytes('seed').notNull(),

    /** What the engine says of itself; null before the set-up. */
    manifest: jsonb('manifest').$type<Manifest>(),

    // What the lobby decided last.
    status: text('status', { enum: gameStatuses }).notNull(),
    /** Of the last status change that was applied. */
    lobbyRevision: integer('lobby_revision').notNull().default(0),
    pausedAt: time('paused_at'),
    /** What is left of a rolling turn while the game is paused, quiet days not counted; below zero in its grace. */
    remainingMs: bigint('remaining_ms', { mode: 'number' }),

    // The turn.
    phase: text('phase', { enum: phases }).notNull(),
    /** The last turn that was played; 0 before the first. The open or closed one is the next. */
    playedTurn: integer('played_turn').notNull().default(0),
    openedAt: time('opened_at'),
    /** When the open turn is due; null while the game is paused. */
    dueAt: time('due_at'),
    /** The due time for which players were reminded of their orders. */
    remindedDueAt: time('reminded_due_at'),
    /**
     * When players are to be reminded of the open turn: when a tenth of it is left, at least 5 minutes and at most 12
     * hours. Turns shorter than 15 minutes get no reminder.
     */
    remindAt: time('remind_at').generatedAlwaysAs(
      (): SQL => sql`case when ${games.phase} = 'open' and ${games.dueAt} is distinct from ${games.remindedDueAt}
        and ${lengthOfTurn} >= interval '15 minutes' then (${games.dueAt} at time zone 'UTC'
          - least(greatest(${lengthOfTurn} / 10, interval '5 minutes'), interval '12 hours')) at time zone 'UTC' end`,
    ),
    closedAt: time('closed_at'),
    closeReason: text('close_reason', { enum: closeReasons }),
    /** Seats that the engine waits for. */
    awaiting: integer('awaiting').array().notNull().default(sql`'{}'`),
    /** Of all orders of the turn. */
    ordersBytes: integer('orders_bytes').notNull().default(0),
    stats: jsonb('stats').$type<GameState['stats']>().notNull().default([]),
    result: jsonb('result').$type<GameResult>(),

    // What is to be done next, and by whom.
    engineHealth: text('engine_health', { enum: engineHealths }).notNull().default('ok'),
    /** What was wrong at the last attempt, for operators; null while the engine is `ok`. */
    engineProblem: text('engine_problem'),
    /** Attempts in a row that failed. */
    failures: integer('failures').notNull().default(0),
    /** When a worker has something to do; null when nothing is. */
    nextAttemptAt: time('next_attempt_at'),
    /** The worker that is at it, and its ticket: what it decides counts only while the ticket is here. */
    claimedBy: uuid('claimed_by'),
    claimToken: uuid('claim_token'),

    /** Of the last report to the lobby. */
    reportSeq: bigint('report_seq', { mode: 'number' }).notNull().default(0),
    /** When readiness was reported last, and whether it has changed since. */
    readinessReportedAt: time('readiness_reported_at'),
    readinessChanged: boolean('readiness_changed').notNull().default(false),
  },
  (game) => [
    check('games_phase_known', oneOf('phase', phases)),
    check('games_status_known', oneOf('status', gameStatuses)),
    check('games_early_known', oneOf('early', earlyModes)),
    check('games_health_known', oneOf('engine_health', engineHealths)),
    check('games_close_reason_known', oneOf('close_reason', closeReasons)),
    check('games_one_clock', sql`(${game.turnSchedule} is null) <> (${game.turnSeconds} is null)`),
    check('games_min_turn_seconds', sql`${game.minTurnSeconds} > 0`),
    check(
      'games_quiet_days',
      sql.raw(`quiet_days <@ '{1,2,3,4,5,6,7}' and cardinality(quiet_days) <= ${maxQuietDays}`),
    ),
    check('games_grace_seconds', sql`${game.graceSeconds} >= 0`),
    check('games_closed_with_reason', sql`(${game.phase} = 'closed') = (${game.closeReason} is not null)`),
    check('games_claim_whole', sql`(${game.claimedBy} is null) = (${game.claimToken} is null)`),
    index('games_due')
      .on(game.nextAttemptAt)
      .where(sql`next_attempt_at is not null and claimed_by is null and failures = 0`),
    index('games_due_after_failure')
      .on(game.nextAttemptAt)
      .where(sql`next_attempt_at is not null and claimed_by is null and failures > 0`),
    index('games_claimed').on(game.claimedBy).where(sql`claimed_by is not null`),
    index('games_not_over').on(game.engineHealth).where(sql`phase <> 'over'`),
    index('games_readiness_changed').on(game.readinessReportedAt).where(sql`readiness_changed`),
    index('games_reminder_due').on(game.remindAt).where(sql`remind_at is not null`),
  ],
);

const lengthOfTurn = sql`coalesce(${games.turnSeconds} * interval '1 second', ${games.dueAt} - ${games.openedAt})`;

/** Seats of a game. The lobby says who may act for one; the user here is for events and statistics. */
export const seats = gameMaster.table(
  'seats',
  {
    gameId: uuid('game_id')
      .notNull()
      .references(() => games.gameId),
    seat: integer('seat').notNull(),
    /** null for a bot. */
    userId: uuid('user_id'),
    label: text('label').notNull(),
    /** When its holder left; takes effect with the next open turn. */
    vacatedAt: time('vacated_at'),
    /** Whether the vacancy has taken effect: orders are gone, and nobody waits for the seat. */
    vacant: boolean('vacant').notNull().default(false),
    /** Whether the engine knows of it. */
    vacancyTold: boolean('vacancy_told').notNull().default(false),
    /** The last turn in which its holder was notified that all others were ready. */
    waitedForTurn: integer('waited_for_turn'),
  },
  (seat) => [primaryKey({ name: 'seats_pkey', columns: [seat.gameId, seat.seat] })],
);

/** Orders for the turn that is open or closed; nobody but their author reads them before it is played. */
export const orders = gameMaster.table(
  'orders',
  {
    gameId: uuid('game_id')
      .notNull()
      .references(() => games.gameId),
    seat: integer('seat').notNull(),
    turn: integer('turn').notNull(),
    /** Any JSON value, as it was sent. */
    orders: json('orders').$type<unknown>().notNull(),
    bytes: integer('bytes').notNull(),
    ready: boolean('ready').notNull(),
    storedAt: time('stored_at').notNull(),
  },
  (row) => [primaryKey({ name: 'orders_pkey', columns: [row.gameId, row.seat] })],
);

/** What became of the orders of a seat: as the engine gets it, or `not_awaited`. */
export type SeatOutcome = { readonly seat: number; readonly state: OrderState | 'not_awaited' };

/** Turns that were closed. */
export const turns = gameMaster.table(
  'turns',
  {
    gameId: uuid('game_id')
      .notNull()
      .references(() => games.gameId),
    turn: integer('turn').notNull(),
    openedAt: time('opened_at').notNull(),
    dueAt: time('due_at'),
    closedAt: time('closed_at').notNull(),
    closeReason: text('close_reason', { enum: closeReasons }).notNull(),
    /** Frozen when the turn closes. */
    outcomes: jsonb('outcomes').$type<readonly SeatOutcome[]>().notNull(),
    /** null until the outcome is committed. */
    playedAt: time('played_at'),
  },
  (turn) => [primaryKey({ name: 'turns_pkey', columns: [turn.gameId, turn.turn] })],
);

/** Views after the last turn, which outlive the engine. */
export const finalViews = gameMaster.table(
  'final_views',
  {
    gameId: uuid('game_id')
      .notNull()
      .references(() => games.gameId),
    /** `seat:3` or `spectator`. */
    audience: text('audience').notNull(),
    view: json('view').$type<unknown>().notNull(),
  },
  (row) => [primaryKey({ name: 'final_views_pkey', columns: [row.gameId, row.audience] })],
);

/** Turn workers that are alive. A claim of one that is overdue is free. */
export const workers = gameMaster.table('workers', {
  workerId: uuid('worker_id').primaryKey(),
  aliveUntil: time('alive_until').notNull(),
  /** That it played, when it renewed the row. */
  turnsLastMinute: integer('turns_last_minute').notNull().default(0),
});

export const idempotencyKeys = idempotencyKeysTable(gameMaster, { response: 'response' });

/** Reports to the lobby and notification intents, by the id of their game. */
export const outbox = outboxTable(gameMaster);

/** Of the Game Master's consumer of `lobby:game_changes`. */
export const { consumers, processedEntries, deadLetters } = streamTables(gameMaster);

/** What operators did. */
export const auditEntries = auditTable(gameMaster);
