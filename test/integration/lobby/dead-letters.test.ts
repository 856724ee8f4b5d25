// What operators see of the lobby's streams and do about dead letters, against a real Redis.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLobbyInternalApp } from '../../../handlers/lobby/internal-router.ts';
import { userLifecycleConsumer } from '../../../lib/lobby/consumers/user-lifecycle.ts';
import { lobbyPublishers } from '../../../lib/lobby/outbox/publishers.ts';
import { consumerStreams } from '../../../lib/lobby/process/consumer-streams.ts';
import * as tables from '../../../lib/lobby/store/schema.ts';
import type { Redis } from '../../../lib/redis/client.ts';
import { statesOf } from '../../../lib/streams/admin.ts';
import { runConsumer } from '../../../lib/streams/consumer.ts';
import { createLogger } from '../../../lib/telemetry/logger.ts';
import { type Answer, type Client, createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';
import { operatorHeaders, operatorIds, operatorOptions } from '../../support/operators.ts';
import { recordingLog } from '../../support/run/log-lines.ts';
import { createTestRedis, type TestRedis } from '../../support/stores/redis.ts';
import { connectRedis } from '../../support/stores/stream-consumer.ts';

const streams = {
  startJobs: 'runtime:start_jobs',
  gameChanges: 'lobby:game_changes',
  stopJobs: 'runtime:stop_jobs',
  notificationIntents: 'notification:intents',
  gmEvents: 'gm:lobby_events',
  jobResults: 'runtime:job_results',
  userLifecycle: 'user:lifecycle_events',
};

const places = consumerStreams(streams);
const consumers = Object.values(places);

let server: TestRedis;
let redis: Redis;
let lobby: TestLobby;
let operator: Client;
beforeAll(async () => {
  server = await createTestRedis();
  redis = await connectRedis(server);
  lobby = await createTestLobby({
    publishers: lobbyPublishers(redis, streams, Object.values(consumerStreams(streams))),
    streams: { consumers, states: statesOf(consumers, { read: (work) => work(redis) }) },
  });
  operator = lobby.operator();
});
afterAll(async () => {
  await lobby.close();
  redis.disconnect();
  await server.drop();
});
beforeEach(async () => {
  await redis.flushdb();
  await lobby.pool.query('truncate lobby.consumers, lobby.dead_letters, lobby.outbox');
});

const items = ({ status, body }: Answer) => {
  expect(status).toBe(200);
  return (body as { items: Record<string, unknown>[] }).items;
};
const code = ({ status, body }: Answer) => [status, (body as { error: { code: string } }).error.code];

/** As a consumer leaves one. */
async function leaveDeadLetter(
  consumer = 'gm_events',
  {
    fields = { event_id: 'x', traceparent: '' } as Record<string, string>,
    createdAt = 'now()',
    parkedKey = null as string | null,
  } = {},
): Promise<string> {
  const id = randomUUID();
  await lobby.pool.query(
    `insert into lobby.dead_letters (dead_letter_id, consumer, entry_id, fields, reason, created_at, parked_key)
     values ($1, $2, $3, $4, 'there is no such game', ${createdAt}, $5)`,
    [id, consumer, `1-${Math.floor(Math.random() * 1e9)}`, fields, parkedKey],
  );
  return id;
}

describe('GET /streams', () => {
  it('shows every consumer, also those that never ran', async () => {
    const blank = {
      offset: null,
      oldest_unprocessed_age_ms: 0,
      lost: false,
      running: false,
      last_error: null,
      last_error_at: null,
      dead_letters: 0,
      parked_keys: 0,
    };
    expect(items(await operator.get('/streams'))).toEqual([
      { consumer: 'gm_events', stream: 'gm:lobby_events', ...blank },
      { consumer: 'runtime_results', stream: 'runtime:job_results', ...blank },
      { consumer: 'user_lifecycle', stream: 'user:lifecycle_events', ...blank },
    ]);
  });

  it('shows how far each is, whether it runs, what it failed with and what it put aside', async () => {
    const old = `${Date.now() - 60_000}-0`;
    await redis.xadd(streams.gmEvents, old, 'a', '');
    const handled = await redis.xadd(streams.gmEvents, '*', 'a', '');
    await redis.set('lobby:stream_offsets:gm_events', String(handled));
    await redis.xadd(streams.jobResults, old, 'a', '');
    await redis.xadd(streams.userLifecycle, '9-0', 'a', '');
    await redis.set('lobby:stream_offsets:user_lifecycle', '5-0');
    await lobby.pool.query(
      `insert into lobby.consumers (name, holder, held_until, last_error, last_error_at) values
       ('gm_events', gen_random_uuid(), now() + interval '1 minute', 'the peer is away', '2031-05-01T12:00:00Z'),
       ('runtime_results', gen_random_uuid(), now() - interval '1 second', null, null)`,
    );
    for (const parkedKey of [null, 'a', 'a', 'b']) await leaveDeadLetter('gm_events', { parkedKey });

    const [gmEvents, runtimeResults, userLifecycle] = items(await operator.get('/streams'));
    expect(gmEvents).toEqual({
      consumer: 'gm_events',
      stream: 'gm:lobby_events',
      offset: handled,
      oldest_unprocessed_age_ms: 0,
      lost: false,
      running: true,
      last_error: 'the peer is away',
      last_error_at: '2031-05-01T12:00:00.000Z',
      dead_letters: 4,
      parked_keys: 2,
    });
    expect(runtimeResults).toMatchObject({ offset: null, running: false, lost: false });
    expect(Number(runtimeResults?.oldest_unprocessed_age_ms)).toBeGreaterThanOrEqual(60_000);
    expect(userLifecycle).toMatchObject({ offset: '5-0', lost: true, dead_letters: 0 });
  });

  it('says that Redis is out of reach when it is', async () => {
    const away = await connectRedis(server);
    away.disconnect();
    const { log } = recordingLog();
    const app = createLobbyInternalApp(
      { log, ready: () => true, bodyLimitBytes: 1_024 },
      {
        ...lobby,
        streams: { ...lobby.streams, states: statesOf(consumers, { read: (work) => work(away) }) },
      },
    );
    const response = await app.request('/api/v1/internal/streams');
    expect([response.status, await response.json()]).toEqual([
      503,
      {
        error: {
          code: 'service_unavailable',
          message: 'Redis is unavailable, so the states of the streams are unknown. Try again.',
        },
      },
    ]);
  });
});

describe('GET /dead-letters', () => {
  it('lists them in pages, oldest first, of one consumer or of all', async () => {
    const ids: string[] = [];
    for (const [index, consumer] of ['gm_events', 'runtime_results', 'gm_events'].entries()) {
      const createdAt = `now() - ${10 - index} * interval '1 minute'`;
      ids.push(await leaveDeadLetter(consumer, { createdAt }));
    }
    const [a, b, c] = ids;
    const idsOf = (answer: Answer) => items(answer).map(({ dead_letter_id }) => dead_letter_id);
    expect(idsOf(await operator.get('/dead-letters'))).toEqual([a, b, c]);
    expect(idsOf(await operator.get('/dead-letters?consumer=gm_events'))).toEqual([a, c]);
    expect(idsOf(await operator.get('/dead-letters?consumer=user_lifecycle'))).toEqual([]);

    const first = await operator.get('/dead-letters?page_size=2');
    expect(idsOf(first)).toEqual([a, b]);
    const { next_page_token: token } = first.body as { next_page_token: string };
    const second = await operator.get(`/dead-letters?page_size=2&page_token=${token}`);
    expect(idsOf(second)).toEqual([c]);
    expect(second.body).not.toHaveProperty('next_page_token');
  });

  it('shows what the entry said, and why it could not be applied', async () => {
    const fields = { event_id: 'Обмен', traceparent: '' };
    const id = await leaveDeadLetter('gm_events', { fields });
    expect(items(await operator.get('/dead-letters'))).toEqual([
      {
        dead_letter_id: id,
        consumer: 'gm_events',
        entry_id: expect.stringMatching(/^1-\d+$/),
        fields,
        reason: 'there is no such game',
        parked_key: null,
        retry_requested_at: null,
        created_at: expect.stringMatching(/Z$/),
      },
    ]);
  });

  it.each(['?consumer=', '?consumer=a%00b', '?page_size=0', '?page_token=x', '?other=1'])(
    'refuses %s',
    async (query) => {
      expect(code(await operator.get(`/dead-letters${query}`))).toEqual([400, 'invalid_request']);
    },
  );
});

describe('POST /dead-letters/{id}/retry', () => {
  it.each([
    ['gm_events', streams.gmEvents],
    ['runtime_results', streams.jobResults],
    ['user_lifecycle', streams.userLifecycle],
  ])(
    'puts an entry of %s back at the end of its stream, whole, and takes the dead letter away',
    async (consumer, stream) => {
      await redis.xadd(stream, '*', 'before', '');
      const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
      const id = await leaveDeadLetter(consumer, { fields: { event_id: 'x', traceparent } });
      const [shown] = items(await operator.get('/dead-letters'));
      expect(await operator.post(`/dead-letters/${id}/retry`)).toEqual({
        status: 200,
        body: shown,
        etag: null,
      });
      await lobby.outbox.settled();
      expect(items(await operator.get('/dead-letters'))).toEqual([]);
      const [, added] = await redis.xrange(stream, '-', '+');
      const fields = added?.[1] ?? [];
      expect(Object.fromEntries([fields.slice(0, 2), fields.slice(2)])).toEqual({
        event_id: 'x',
        traceparent,
      });
    },
  );

  it.each(['runs', 'begins later'])(
    'lets the entry be consumed again by a consumer that %s',
    async (when) => {
      const log = createLogger({ service: 'test', level: 'silent' });
      const stop = new AbortController();
      const consume = () =>
        runConsumer(
          userLifecycleConsumer(lobby, places.user_lifecycle),
          { db: lobby.db, tables, redis, blockMs: 1_000, operationTimeoutMs: 1_000, log },
          stop.signal,
        );
      const eventId = randomUUID();
      const id = await leaveDeadLetter('user_lifecycle', {
        fields: {
          event_id: eventId,
          event_type: 'permanent_blocked',
          user_id: randomUUID(),
          reason_code: 'cheating',
          occurred_at_ms: '1',
          traceparent: '',
        },
      });
      const running = when === 'runs' ? consume() : undefined;
      expect((await operator.post(`/dead-letters/${id}/retry`)).status).toBe(200);
      const consuming = running ?? consume();
      await vi.waitFor(
        async () => {
          const { rows } = await lobby.pool.query(
            'select consumer from lobby.processed_entries where event_id = $1',
            [eventId],
          );
          expect(rows).toEqual([{ consumer: 'user_lifecycle' }]);
        },
        { timeout: 15_000 },
      );
      stop.abort();
      await consuming;
    },
  );

  it('succeeds while Redis is away; the entry comes when it is back', async () => {
    const away = await createTestLobbyWithoutRedis();
    try {
      const id = await away.leave();
      expect((await away.lobby.operator().post(`/dead-letters/${id}/retry`)).status).toBe(200);
      await away.lobby.outbox.settled();
      expect(await away.waiting()).toEqual([{ kind: 'stream_entry', failures: 1 }]);
    } finally {
      await away.lobby.close();
    }
  });

  it('happens once, for those who ask twice at the same time or with the same key', async () => {
    const id = await leaveDeadLetter();
    const both = await Promise.all([1, 2].map(() => operator.post(`/dead-letters/${id}/retry`)));
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 404]);
    const again = await leaveDeadLetter();
    const headers = { 'idempotency-key': randomUUID() };
    const [first, second] = [
      await operator.post(`/dead-letters/${again}/retry`, { headers }),
      await operator.post(`/dead-letters/${again}/retry`, { headers }),
    ];
    expect(first.status).toBe(200);
    expect(second).toEqual(first);
    await lobby.outbox.settled();
    expect(await redis.xlen(streams.gmEvents)).toBe(2);
  });

  it('of a parked key asks the consumer to apply all entries of that key, and adds none to the stream', async () => {
    const [first, second, other] = [
      await leaveDeadLetter('gm_events', { parkedKey: 'a' }),
      await leaveDeadLetter('gm_events', { parkedKey: 'a' }),
      await leaveDeadLetter('gm_events', { parkedKey: 'b' }),
    ];
    const answer = await operator.post(`/dead-letters/${second}/retry`);
    expect(answer).toMatchObject({
      status: 200,
      body: { dead_letter_id: second, parked_key: 'a', retry_requested_at: expect.stringMatching(/Z$/) },
    });
    await lobby.outbox.settled();
    expect(await redis.xlen(streams.gmEvents)).toBe(0);
    const left = new Map(
      items(await operator.get('/dead-letters')).map((letter) => [letter.dead_letter_id, letter]),
    );
    expect([...left.keys()].toSorted()).toEqual([first, second, other].toSorted());
    expect(left.get(first)?.retry_requested_at).not.toBeNull();
    expect(left.get(other)?.retry_requested_at).toBeNull();
  });

  it('is refused when nobody consumes such entries any more, and changes nothing', async () => {
    const id = await leaveDeadLetter('consumer_of_old');
    const answer = await operator.post(`/dead-letters/${id}/retry`);
    expect(code(answer)).toEqual([409, 'invalid_state']);
    expect(items(await operator.get('/dead-letters')).length).toBe(1);
  });
});

