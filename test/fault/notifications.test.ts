// The notification worker is killed wherever it could repeat or lose work.
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { secret, startTestBackend, type TestBackend, TestDevice } from '../support/backend/backend.ts';
import {
  consumedStream,
  newIntent,
  type TestNotifications,
  testNotifications,
} from '../support/backend/notifications.ts';
import { TestPushLog } from '../support/backend/push-log.ts';
import { startTcpProxy, type TcpProxy } from '../support/network/tcp-proxy.ts';
import { type RunningProcess, runEntry } from '../support/run/run-process.ts';

vi.setConfig({ testTimeout: 90_000 });

const log = new TestPushLog();
let backend: TestBackend;
let notifications: TestNotifications;
/** Holds locks for which the worker waits. */
let holder: pg.Client;
let proxy: TcpProxy;
let user: string;
beforeAll(async () => {
  backend = await startTestBackend();
  notifications = testNotifications(backend, log);
  holder = new pg.Client({ connectionString: backend.dsn });
  await holder.connect();
  proxy = await startTcpProxy(log.server);
});
afterAll(async () => {
  await holder.end();
  await proxy.close();
  await backend.close();
});

let users = 0;
beforeEach(async () => {
  users += 1;
  user = (await new TestDevice(backend).signIn(`user${users}@example.com`)).userId;
  await backend.settled();
  backend.mails.length = 0;
  await freeLease();
});

/** Ends the lease of a dead worker. One test below shows that it also ends by itself. */
const freeLease = () => backend.pool.query('update backend.consumers set holder = null, held_until = null');

const started: RunningProcess[] = [];
afterEach(async () => {
  await holder.query('rollback');
  proxy.heal();
  for (const { child, ended } of started.splice(0)) {
    if (child.exitCode === null) child.kill('SIGKILL');
    await ended;
  }
});

function startWorker(redisAddr = log.server.addr): RunningProcess {
  const running = runEntry('workers/backend-notifications.ts', {
    BACKEND_POSTGRES_PRIMARY_DSN: backend.dsn,
    BACKEND_REDIS_ADDR: redisAddr,
    BACKEND_REDIS_PASSWORD: log.server.password,
    BACKEND_REDIS_DB: String(log.server.db),
    BACKEND_CODE_HMAC_KEY: secret,
    BACKEND_MAIL_NOTIFICATION_TYPES: 'lobby.game.started',
    BACKEND_NOTIFICATION_INTENTS_READ_BLOCK_TIMEOUT: '500ms',
    // Transactions wait in these tests for longer than the default allows.
    BACKEND_POSTGRES_OPERATION_TIMEOUT: '30s',
  });
  started.push(running);
  return running;
}

async function kill({ child, ended }: RunningProcess): Promise<void> {
  child.kill('SIGKILL');
  await ended;
}

const eventually = <T>(look: () => Promise<T>) => vi.waitFor(look, { timeout: 40_000, interval: 50 });

const events = async () => (await notifications.eventsOf(user)).length;
const lockedOut = async () =>
  expect(
    (
      await backend.pool.query(
        `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      )
    ).rowCount,
  ).toBeGreaterThan(0);
const recorded = async () =>
  (await backend.pool.query(`select 1 from backend.processed_entries where event_id like $1`, [`${user}:%`]))
    .rowCount;

/** Another worker takes over: the user is notified of both intents, once. */
async function expectNotifiedOnce(): Promise<void> {
  const last = await notifications.publish(newIntent([user]));
  startWorker();
  await eventually(async () => expect(await log.redis.get(consumedStream.offsetKey)).toBe(last));
  expect(await events()).toBe(2);
  await backend.sendMails();
  expect(backend.mails.length).toBe(2);
}

describe('a notification worker that is killed', () => {
  it('after it has read an intent loses nothing', async () => {
    await holder.query('begin');
    await holder.query('select 1 from backend.users where user_id = $1 for update', [user]);
    const worker = startWorker();
    await notifications.publish(newIntent([user]));
    await eventually(lockedOut);
    expect(await events()).toBe(0);
    await kill(worker);
    await freeLease();
    await holder.query('rollback');
    await expectNotifiedOnce();
  });

  it('after the events were appended and before its commit notifies no user twice', async () => {
    await holder.query('begin');
    await holder.query('lock table backend.mails in exclusive mode');
    const worker = startWorker();
    await notifications.publish(newIntent([user]));
    await eventually(lockedOut);
    expect(await events()).toBe(1);
    await kill(worker);
    await freeLease();
    await holder.query('rollback');
    expect(await recorded()).toBe(0);
    await expectNotifiedOnce();
  });

  it('after its commit and before its offset was moved notifies no user twice, once its lease has ended', async () => {
    await holder.query('begin');
    await holder.query('lock table backend.mails in exclusive mode');
    const worker = startWorker(proxy.addr);
    await notifications.publish(newIntent([user]));
    await eventually(lockedOut);
    proxy.stall();
    await holder.query('rollback');
    await eventually(async () => expect(await recorded()).toBe(1));
    await kill(worker);
    expect(await log.redis.get(consumedStream.offsetKey)).toBeNull();
    await expectNotifiedOnce();
  });
});

it('stops on SIGTERM, and another worker continues at once', async () => {
  const first = startWorker();
  await notifications.handled(await notifications.publish(newIntent([user])));
  first.child.kill('SIGTERM');
  const { exitCode, stderr, stdout } = await first.ended;
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout).toContain('"drained":true');
  await expectNotifiedOnce();
});

it('refuses to start with a line for everything that is wrong', async () => {
  const { exitCode, stderr } = await runEntry('workers/backend-notifications.ts', {
    BACKEND_POSTGRES_PRIMARY_DSN: backend.dsn,
    BACKEND_CODE_HMAC_KEY: secret,
    BACKEND_MAIL_NOTIFICATION_TYPES: 'lobby.game.started, lobby.game.exploded,cake',
  }).ended;
  expect(exitCode).toBe(1);
  expect(stderr.trimEnd().split('\n').toSorted()).toEqual([
    '  BACKEND_MAIL_NOTIFICATION_TYPES: "lobby.game.started, lobby.game.exploded,cake" cannot be used: there is no notification type lobby.game.exploded, cake; docs/notifications.md lists them',
    expect.stringMatching(/^ {2}BACKEND_REDIS_ADDR: is not set/),
    expect.stringMatching(/^ {2}BACKEND_REDIS_PASSWORD: is not set/),
    'backend-notifications refuses to start: 3 problems',
  ]);
});
