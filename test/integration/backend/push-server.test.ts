import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { credentials, makeGenericClientConstructor, type StatusObject, status } from '@grpc/grpc-js';
import { afterEach, describe, expect, test } from 'vitest';
import {
  decodeEventId,
  encodeCursor,
  encodeEventId,
  nextStreamId,
} from '../../../lib/backend/domain/log-position.ts';
import { appendSessionInvalidation } from '../../../lib/backend/push/log/append-session-invalidation.ts';
import type { PushEvent } from '../../../lib/protocol/generated/galaxy/push/v1/push.ts';
import {
  idsOf,
  newEvent,
  positionOfCursor,
  TestPushLog,
  usualPayload,
} from '../../support/backend/push-log.ts';
import { startTestPush, type TestPush } from '../../support/backend/push-process.ts';
import { PushReader, readUserEvents } from '../../support/backend/push-reader.ts';
import { startTcpProxy } from '../../support/network/tcp-proxy.ts';
import { callersText } from '../../support/service-callers.ts';

const testLog = new TestPushLog();

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function startPush(variables: Record<string, string> = {}): Promise<TestPush> {
  const push = await startTestPush(testLog.server, variables);
  closers.push(() => push.stop());
  return push;
}

function subscribe(push: TestPush, options: ConstructorParameters<typeof PushReader>[1] = {}): PushReader {
  const reader = new PushReader(push.addr, options);
  closers.push(() => reader.close());
  return reader;
}

/** A subscription that is known to have begun, at the head. */
async function subscribeAtHead(push: TestPush): Promise<PushReader> {
  return subscribe(push).until(({ frames }) => frames.length > 0);
}

async function appendMany(count: number, payload = Buffer.from('{}')): Promise<string[]> {
  const users = Array.from({ length: 5 }, () => randomUUID());
  const ids: string[] = [];
  for (let i = 0; i < count; i++) {
    ids.push((await testLog.append(users[i % users.length] ?? '', { payload })).eventId);
  }
  return ids;
}

const has = (count: number) => (reader: PushReader) => reader.events.length >= count;
const eventOf = (frame: PushEvent | undefined) => frame?.event;

