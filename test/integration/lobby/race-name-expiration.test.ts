import { drizzle } from 'drizzle-orm/node-postgres';
import { pino } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { expirePendingRegistrations } from '../../../lib/lobby/automation/pending-registrations.ts';
import { lockAnyGame } from '../../../lib/lobby/store/games.ts';
import { openRedis } from '../../../lib/redis/client.ts';
import { gameBody } from '../../support/lobby/games.ts';
import { raceNameBackends, type TestLobby } from '../../support/lobby/lobby.ts';
import { createTestRaceNames, type TestRaceNames } from '../../support/lobby/race-names.ts';
import { runEntry } from '../../support/run/run-process.ts';
import { createTestRedis, type TestRedis } from '../../support/stores/redis.ts';

const hour = 3_600_000;

/** Expiration intents that have been written, the oldest first. */
async function intentsIn({ pool }: TestLobby): Promise<Record<string, unknown>[]> {
  const { rows } = await pool.query(`select ordering_key, payload from lobby.outbox
    where payload ->> 'notification_type' = 'lobby.race_name.expired' order by position`);
  return rows.map(({ ordering_key, payload }) => ({ ordering_key, ...payload }));
}

describe.each(raceNameBackends)('a tick of the pending registration expirer (%s)', (backend) => {
  let names: TestRaceNames;
  let lobby: TestLobby;
  beforeAll(async () => {
    names = await createTestRaceNames(backend);
    lobby = names.lobby;
  });
  afterAll(() => names.close());

  let bob: string;
  beforeEach(async () => {
    bob = uuidv7();
    await lobby.pool.query('truncate lobby.outbox');
  });
  const inHours = (hours: number) => new Date(lobby.now().getTime() + hours * hour);

  async function tick(changes: Partial<TestLobby> = {}, stop = new AbortController().signal) {
    const told: Record<string, unknown>[] = [];
    const log = pino({}, { write: (line: string) => told.push(JSON.parse(line)) });
    await expirePendingRegistrations({ ...lobby, ...changes }, log, stop);
    return told.map(({ msg, race_name_id }) => `${msg} ${race_name_id}`);
  }

  test('leaves a name whose time is not over', async () => {
    await names.makePending(bob, 'Patience', inHours(1));
    const before = await names.list(bob);
    lobby.clock.set(new Date(inHours(1).getTime() - 1));
    expect(await tick()).toEqual([]);
    expect(await names.list(bob)).toEqual(before);
    expect(await intentsIn(lobby)).toEqual([]);
    await names.inTransaction((tx) => names.directory.releaseUser(tx, bob));
  });

  test('gives up a name whose time is over, and tells its player, once', async () => {
    const until = inHours(1);
    const raceNameId = await names.makePending(bob, 'Overdue', until);
    await names.reserveNow(bob, 'Kept for now');
    const [held] = (await names.list(bob)).filter((one) => one.raceNameId === raceNameId);
    lobby.clock.set(until);

    expect(await tick()).toEqual([`race name given up ${raceNameId}`]);
    expect(await names.namesOf(bob)).toEqual(['Kept for now']);
    expect(await names.isFreeFor(uuidv7(), 'Overdue')).toBe(true);
    const intent = {
      ordering_key: held?.gameId,
      notification_type: 'lobby.race_name.expired',
      producer: 'lobby',
      recipient_user_ids: [bob],
      idempotency_key: `lobby.race_name.expired:${raceNameId}`,
      payload: {
        game_id: held?.gameId,
        game_name: gameBody.game_name,
        race_name_id: raceNameId,
        race_name: 'Overdue',
        register_until: until.toISOString(),
      },
      occurred_at_ms: until.getTime(),
    };
    expect(await intentsIn(lobby)).toEqual([intent]);
    expect(await tick()).toEqual([]);
    expect(await intentsIn(lobby)).toEqual([intent]);
  });

  test('leaves a name that is registered, also when that happens at this moment', async () => {
    const until = inHours(1);
    const raceNameId = await names.makePending(bob, 'Just in time', until);
    const [held] = await names.list(bob);
    await names.inTransaction(async (tx) => {
      await lockAnyGame(tx, held?.gameId ?? '');
      await names.directory.lock(tx, bob, raceNameId);
      await names.directory.register(tx, raceNameId, new Date(until.getTime() - 1));
      lobby.clock.set(until);
      expect(await tick()).toEqual([]);
    });
    expect(await tick()).toEqual([]);
    expect(await names.list(bob)).toMatchObject([{ name: 'Just in time', kind: 'registered' }]);
    expect(await intentsIn(lobby)).toEqual([]);
  });

  test('gives up a name without a word when its player has registered it by way of another game', async () => {
    const registered = await names.makePending(bob, 'Twice earned', inHours(1));
    await names.makePending(bob, 'Twice earned', inHours(1));
    await names.inTransaction(async (tx) => {
      await names.directory.lock(tx, bob, registered);
      await names.directory.register(tx, registered, lobby.now());
    });
    lobby.clock.set(inHours(1));
    expect(await tick()).toHaveLength(1);
    expect(await names.list(bob)).toMatchObject([{ raceNameId: registered, kind: 'registered' }]);
    expect(await intentsIn(lobby)).toEqual([]);
    await names.inTransaction((tx) => names.directory.releaseUser(tx, bob));
  });

  test('tells nothing of names that were taken from a user who is gone', async () => {
    await names.makePending(bob, 'Departed', lobby.now());
    await names.inTransaction((tx) => names.directory.releaseUser(tx, bob));
    expect(await tick()).toEqual([]);
    expect(await intentsIn(lobby)).toEqual([]);
  });

  test('leaves a name whose game is locked to the next tick, and gives up the others', async () => {
    const [locked, free] = [
      await names.makePending(bob, 'Locked away', lobby.now()),
      await names.makePending(bob, 'At large', lobby.now()),
    ];
    const held = (await names.list(bob)).find(({ raceNameId }) => raceNameId === locked);
    await names.inTransaction(async (tx) => {
      await lockAnyGame(tx, held?.gameId ?? '');
      expect(await tick()).toEqual([`race name given up ${free}`]);
    });
    expect(await tick()).toEqual([`race name given up ${locked}`]);
  });

  test('does nothing when it is told to stop', async () => {
    const raceNameId = await names.makePending(bob, 'Stopped short', lobby.now());
    expect(await tick({}, AbortSignal.abort())).toEqual([]);
    expect(await names.namesOf(bob)).toEqual(['Stopped short']);
    expect(await tick()).toEqual([`race name given up ${raceNameId}`]);
  });

  test('gives up nothing that it cannot tell of', async () => {
    const raceNameId = await names.makePending(bob, 'Unspoken', lobby.now());
    const outbox = Object.create(lobby.outbox, {
      write: { value: () => Promise.reject(new Error('the disk is full')) },
    });
    await expect(tick({ outbox })).rejects.toThrow('the disk is full');
    expect(await names.namesOf(bob)).toEqual(['Unspoken']);
    expect(await tick()).toEqual([`race name given up ${raceNameId}`]);
    expect(await intentsIn(lobby)).toHaveLength(1);
  });

  test('gives up hundreds of names once each, also when several replicas tick at once', async () => {
    const games = await Promise.all(Array.from({ length: 10 }, () => names.newGame()));
    const users = Array.from({ length: 230 }, () => uuidv7());
    await names.inTransaction(async (tx) => {
      for (const [index, userId] of users.entries()) {
        const gameId = games[index % games.length] ?? '';
        expect(await names.reserve(tx, userId, gameId, `Legion ${index}`)).toBe('reserved');
        await names.directory.allowRegistration(tx, { userId, gameId }, lobby.now());
      }
    });
    const late = uuidv7();
    await names.makePending(late, 'Latecomer', inHours(1));

    const told = (await Promise.all([tick(), tick(), tick()])).flat();
    told.push(...(await tick()));
    expect(told).toHaveLength(users.length);
    expect(new Set(told).size).toBe(users.length);
    const recipients = (await intentsIn(lobby)).map(({ recipient_user_ids }) => recipient_user_ids);
    expect(recipients.flat().toSorted()).toEqual(users.toSorted());
    for (const userId of users) expect(await names.list(userId)).toEqual([]);
    expect(await names.namesOf(late)).toEqual(['Latecomer']);
  });
});

