import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { maintainNotificationStream } from '../../../lib/backend/notifications/maintenance.ts';
import { databaseOn } from '../../../lib/postgres/database.ts';
import { type MetricsText, startPrometheusText } from '../../../lib/telemetry/metrics.ts';
import { startTestBackend, type TestBackend, TestDevice } from '../../support/backend/backend.ts';
import {
  consumedStream,
  intentFields,
  newIntent,
  type TestNotifications,
  testNotifications,
} from '../../support/backend/notifications.ts';
import { TestPushLog } from '../../support/backend/push-log.ts';

const log = new TestPushLog();
let backend: TestBackend;
let notifications: TestNotifications;
let metrics: MetricsText;
let user: string;
beforeAll(async () => {
  metrics = await startPrometheusText();
  backend = await startTestBackend();
  notifications = testNotifications(backend, log);
  user = (await new TestDevice(backend).signIn('user@example.com')).userId;
});
afterAll(() => backend.close());

let stopMaintenance: () => Promise<void>;
beforeEach(async () => {
  await backend.pool.query('delete from backend.processed_entries');
});
afterEach(() => stopMaintenance());

function startMaintenance(): void {
  const stop = new AbortController();
  const parts = { stream: consumedStream.stream, db: databaseOn(backend.pool), redis: log.redis };
  const running = maintainNotificationStream({ ...parts, log: pino({ level: 'silent' }) }, stop.signal);
  stopMaintenance = async () => {
    stop.abort();
    await running;
  };
}

async function ageMs(): Promise<number> {
  const name = 'backend_notification_intents_oldest_unprocessed_age_ms';
  const value = new RegExp(`^${name} (\\S+)`, 'm').exec(await metrics())?.[1];
  if (value === undefined) throw new Error(`there is no ${name} yet`);
  return Number(value);
}

const soon = (assertion: () => Promise<void>) => vi.waitFor(assertion, { timeout: 15_000, interval: 50 });

it('reports how long the oldest intent has waited, also while no worker runs, and 0 once all are handled', async () => {
  startMaintenance();
  await soon(async () => expect(await ageMs()).toBe(0));
  await notifications.publish(newIntent([user]));
  await soon(async () => expect(await ageMs()).toBeGreaterThan(1_500));
  const worker = notifications.start();
  await soon(async () => expect(await ageMs()).toBe(0));
  await worker.stop();
});

it('removes intents that were handled long ago, and none that was not', async () => {
  const twoDaysAgo = Date.now() - 2 * 24 * 3_600_000;
  const publishOld = async (from: number, count: number) => {
    for (let index = from; index < from + count; index += 1) {
      await log.redis.xadd(
        consumedStream.stream,
        `${twoDaysAgo}-${index + 1}`,
        ...intentFields(newIntent([user])),
      );
    }
  };
  await publishOld(0, 250);
  const worker = notifications.start();
  await notifications.handled(`${twoDaysAgo}-250`);
  await worker.stop();
  await publishOld(250, 250);

  startMaintenance();
  await soon(async () => expect(await log.redis.xlen(consumedStream.stream)).toBeLessThan(500));
  const [first] = await log.redis.xrange(consumedStream.stream, '-', '+', 'COUNT', 1);
  expect(Number(first?.[0].split('-')[1])).toBeLessThanOrEqual(250);
  expect(await log.redis.xlen(consumedStream.stream)).toBeGreaterThan(250);
});

it('forgets who was notified once no outbox can publish the intent again', async () => {
  await backend.pool.query(
    `insert into backend.processed_entries (consumer, event_id, processed_at)
     values ($1, 'old', now() - interval '14 days 1 hour'), ($1, 'young', now() - interval '13 days')`,
    [consumedStream.name],
  );
  startMaintenance();
  await soon(async () => {
    const { rows } = await backend.pool.query('select event_id from backend.processed_entries');
    expect(rows).toEqual([{ event_id: 'young' }]);
  });
});