describe('a subscription', () => {
  test('without a cursor begins at the head, and gets its cursor at once', async () => {
    const push = await startPush();
    await appendMany(3);
    const reader = await subscribeAtHead(push);
    expect(eventOf(reader.frames[0])).toBeUndefined();
    const begun = reader.cursor;

    const later = await appendMany(2);
    await reader.until(has(2));
    expect(reader.eventIds).toEqual(later);
    const resumed = await subscribe(push, { cursor: begun }).until(has(2));
    expect(resumed.eventIds).toEqual(later);
  });

  test('gets every kind of frame, as it was written', async () => {
    const push = await startPush();
    const reader = await subscribeAtHead(push);
    const [userId, session] = [randomUUID(), randomUUID()];
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const first = await testLog.append(userId);
    const second = await testLog.append(userId, { traceparent });
    const cursor = await appendSessionInvalidation(testLog.log, {
      userId,
      deviceSessionIds: [session],
      reason: 'revoked',
    });
    await reader.until(({ frames }) => frames.some((frame) => frame.cursor === cursor));
    expect(reader.events[1]).toEqual({
      eventId: second.eventId,
      prevEventId: first.eventId,
      recipientUserId: userId,
      eventType: 'lobby.application.approved',
      timestampMs: 1_764_000_000_000n,
      payloadBytes: Buffer.from(usualPayload),
      traceparent,
    });
    expect(eventOf(reader.frames.find((frame) => frame.cursor === cursor))).toEqual({
      $case: 'sessionInvalidation',
      value: { userId, deviceSessionIds: [session], reason: 'revoked' },
    });
  });

  test('gets an event once that was appended twice', async () => {
    const push = await startPush();
    const reader = await subscribeAtHead(push);
    const userId = randomUUID();
    const event = newEvent(userId);
    const once = await testLog.append(userId, event);
    await testLog.append(userId, event);
    const last = await testLog.append(userId);
    await reader.until(has(2));
    expect(reader.eventIds).toEqual([once.eventId, last.eventId]);
  });

  test('sees the same frames in the same order as every other, on every replica', async () => {
    const [one, two] = [await startPush(), await startPush()];
    const readers = await Promise.all([one, one, two].map(subscribeAtHead));
    const cursors = readers.map((reader) => reader.cursor);
    const ids = await appendMany(50);
    for (const reader of readers) {
      await reader.until(has(50));
      expect(reader.eventIds).toEqual(ids);
    }
    expect(new Set(readers.map(({ cursor }) => cursor)).size).toBe(1);
    expect(cursors.every((cursor) => cursor !== '')).toBe(true);
  });

  test('resumes at any cursor without a hole or a repeat', async () => {
    const push = await startPush();
    const reader = await subscribeAtHead(push);
    const ids = await appendMany(20);
    await reader.until(has(20));
    for (const [i, frame] of reader.frames.entries()) {
      const before = reader.frames
        .slice(0, i + 1)
        .filter(({ event }) => event?.$case === 'clientEvent').length;
      const resumed = subscribe(push, { cursor: frame.cursor });
      await resumed.until(has(20 - before));
      expect(resumed.eventIds).toEqual(ids.slice(before));
      expect(resumed.kinds()).not.toContain('gap');
      resumed.close();
    }
  });

  test('goes from catching up to live without a hole or a repeat, while events keep coming', async () => {
    const push = await startPush();
    const start = encodeCursor(await testLog.head());
    const cursors = [start];
    let appending = true;
    const appender = (async () => {
      const users = Array.from({ length: 4 }, () => randomUUID());
      for (let i = 0; i < 400; i++) {
        const appended = await Promise.all(users.map((userId) => testLog.append(userId)));
        cursors.push(...appended.map(({ cursor }) => cursor));
      }
      appending = false;
    })();
    const readers: PushReader[] = [];
    while (appending) {
      const cursor = cursors[Math.floor(Math.random() * cursors.length)] ?? start;
      if (readers.length < 40)
        readers.push(subscribe(push, { cursor: readers.length % 4 === 0 ? start : cursor }));
      await delay(5);
    }
    await appender;
    const log = idsOf(await testLog.readAll(positionOfCursor(start), 1_000)).filter(isEvent(cursors));
    expect(readers.length).toBeGreaterThan(10);
    for (const reader of readers) {
      const last = log.at(-1);
      await reader.until(({ eventIds }) => eventIds.at(-1) === last, 30_000);
      expect(reader.kinds()).not.toContain('gap');
      expect(reader.eventIds).toEqual(log.slice(log.length - reader.eventIds.length));
      expect(reader.eventIds.length).toBeGreaterThan(0);
    }
    expect(readers[0]?.eventIds).toEqual(log);
  }, 60_000);

  test('is sent a heartbeat that came through the log, and can be resumed from it', async () => {
    const push = await startPush();
    const reader = await subscribeAtHead(push);
    await reader.until(({ frames }) => frames.some(({ event }) => event?.$case === 'heartbeat'), 8_000);
    const heartbeat = reader.frames.find(({ event }) => event?.$case === 'heartbeat');
    const [entry] = await testLog.readAll(positionOfCursor(reader.frames[0]?.cursor ?? ''), 1);
    expect(entry?.kind).toBe('heartbeat');
    expect(entry?.position).toEqual(positionOfCursor(heartbeat?.cursor ?? ''));
    const beat = heartbeat?.event?.$case === 'heartbeat' ? heartbeat.event.value : undefined;
    expect(beat?.timestampMs).toBe(entry?.kind === 'heartbeat' ? BigInt(entry.timestampMs) : undefined);
    expect(beat?.ageMs).toBeTypeOf('bigint');
    const ids = await appendMany(1);
    const resumed = await subscribe(push, { cursor: heartbeat?.cursor ?? '' }).until(has(1));
    expect(resumed.eventIds).toEqual(ids);
  });
});

function isEvent(cursors: readonly string[]): (eventId: string) => boolean {
  const positions = new Set(cursors);
  return (eventId) => {
    const position = decodeEventId(eventId);
    return position !== undefined && positions.has(encodeCursor(position));
  };
}