describe('the pending registration expirer', () => {
  let names: TestRaceNames;
  let redis: TestRedis;
  beforeAll(async () => {
    [names, redis] = await Promise.all([createTestRaceNames('postgres'), createTestRedis()]);
  });
  afterAll(() => Promise.all([names.close(), redis.drop()]));

  test('that is killed and started again gives up what has come due, each name once', async () => {
    const [bob, past] = [uuidv7(), new Date(Date.now() - hour)];
    const start = () =>
      runEntry('workers/pending-registration-expirer.ts', {
        LOBBY_REDIS_MASTER_ADDR: redis.addr,
        LOBBY_REDIS_PASSWORD: redis.password,
        LOBBY_REDIS_DB: String(redis.db),
        LOBBY_POSTGRES_PRIMARY_DSN: names.lobby.pool.options.connectionString ?? '',
        LOBBY_USER_SERVICE_BASE_URL: 'http://127.0.0.1:1',
        LOBBY_GM_BASE_URL: 'http://127.0.0.1:1',
        LOBBY_RACE_NAME_EXPIRATION_INTERVAL: '50ms',
      });
    await names.makePending(bob, 'Early bird', past);
    await names.makePending(bob, 'Night owl', new Date(Date.now() + hour));
    const first = start();
    try {
      await vi.waitFor(async () => expect(await names.namesOf(bob)).toEqual(['Night owl']), 40_000);
    } finally {
      first.child.kill('SIGKILL');
    }
    await first.ended;
    await names.makePending(bob, 'Second wind', past);
    const second = start();
    try {
      await vi.waitFor(async () => expect(await names.namesOf(bob)).toEqual(['Night owl']), 40_000);
    } finally {
      second.child.kill('SIGTERM');
    }
    expect((await second.ended).exitCode).toBe(0);
    const about = (await intentsIn(names.lobby)).map(({ payload }) => payload);
    expect(about).toMatchObject([{ race_name: 'Early bird' }, { race_name: 'Second wind' }]);
    // What the first one had no time to publish waits for a relay.
    const client = await openRedis({ ...redis, addr: redis, operationTimeoutMs: 5_000 }, () => {});
    const published = await client.xrange('notification:intents', '-', '+');
    client.disconnect();
    expect(JSON.stringify(published)).toContain('Second wind');
  }, 140_000);
});

test('what has expired is found through an index, not by reading every name that can be registered', async () => {
  const names = await createTestRaceNames('postgres');
  const { lobby } = names;
  await lobby.pool.query(
    `insert into lobby.race_names (race_name_id, kind, user_id, game_id, name, folded, skeleton, held_since, register_until)
     select gen_random_uuid(), 'pending_registration', gen_random_uuid(), $1, 'Zorb', n, n, now(), '2040-01-01'
     from generate_series(1, 20000) as n`,
    [await names.newGame()],
  );
  await lobby.pool.query('analyze lobby.race_names');
  const statements: { query: string; params: unknown[] }[] = [];
  const logger = { logQuery: (query: string, params: unknown[]) => statements.push({ query, params }) };
  const watched = drizzle({ client: lobby.pool, logger });
  expect(await lobby.raceNames.listExpired(watched, lobby.now(), 100)).toEqual([]);
  const { rows } = await lobby.pool.query(`explain ${statements[0]?.query}`, statements[0]?.params);
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
  expect(plan).toContain('Index Scan using race_names_expiring');
  expect(plan).not.toContain('Sort');
  await names.close();
});
