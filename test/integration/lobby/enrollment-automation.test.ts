import { asc, eq, sql } from 'drizzle-orm';
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import { pino } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { closeDueEnrollments } from '../../../lib/lobby/automation/enrollment-automation.ts';
import { createLobby } from '../../../lib/lobby/context.ts';
import { insertApplication } from '../../../lib/lobby/store/applications.ts';
import { insertGame, lockGame, type StoredGame } from '../../../lib/lobby/store/games.ts';
import { applications, games, timeline } from '../../../lib/lobby/store/schema.ts';
import { databaseOn } from '../../../lib/postgres/database.ts';
import { migrate } from '../../../lib/postgres/migrate.ts';
import { testCatalogue } from '../../support/engines/catalogue.ts';
import { createTestDatabase, type TestDatabase } from '../../support/stores/database.ts';

const now = new Date('2026-05-08T12:00:00.000Z');
const hoursAgo = (hours: number) => new Date(now.getTime() - hours * 3_600_000);

let database: TestDatabase;
let pool: pg.Pool;
let db: NodePgDatabase;

beforeAll(async () => {
  database = await createTestDatabase({
    name: 'lobby',
    migrate: (dsn) => migrate({ dsn, folder: 'drizzle/lobby/migrations', schema: 'lobby' }),
  });
  pool = new pg.Pool({ connectionString: database.dsn, max: 10 });
  db = drizzle({ client: pool });
});
afterEach(async () => {
  await db.execute(sql`truncate lobby.games cascade`);
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

async function open(changes: Partial<StoredGame> = {}): Promise<StoredGame> {
  const game: StoredGame = {
    gameId: uuidv7(),
    gameType: 'public',
    ownerUserId: uuidv7(),
    status: 'enrollment_open',
    gameName: 'Orion Arm',
    description: '',
    minPlayers: 2,
    maxPlayers: 4,
    startGapHours: 24,
    startGapPlayers: 2,
    enrollmentEndsAt: hoursAgo(-24),
    openedAt: hoursAgo(100),
    gapOpenedAt: null,
    turnSchedule: '0 20 * * *',
    timeZone: 'UTC',
    turnSeconds: null,
    minTurnSeconds: null,
    quietDays: [],
    graceSeconds: 0,
    early: 'off',
    autoApprove: false,
    spectators: false,
    options: {},
    engineFamily: 'test-game',
    targetEngineVersion: '1.0.0',
    currentTurn: null,
    runtimeStatus: null,
    engineHealth: null,
    snapshotAt: null,
    reportSeq: null,
    dueAt: null,
    closesAt: null,
    awaitedSeats: null,
    readySeats: null,
    result: null,
    runtimeJobId: null,
    containerId: null,
    engineEndpoint: null,
    boundAt: null,
    registeredAt: null,
    startExpiresAt: null,
    createdAt: hoursAgo(100),
    updatedAt: hoursAgo(100),
    startedAt: null,
    finishedAt: null,
    revision: 2,
    activeMembers: 0,
    ...changes,
  };
  await db.transaction((tx) => insertGame(tx, game));
  return game;
}
const pastDeadline: Partial<StoredGame> = { enrollmentEndsAt: hoursAgo(1), activeMembers: 2 };

async function tick(changes: { db?: NodePgDatabase; newId?: () => string; stop?: AbortSignal } = {}) {
  const errors: string[] = [];
  const log = pino({ level: 'error' }, { write: (line: string) => errors.push(line) });
  const lobby = createLobby({
    database: databaseOn(pool),
    eligibility: { lookup: () => expect.unreachable('nothing is asked of the User Service') },
    gameMaster: {
      probe: () => expect.unreachable('the Game Master is not asked'),
      register: () => expect.unreachable('the Game Master is not asked'),
    },
    publishers: {},
    streams: { consumers: [], states: () => expect.unreachable('nobody asks for the streams') },
    startTimeoutMs: 300_000,
    underfilledGraceMs: 1_209_600_000,
    minTurnIntervalMs: 900_000,
    catalogue: testCatalogue,
    now: () => now,
    newId: changes.newId ?? (() => uuidv7()),
    log,
  });
  await closeDueEnrollments(
    { ...lobby, db: changes.db ?? db },
    log,
    changes.stop ?? new AbortController().signal,
  );
  await lobby.outbox.settled();
  return errors;
}

const stored = async ({ gameId }: StoredGame) => {
  const [row] = await db.select().from(games).where(eq(games.gameId, gameId));
  return row;
};
const history = ({ gameId }: StoredGame) =>
  db.select().from(timeline).where(eq(timeline.gameId, gameId)).orderBy(asc(timeline.revision));

describe('a tick', () => {
  test('closes a game whose deadline has passed, with a row in its timeline', async () => {
    const game = await open(pastDeadline);
    expect(await tick()).toEqual([]);
    expect(await stored(game)).toMatchObject({ status: 'ready_to_start', revision: 3, updatedAt: now });
    expect(await history(game)).toMatchObject([
      {
        trigger: 'deadline',
        actor: 'worker',
        actorId: null,
        from: 'enrollment_open',
        to: 'ready_to_start',
        at: now,
      },
    ]);
  });

  test('closes a game whose gap has lasted its hours', async () => {
    const full = { activeMembers: 4, gapOpenedAt: hoursAgo(24) };
    const over = await open(full);
    const minuteLeft = await open({ ...full, gapOpenedAt: new Date(hoursAgo(24).getTime() + 60_000) });
    await tick();
    expect(await history(over)).toMatchObject([{ trigger: 'gap', actor: 'worker' }]);
    expect(await stored(minuteLeft)).toMatchObject({ status: 'enrollment_open', revision: 2 });
  });

  test('closes a game whose extra places are full, however fresh its gap is', async () => {
    const game = await open({ activeMembers: 6, gapOpenedAt: hoursAgo(0) });
    await tick();
    expect(await history(game)).toMatchObject([{ trigger: 'gap', to: 'ready_to_start' }]);
  });

  test('leaves a game open at its deadline until min_players are there', async () => {
    const game = await open({ ...pastDeadline, activeMembers: 1 });
    await tick();
    expect(await stored(game)).toMatchObject({ status: 'enrollment_open' });
    await db.update(games).set({ activeMembers: 2 }).where(eq(games.gameId, game.gameId));
    await tick();
    expect(await stored(game)).toMatchObject({ status: 'ready_to_start' });
  });

  test('touches no game that is in another state', async () => {
    const draft = await open({ ...pastDeadline, status: 'draft' });
    const running = await open({ ...pastDeadline, status: 'running' });
    await tick();
    expect(await stored(draft)).toMatchObject({ status: 'draft', revision: 2 });
    expect(await stored(running)).toMatchObject({ status: 'running', revision: 2 });
  });

  test('cancels the applications that were pending, and no others', async () => {
    const closing = await open(pastDeadline);
    const staying = await open();
    const apply = async (game: StoredGame, status: 'pending' | 'rejected') => {
      const applicationId = uuidv7();
      await db.transaction((tx) =>
        insertApplication(tx, {
          applicationId,
          gameId: game.gameId,
          userId: uuidv7(),
          raceName: 'Terrans',
          status,
          createdAt: hoursAgo(5),
          decidedAt: status === 'pending' ? null : hoursAgo(4),
        }),
      );
      return async () => {
        const [row] = await db
          .select()
          .from(applications)
          .where(eq(applications.applicationId, applicationId));
        return row;
      };
    };
    const pending = await apply(closing, 'pending');
    const rejected = await apply(closing, 'rejected');
    const elsewhere = await apply(staying, 'pending');
    await tick();
    expect(await pending()).toMatchObject({ status: 'cancelled', decidedAt: now });
    expect(await rejected()).toMatchObject({ status: 'rejected', decidedAt: hoursAgo(4) });
    expect(await elsewhere()).toMatchObject({ status: 'pending', decidedAt: null });
  });

  test('does nothing when it is told to stop', async () => {
    const game = await open(pastDeadline);
    await tick({ stop: AbortSignal.abort() });
    expect(await stored(game)).toMatchObject({ status: 'enrollment_open' });
  });
});

describe('replicas', () => {
  test('close every due game once when they tick at the same time', async () => {
    const due = await Promise.all(Array.from({ length: 230 }, () => open(pastDeadline)));
    const errors = await Promise.all([tick(), tick(), tick()]);
    expect(errors.flat()).toEqual([]);
    const rows = await db.select({ gameId: timeline.gameId }).from(timeline);
    expect(rows.map(({ gameId }) => gameId).sort()).toEqual(due.map(({ gameId }) => gameId).sort());
    const open_ = await db.select().from(games).where(eq(games.status, 'enrollment_open'));
    expect(open_).toEqual([]);
  });

  test('leave a game that somebody else has locked to them, and close the others meanwhile', async () => {
    const locked = await open(pastDeadline);
    const free = await open(pastDeadline);
    await db.transaction(async (tx) => {
      await lockGame(tx, { kind: 'admin', adminId: undefined }, locked.gameId);
      await tick();
      expect(await stored(free)).toMatchObject({ status: 'ready_to_start' });
      expect(await stored(locked)).toMatchObject({ status: 'enrollment_open' });
    });
    await tick();
    expect(await stored(locked)).toMatchObject({ status: 'ready_to_start' });
  });
});

describe('a game that cannot be closed', () => {
  test('is logged and left for the next tick, while the others of its batch are closed', async () => {
    const first = await open({ ...pastDeadline, enrollmentEndsAt: hoursAgo(3) });
    const broken = await open({ ...pastDeadline, enrollmentEndsAt: hoursAgo(2) });
    const last = await open({ ...pastDeadline, enrollmentEndsAt: hoursAgo(1) });
    const ids = [uuidv7(), 'no uuid', uuidv7()];
    const errors = await tick({ newId: () => ids.shift() ?? uuidv7() });

    expect(errors).toHaveLength(1);
    expect(JSON.parse(errors[0] ?? '')).toMatchObject({
      game_id: broken.gameId,
      msg: 'enrollment could not be closed',
    });
    expect(await stored(first)).toMatchObject({ status: 'ready_to_start' });
    expect(await stored(last)).toMatchObject({ status: 'ready_to_start' });
    expect(await stored(broken)).toMatchObject({ status: 'enrollment_open', revision: 2 });
    expect(await history(broken)).toEqual([]);

    expect(await tick()).toEqual([]);
    expect(await stored(broken)).toMatchObject({ status: 'ready_to_start' });
  });

  test('does not keep a tick from ending when there is nothing else to do', async () => {
    await Promise.all(Array.from({ length: 101 }, () => open(pastDeadline)));
    const errors = await tick({ newId: () => 'no uuid' });
    expect(errors).toHaveLength(100);
  });
});

test('what is due is found through an index, not by reading every open game', async () => {
  await db.execute(sql`
    insert into lobby.games (game_id, game_type, owner_user_id, game_name, description, status, min_players,
      max_players, start_gap_hours, start_gap_players, enrollment_ends_at, turn_schedule, time_zone,
      target_engine_version, created_at, updated_at, opened_at, revision, active_members)
    select gen_random_uuid(), 'public', gen_random_uuid(), 'Orion Arm', '', 'enrollment_open', 2, 4, 24, 2,
      ${now.toISOString()}::timestamptz + n * interval '1 minute', '0 20 * * *', 'UTC', '1.0.0',
      ${now.toISOString()}::timestamptz, ${now.toISOString()}::timestamptz, ${now.toISOString()}::timestamptz, 1, n % 3
    from generate_series(1, 20000) as n`);
  await db.execute(sql`analyze lobby.games`);
  const due = await open(pastDeadline);

  const statements: { query: string; params: unknown[] }[] = [];
  const logger = { logQuery: (query: string, params: unknown[]) => statements.push({ query, params }) };
  await tick({ db: drizzle({ client: pool, logger }) });
  expect(await stored(due)).toMatchObject({ status: 'ready_to_start' });
  const claim = statements.find(({ query }) => query.includes('skip locked'));
  const { rows } = await pool.query(`explain ${claim?.query}`, claim?.params);
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
  expect(plan).toContain('Index Scan using games_closing_due');
  expect(plan).not.toContain('Seq Scan');
});