describe('a cursor that the log cannot be read on from', () => {
  test.each<[string, () => Promise<string>]>([
    ['malformed', async () => 'nonsense'],
    ['malformed', async () => encodeEventId(positionOfCursor((await testLog.append(randomUUID())).cursor))],
    ['other_epoch', async () => encodeCursor({ ...(await testLog.head()), epoch: 'f'.repeat(16) })],
    [
      'trimmed',
      async () => {
        const [event] = await testLog.appendApart([randomUUID(), randomUUID()]);
        await testLog.trimAll();
        return event?.cursor ?? '';
      },
    ],
    [
      'beyond_end',
      async () => {
        const { epoch, id } = await testLog.head();
        return encodeCursor({ epoch, id: { ms: id.ms + 3_600_000, seq: 0 } });
      },
    ],
    [
      'unknown',
      async () => {
        const [event] = await testLog.appendApart([randomUUID(), randomUUID()]);
        const { epoch, id } = positionOfCursor(event?.cursor ?? '');
        return encodeCursor({ epoch, id: nextStreamId(id) });
      },
    ],
  ])('gets gap %s first, then with everything from the head', async (reason, makeCursor) => {
    const push = await startPush();
    const reader = subscribe(push, { cursor: await makeCursor() });
    await reader.until(({ frames }) => frames.length > 0);
    expect(eventOf(reader.frames[0])).toEqual({ $case: 'gap', value: { reason } });
    const afterGap = reader.cursor;

    const ids = await appendMany(3);
    await reader.until(has(3));
    expect(reader.eventIds).toEqual(ids);
    expect(reader.kinds().filter((kind) => kind === 'gap')).toHaveLength(1);
    const resumed = await subscribe(push, { cursor: afterGap }).until(has(3));
    expect(resumed.eventIds).toEqual(ids);
    expect(resumed.kinds()).not.toContain('gap');
  });

  test('becomes one while a gateway is live, when the log starts a new epoch', async () => {
    const push = await startPush();
    const reader = await subscribeAtHead(push);
    const old = await appendMany(2);
    await reader.until(has(2));
    const oldCursor = reader.cursor;
    await testLog.redis.flushdb();
    const userId = randomUUID();
    const lost = await testLog.append(userId);
    await reader.until(({ frames }) => frames.some(({ event }) => event?.$case === 'gap'));
    const gap = reader.frames.find(({ event }) => event?.$case === 'gap');
    expect(eventOf(gap)).toEqual({ $case: 'gap', value: { reason: 'other_epoch' } });

    const later = await testLog.append(userId);
    await reader.until(has(3));
    expect(reader.eventIds).toEqual([...old, later.eventId]);
    // What came before the gap's position is in the users' own logs.
    const { found, events } = await readUserEvents(push.addr, { userId, afterEventId: lost.eventId });
    expect({ found, ids: events.map(({ eventId }) => eventId) }).toEqual({
      found: true,
      ids: [later.eventId],
    });
    const resumed = subscribe(push, { cursor: oldCursor });
    await resumed.until(({ frames }) => frames.length > 0);
    expect(eventOf(resumed.frames[0])).toEqual({ $case: 'gap', value: { reason: 'other_epoch' } });
  });
});

describe('a gateway that reads slowly', () => {
  const large = Buffer.alloc(64 * 1024, '1');

  test('is dropped past the bound, while the others go on, and resumes where it was', async () => {
    const push = await startPush({ BACKEND_PUSH_QUEUE_BYTES: String(8 * 1024 * 1024) });
    const [slow, fast] = await Promise.all([subscribeAtHead(push), subscribeAtHead(push)]);
    slow.pause();
    const ids: string[] = [];
    while (ids.length < 250) {
      ids.push(...(await appendMany(10, large)));
      // No faster than it reads, so that only the slow one falls behind, however busy the machine is.
      await fast.until(has(ids.length));
    }
    expect(fast.eventIds).toEqual(ids);

    slow.resume();
    expect(await slow.ended).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: expect.stringContaining('more slowly than events arrive'),
    });
    expect(slow.eventIds).toEqual(ids.slice(0, slow.eventIds.length));
    expect(slow.eventIds.length).toBeLessThan(200);
    const resumed = subscribe(push, { cursor: slow.cursor });
    await resumed.until(has(250 - slow.eventIds.length));
    expect([...slow.eventIds, ...resumed.eventIds]).toEqual(ids);
  });

  test('is held back while it catches up, however far behind it is, and loses nothing', async () => {
    const push = await startPush({ BACKEND_PUSH_QUEUE_BYTES: String(8 * 1024 * 1024) });
    const start = encodeCursor(await testLog.head());
    const before = await appendMany(200, large);
    const reader = subscribe(push, { cursor: start });
    await reader.until(has(1));
    reader.pause();
    const during = await appendMany(200, large);
    reader.resume();
    await reader.until(has(400));
    expect(reader.eventIds).toEqual([...before, ...during]);
  });

  test('is not dropped while it takes its frames slowly', async () => {
    const push = await startPush({ BACKEND_PUSH_STALL_TIMEOUT: '1s' });
    const start = encodeCursor(await testLog.head());
    const ids = await appendMany(60, large);
    const reader = subscribe(push, { cursor: start });
    // The server writes 16 frames ahead, and these take longer than the gateway may take nothing.
    reader.slowDown(120);
    await reader.until(has(60), 15_000);
    expect(reader.eventIds).toEqual(ids);
  });

  test('is dropped when it takes nothing for too long', async () => {
    const push = await startPush({ BACKEND_PUSH_STALL_TIMEOUT: '300ms' });
    const start = encodeCursor(await testLog.head());
    const ids = await appendMany(100, large);
    const reader = subscribe(push, { cursor: start });
    await reader.until(has(1));
    reader.pause();
    await delay(1_000);
    reader.resume();
    expect(await reader.ended).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: expect.stringContaining('it read nothing for 300 ms'),
    });
    expect(reader.eventIds).toEqual(ids.slice(0, reader.eventIds.length));
    expect(reader.eventIds.length).toBeLessThan(100);
  });
});

