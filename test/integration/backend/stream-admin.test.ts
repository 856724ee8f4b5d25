// What admins see of the notification worker, and do about what it put aside.
import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openRedis, type Redis } from '../../../lib/redis/client.ts';
import {
  type HttpResponse,
  startTestBackend,
  type TestBackend,
  TestDevice,
} from '../../support/backend/backend.ts';
import {
  consumedStream,
  intentFields,
  newIntent,
  type TestNotifications,
  testNotifications,
} from '../../support/backend/notifications.ts';
import { TestPushLog } from '../../support/backend/push-log.ts';
import { startTcpProxy, type TcpProxy } from '../../support/network/tcp-proxy.ts';

const log = new TestPushLog();
let proxy: TcpProxy;
let redis: Redis;
let backend: TestBackend;
let notifications: TestNotifications;
let user: string;
beforeAll(async () => {
  const { host, port, password, db } = log.server;
  proxy = await startTcpProxy({ host, port });
  const [proxyHost = '', proxyPort] = proxy.addr.split(':');
  const addr = { host: proxyHost, port: Number(proxyPort) };
  redis = await openRedis({ addr, password, db, operationTimeoutMs: 1_000 }, () => {});
  backend = await startTestBackend({ redis });
  notifications = testNotifications(backend, log);
  user = (await new TestDevice(backend).signIn('user@example.com')).userId;
});
afterAll(async () => {
  redis.disconnect();
  await proxy.close();
  await backend.close();
});

let worker: { stop(): Promise<void> } | undefined;
const start = (...options: Parameters<TestNotifications['start']>) => {
  worker = notifications.start(...options);
};
beforeEach(async () => {
  await backend.pool.query('truncate backend.dead_letters, backend.consumers');
});
afterEach(async () => {
  await worker?.stop();
  worker = undefined;
});

const lettersPath = '/api/v1/internal/dead-letters';
const get = (path: string) => backend.adminRequest('GET', path);
const post = (path: string, body?: unknown) =>
  backend.adminRequest('POST', path, body === undefined ? {} : { body });
const lettersOf = (response: HttpResponse) => response.body.items as Record<string, unknown>[];

/** Puts an entry aside. @returns its dead letter. */
async function putAside(
  fields: Record<string, string>,
  more: { consumer?: string; at?: string } = {},
): Promise<string> {
  const { consumer = consumedStream.name, at = '2026-01-31T12:00:00.000Z' } = more;
  const id = uuidv7();
  await backend.pool.query(
    `insert into backend.dead_letters (dead_letter_id, consumer, entry_id, fields, reason, created_at)
     values ($1, $2, $3, $4, 'unknown at the time', $5)`,
    [id, consumer, `1-${parseInt(id.slice(-6), 16)}`, fields, at],
  );
  return id;
}

function goodFields(): Record<string, string> {
  const flat = intentFields(newIntent([user]));
  return Object.fromEntries(
    Array.from({ length: flat.length / 2 }, (_, index) => [flat[2 * index], flat[2 * index + 1]]),
  );
}

describe('streams', () => {
  const standing = async () => (await get('/api/v1/internal/streams')).body;
  const fresh = {
    consumer: 'notification_intents',
    stream: 'notification:intents',
    offset: null,
    oldest_unprocessed_age_ms: 0,
    lost: false,
    running: false,
    last_error: null,
    last_error_at: null,
    dead_letters: 0,
    parked_keys: 0,
  };

  it('show where the worker is, whether it works, and what it put aside', async () => {
    expect(await standing()).toEqual({ items: [fresh] });
    await notifications.publishFields(['hello', 'world']);
    const waiting = { ...fresh, oldest_unprocessed_age_ms: expect.any(Number) };
    expect(await standing()).toEqual({ items: [waiting] });
    start();
    const last = await notifications.publish(newIntent([user]));
    await notifications.handled(last);
    expect(await standing()).toEqual({ items: [{ ...fresh, offset: last, running: true, dead_letters: 1 }] });
  });

  it('show what the worker ran into, and how long the oldest entry has waited since', async () => {
    start({
      mailedTypes: ['lobby.game.started'],
      mails: { write: () => Promise.reject(new Error('the mails are locked')) },
    });
    await notifications.publish(newIntent([user]));
    await vi.waitFor(
      async () =>
        expect(await standing()).toEqual({
          items: [
            {
              ...fresh,
              running: true,
              oldest_unprocessed_age_ms: expect.toSatisfy((ms: number) => ms > 500),
              last_error: 'the mails are locked',
              last_error_at: expect.stringMatching(/^\d{4}-.*Z$/),
            },
          ],
        }),
      { timeout: 10_000 },
    );
  });

  it('cannot be shown while Redis is away', async () => {
    proxy.cut();
    try {
      const response = await get('/api/v1/internal/streams');
      expect([response.status, response.body]).toEqual([
        503,
        {
          error: {
            code: 'service_unavailable',
            message: 'Redis is unavailable, so the states of the streams are unknown. Try again.',
          },
        },
      ]);
    } finally {
      proxy.heal();
    }
    await vi.waitFor(async () => expect((await get('/api/v1/internal/streams')).status).toBe(200), {
      timeout: 10_000,
    });
  });
});