describe('POST /dead-letters/{id}/discard', () => {
  it('throws it away, and the log tells who did and what it was', async () => {
    const id = await leaveDeadLetter();
    const { log, lines } = recordingLog();
    const options = { log, ready: () => true, bodyLimitBytes: 1_024, ...operatorOptions };
    const app = createLobbyInternalApp(options, lobby);
    const response = await app.request(`/api/v1/internal/dead-letters/${id}/discard`, {
      method: 'POST',
      headers: await operatorHeaders('lobby', 'grace'),
    });
    expect(response.status).toBe(200);
    expect(items(await operator.get('/dead-letters'))).toEqual([]);
    await lobby.outbox.settled();
    expect(await redis.xlen(streams.gmEvents)).toBe(0);
    expect(lines.filter(({ msg }) => msg === 'dead letter discarded')).toEqual([
      expect.objectContaining({
        level: 'warn',
        operator_id: operatorIds.grace,
        dead_letter_id: id,
        consumer: 'gm_events',
        reason: 'there is no such game',
      }),
    ]);
  });
});

describe.each(['retry', 'discard'])('POST /dead-letters/{id}/%s', (verb) => {
  it('is refused for one that is not there, or is no id, or with a body', async () => {
    const id = await leaveDeadLetter();
    const before = await lobby.tables();
    expect(code(await operator.post(`/dead-letters/${randomUUID()}/${verb}`))).toEqual([404, 'not_found']);
    expect(code(await operator.post(`/dead-letters/7/${verb}`))).toEqual([400, 'invalid_request']);
    const withBody = await operator.post(`/dead-letters/${id}/${verb}`, { body: { why: 'because' } });
    expect(code(withBody)).toEqual([400, 'invalid_request']);
    expect(await lobby.tables()).toEqual(before);
  });
});

/** A lobby whose messages cannot be published. */
async function createTestLobbyWithoutRedis() {
  const away = await createTestLobby({
    publishers: { stream_entry: () => Promise.reject(new Error('connection refused')) },
    streams: { consumers, states: () => Promise.reject(new Error('connection refused')) },
  });
  return {
    lobby: away,
    async leave() {
      const id = randomUUID();
      await away.pool.query(
        `insert into lobby.dead_letters (dead_letter_id, consumer, entry_id, fields, reason)
         values ($1, 'gm_events', '1-1', '{"event_id":"x"}', 'unknown')`,
        [id],
      );
      return id;
    },
    waiting: () =>
      vi.waitFor(
        async () => {
          const { rows } = await away.pool.query('select kind, failures from lobby.outbox');
          expect(rows[0]?.failures).toBeGreaterThan(0);
          return rows;
        },
        { timeout: 10_000 },
      ),
  };
}