describe('a bad call', () => {
  const refused = (ended: Promise<StatusObject>) => ended.then(({ code, details }) => [code, details]);

  test.each([
    ['without a gateway id', { gatewayId: '' }, 'gateway_id must have 1 to 64'],
    ['with spaces in its gateway id', { gatewayId: 'a b' }, 'gateway_id must have 1 to 64'],
    ['with an endless gateway id', { gatewayId: 'g'.repeat(65) }, 'gateway_id must have 1 to 64'],
    ['with an endless cursor', { cursor: 'c'.repeat(129) }, 'cursor is longer'],
  ])('%s is refused with INVALID_ARGUMENT', async (_, options, details) => {
    const reader = subscribe(await startPush(), options);
    expect(await refused(reader.ended)).toEqual([status.INVALID_ARGUMENT, expect.stringContaining(details)]);
    expect(reader.frames).toEqual([]);
  });

  test('that ends before its first message is refused', async () => {
    const reader = subscribe(await startPush(), { sendNothing: true });
    reader.halfClose();
    expect(await refused(reader.ended)).toEqual([
      status.INVALID_ARGUMENT,
      'The stream ended before its first message.',
    ]);
  });

  test('of bytes that are no message ends that call alone', async () => {
    const push = await startPush();
    const other = await subscribeAtHead(push);
    const Raw = makeGenericClientConstructor(
      {
        subscribePush: {
          path: '/galaxy.push.v1.Push/SubscribePush',
          requestStream: true,
          responseStream: true,
          requestSerialize: (bytes: Buffer) => bytes,
          requestDeserialize: (bytes: Buffer) => bytes,
          responseSerialize: (bytes: Buffer) => bytes,
          responseDeserialize: (bytes: Buffer) => bytes,
        },
      },
      'galaxy.push.v1.Push',
    );
    for (const [bytes, code] of [
      [Buffer.from('0affffffffff', 'hex'), status.INTERNAL],
      [Buffer.alloc(32 * 1024, 0x0a), status.RESOURCE_EXHAUSTED],
    ] as const) {
      const client = new Raw(push.addr, credentials.createInsecure());
      const stream = client.makeBidiStreamRequest(
        '/galaxy.push.v1.Push/SubscribePush',
        (given: Buffer) => given,
        (given: Buffer) => given,
      );
      const ended = new Promise<StatusObject>((resolve) => stream.on('status', resolve));
      stream.on('error', () => {});
      stream.resume();
      stream.write(bytes);
      expect((await ended).code).toBe(code);
      client.close();
    }
    const ids = await appendMany(1);
    await other.until(has(1));
    expect(other.eventIds).toEqual(ids);
  });

  test('for a user that is none, or after an endless id, is refused', async () => {
    const push = await startPush();
    await expect(readUserEvents(push.addr, { userId: 'anna', afterEventId: '' })).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: 'user_id must be a UUID.',
    });
    await expect(
      readUserEvents(push.addr, { userId: randomUUID(), afterEventId: 'e'.repeat(129) }),
    ).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  });
});