describe('dead letters', () => {
  it('are listed with their reasons, the oldest first, in pages, of all consumers or one', async () => {
    start();
    const entryId = await notifications.publishFields(['hello', 'world', 'traceparent', '']);
    await notifications.handled(entryId);
    const [letter] = lettersOf(await get(lettersPath));
    expect(letter).toEqual({
      dead_letter_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      consumer: 'notification_intents',
      entry_id: entryId,
      fields: { hello: 'world', traceparent: '' },
      reason: expect.stringMatching(/^malformed: notification_type /),
      parked_key: null,
      retry_requested_at: null,
      created_at: expect.stringMatching(/^\d{4}-.*Z$/),
    });

    const ids: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      // Two of each pair at the same time.
      ids.push(await putAside({}, { at: `2026-01-31T12:00:0${index >> 1}.000Z` }));
    }
    const other = await putAside({}, { consumer: 'other', at: '2026-01-31T11:00:00.000Z' });
    const seen: unknown[] = [];
    for (let token: unknown; ; ) {
      const page = await get(
        `${lettersPath}?page_size=2${token === undefined ? '' : `&page_token=${token}`}`,
      );
      seen.push(...lettersOf(page).map(({ dead_letter_id: id }) => id));
      token = page.body.next_page_token;
      if (token === undefined) break;
    }
    expect(seen).toEqual([other, ...ids, letter?.dead_letter_id]);
    expect(lettersOf(await get(`${lettersPath}?consumer=other`))).toMatchObject([{ dead_letter_id: other }]);
  });

  it('that are tried again are handled like any other intent, once', async () => {
    start();
    const fields = goodFields();
    const id = await putAside(fields);
    const response = await post(`${lettersPath}/${id}/retry`);
    expect([response.status, response.body]).toMatchObject([200, { dead_letter_id: id, fields }]);
    await vi.waitFor(async () => expect((await notifications.eventsOf(user)).length).toBe(1), {
      timeout: 10_000,
    });
    expect(lettersOf(await get(lettersPath))).toEqual([]);
    expect((await post(`${lettersPath}/${id}/retry`, {})).status).toBe(404);

    await post(`${lettersPath}/${await putAside(fields)}/retry`);
    await notifications.handled(await notifications.publish(newIntent([user])));
    expect((await notifications.eventsOf(user)).length).toBe(2);
  });

  it('that still cannot be applied are put aside again', async () => {
    start();
    const id = await putAside({ hello: 'world' });
    expect((await post(`${lettersPath}/${id}/retry`)).status).toBe(200);
    await vi.waitFor(
      async () =>
        expect(lettersOf(await get(lettersPath))).toMatchObject([
          { fields: { hello: 'world' }, reason: expect.stringMatching(/^malformed: /) },
        ]),
      { timeout: 10_000 },
    );
  });

  it('stay when Redis cannot take them', async () => {
    const id = await putAside(goodFields());
    proxy.cut();
    try {
      const { 'backend.audit_entries': _, ...before } = await backend.snapshot();
      expect((await post(`${lettersPath}/${id}/retry`)).body).toMatchObject({
        error: { code: 'service_unavailable' },
      });
      const { 'backend.audit_entries': __, ...after } = await backend.snapshot();
      expect(after).toEqual(before);
      const { rows } = await backend.pool.query(
        `select action, after from backend.audit_entries where subject_id = $1 order by entry_id`,
        [id],
      );
      // Redis may have taken it nevertheless, so both are recorded.
      expect(rows).toEqual([
        { action: 'dead_letter.retry', after: { outcome: 'requested' } },
        { action: 'dead_letter.retry', after: { outcome: 'failed' } },
      ]);
    } finally {
      proxy.heal();
    }
  });

  it('are discarded permanently', async () => {
    const id = await putAside(goodFields());
    const kept = await putAside(goodFields());
    expect((await post(`${lettersPath}/${id}/discard`)).body).toMatchObject({ dead_letter_id: id });
    expect(lettersOf(await get(lettersPath))).toMatchObject([{ dead_letter_id: kept }]);
    expect(await log.redis.xlen(consumedStream.stream)).toBe(0);
  });

  it('of a consumer that is no more can only be discarded', async () => {
    const id = await putAside({}, { consumer: 'bygone' });
    const before = await backend.snapshot();
    const response = await post(`${lettersPath}/${id}/retry`);
    expect([response.status, response.body]).toEqual([
      409,
      {
        error: {
          code: 'invalid_state',
          message: 'There is no consumer bygone any more that could retry it; it can be discarded.',
        },
      },
    ]);
    expect(await backend.snapshot()).toEqual(before);
    expect((await post(`${lettersPath}/${id}/discard`)).status).toBe(200);
  });

  it.each(['retry', 'discard'])('that do not exist cannot be used with %s', async (verb) => {
    const unknownId = uuidv7();
    await putAside({});
    const before = await backend.snapshot();
    const response = await post(`${lettersPath}/${unknownId}/${verb}`);
    expect([response.status, response.body]).toEqual([
      404,
      { error: { code: 'not_found', message: `There is no dead letter ${unknownId}.` } },
    ]);
    for (const refused of [
      await post(`${lettersPath}/first/${verb}`),
      await post(`${lettersPath}/${unknownId}/${verb}`, { now: true }),
    ]) {
      expect(refused).toMatchObject({ status: 400, body: { error: { code: 'invalid_request' } } });
    }
    expect(await backend.snapshot()).toEqual(before);
  });

  it.each(['?consumer=', '?consumer=a%00b', '?page_token=abc', '?page_size=0', '?reason=malformed'])(
    'cannot be listed with %s',
    async (query) => {
      expect(await get(`${lettersPath}${query}`)).toMatchObject({
        status: 400,
        body: { error: { code: 'invalid_request' } },
      });
    },
  );
});