describe('with a token', () => {
  const variables = { BACKEND_PUSH_GRPC_CALLERS: callersText('for-gateways') };

  test.each([
    ['missing', undefined],
    ['wrong', 'for-gateway'],
    ['a longer one', 'for-gateways-'],
  ])('a call is refused whose token is %s', async (_, token) => {
    const push = await startPush(variables);
    const reader = subscribe(push, { token });
    expect((await reader.ended).code).toBe(status.UNAUTHENTICATED);
    expect(reader.frames).toEqual([]);
    await expect(
      readUserEvents(push.addr, { userId: randomUUID(), afterEventId: '' }, token),
    ).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
  });

  test('a call that carries it is served', async () => {
    const push = await startPush(variables);
    const reader = subscribe(push, { token: 'for-gateways' });
    await reader.until(({ frames }) => frames.length > 0);
    const userId = randomUUID();
    const { eventId } = await testLog.append(userId);
    await reader.until(has(1));
    const { headEventId } = await readUserEvents(push.addr, { userId, afterEventId: '' }, 'for-gateways');
    expect(headEventId).toBe(eventId);
  });
});

describe('reading one user’s events', () => {
  test('gives what came after an event, and says when that is not known', async () => {
    const push = await startPush();
    const userId = randomUUID();
    const [first, second] = [await testLog.append(userId), await testLog.append(userId)];
    const read = await readUserEvents(push.addr, { userId, afterEventId: first.eventId });
    expect(read).toMatchObject({ found: true, headEventId: second.eventId });
    expect(read.events).toMatchObject([{ eventId: second.eventId, prevEventId: first.eventId }]);
    expect(await readUserEvents(push.addr, { userId, afterEventId: 'nonsense' })).toEqual({
      found: false,
      events: [],
      headEventId: second.eventId,
    });
  });
});

describe('when Redis is lost', () => {
  test('streams and calls end with UNAVAILABLE, and go on when it is back, without a restart', async () => {
    const proxy = await startTcpProxy(testLog.server);
    closers.push(() => proxy.close());
    const push = await startPush({ BACKEND_REDIS_ADDR: proxy.addr });
    const reader = await subscribeAtHead(push);
    const before = await appendMany(3);
    await reader.until(has(3));

    proxy.cut();
    expect((await reader.ended).code).toBe(status.UNAVAILABLE);
    expect((await subscribe(push, { cursor: reader.cursor }).ended).code).toBe(status.UNAVAILABLE);
    await expect(readUserEvents(push.addr, { userId: randomUUID(), afterEventId: '' })).rejects.toMatchObject(
      { code: status.UNAVAILABLE },
    );

    const meanwhile = await appendMany(3);
    proxy.heal();
    const caughtUp = await followUntil(push, reader.cursor, 3);
    const afterwards = await appendMany(3);
    const live = await followUntil(push, caughtUp.cursor, 3);
    const readers = [reader, ...caughtUp.readers, ...live.readers];
    const got = readers.flatMap(({ eventIds }) => eventIds);
    expect(got).toEqual([...before, ...meanwhile, ...afterwards]);
    expect(readers.flatMap((each) => each.kinds())).not.toContain('gap');
  });
});

describe('that stops', () => {
  test('ends every stream with UNAVAILABLE and returns within its time-out', async () => {
    const push = await startPush({ BACKEND_SHUTDOWN_TIMEOUT: '20s' });
    const [one, two] = await Promise.all([subscribeAtHead(push), subscribeAtHead(push)]);
    const silent = subscribe(push, { sendNothing: true });
    const startedAt = performance.now();
    await push.stop();
    for (const reader of [one, two, silent]) expect((await reader.ended).code).toBe(status.UNAVAILABLE);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });

  test('cuts a gateway that does not read when the time-out is over', async () => {
    const push = await startPush({ BACKEND_SHUTDOWN_TIMEOUT: '200ms' });
    const reader = await subscribeAtHead(push);
    reader.pause();
    await appendMany(50, Buffer.alloc(64 * 1024, '1'));
    await push.stop();
    reader.resume();
    expect((await reader.ended).code).toBe(status.UNAVAILABLE);
  });
});

/**
 * Comes back as a gateway does, again and again from where it was, until so many events are there: while Redis comes
 * back, a stream that was served may end once more.
 */
async function followUntil(push: TestPush, from: string, count: number) {
  const readers: PushReader[] = [];
  let cursor = from;
  const missing = () => count - readers.flatMap(({ eventIds }) => eventIds).length;
  for (const deadline = Date.now() + 15_000; missing() > 0; await delay(100)) {
    if (Date.now() > deadline) throw new Error('the push server did not recover within 15 s');
    const reader = subscribe(push, { cursor });
    const enough = has(missing());
    readers.push(reader);
    await Promise.race([reader.ended, reader.until(enough)]);
    reader.close();
    cursor = reader.cursor || cursor;
  }
  return { readers, cursor };
}
