import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import {
  compareStreamIds,
  type LogPosition,
  nextStreamId,
} from '../../../lib/backend/domain/log-position.ts';
import {
  type AppendedEvent,
  appendClientEvent,
  maxEventPayloadBytes,
  type NewClientEvent,
} from '../../../lib/backend/push/log/append-client-event.ts';
import { appendHeartbeat } from '../../../lib/backend/push/log/append-heartbeat.ts';
import { appendSessionInvalidation } from '../../../lib/backend/push/log/append-session-invalidation.ts';
import { PushLogUnavailable } from '../../../lib/backend/push/log/log.ts';
import { readGlobal, readState } from '../../../lib/backend/push/log/read-global.ts';
import { readUserEvents } from '../../../lib/backend/push/log/read-user-events.ts';
import { trimOlderThan } from '../../../lib/backend/push/log/trim.ts';
import {
  idsOf,
  newEvent,
  positionOfCursor,
  positionOfEvent,
  TestPushLog,
} from '../../support/backend/push-log.ts';

const testLog = new TestPushLog();

describe('appending client events', () => {
  test('gives every event a position after all earlier ones, and its predecessor in its own user’s stream', async () => {
    const from = await testLog.head();
    const [anna, ben] = [randomUUID(), randomUUID()];
    const events: AppendedEvent[] = [];
    for (const userId of [anna, ben, anna, anna, ben]) events.push(await testLog.append(userId));

    const [a1, b1, a2, a3, b2] = events;
    expect(events.map((event) => event.prevEventId)).toEqual(['', '', a1?.eventId, a2?.eventId, b1?.eventId]);
    const entries = await testLog.readAll(from, 2);
    expect(idsOf(entries)).toEqual([a1, b1, a2, a3, b2].map((event) => event?.eventId));
    expect(idsOf(entries)).toEqual([...idsOf(entries)].sort());
    expect(events.map(({ cursor }) => positionOfCursor(cursor))).toEqual(
      entries.map((entry) => entry.position),
    );
  });

  test('keeps everything that an event says, bytes and all', async () => {
    const from = await testLog.head();
    const userId = randomUUID();
    const payload = Buffer.from('{"text":"Привет, \\u0000 🜁"}');
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const { eventId } = await testLog.append(userId, {
      payload,
      traceparent,
      timestampMs: 1_764_000_000_123,
    });
    expect(await testLog.readAll(from, 10)).toEqual([
      {
        kind: 'client_event',
        position: positionOfEvent({ eventId }),
        userId,
        prev: undefined,
        eventType: 'lobby.application.approved',
        timestampMs: 1_764_000_000_123,
        payload,
        traceparent,
      },
    ]);
  });

  test('drops a repeat of (idempotency key, recipient) and gives the first one’s position', async () => {
    const from = await testLog.head();
    const [userId, other] = [randomUUID(), randomUUID()];
    await testLog.append(userId);
    const first = await testLog.append(userId, { idempotencyKey: 'k' });
    await testLog.append(userId);
    const again = await testLog.append(userId, {
      idempotencyKey: 'k',
      payload: Buffer.from('{"other":true}'),
    });
    expect(again).toEqual({ ...first, repeated: true });
    expect(await testLog.readAll(from, 10)).toHaveLength(3);

    const others = await testLog.append(other, { idempotencyKey: 'k' });
    expect(others.repeated).toBe(false);
    expect(await testLog.readAll(from, 10)).toHaveLength(4);
  });

  test('appends one event when many replicas append it at once', async () => {
    const from = await testLog.head();
    const event = newEvent(randomUUID());
    const appended = await Promise.all(
      Array.from({ length: 50 }, () => appendClientEvent(testLog.log, event)),
    );
    expect(new Set(appended.map(({ eventId }) => eventId)).size).toBe(1);
    expect(appended.filter(({ repeated }) => !repeated)).toHaveLength(1);
    expect(await testLog.readAll(from, 10)).toHaveLength(1);
  });

  test('still knows a repeat of an event that was trimmed', async () => {
    const event = newEvent(randomUUID());
    const first = await appendClientEvent(testLog.log, event);
    await testLog.trimAll();
    expect(await appendClientEvent(testLog.log, event)).toEqual({ ...first, repeated: true });
    expect(await testLog.readAll(await testLog.head(), 10)).toEqual([]);
  });

  test('keeps the chain of predecessors over events that were trimmed', async () => {
    const userId = randomUUID();
    const first = await testLog.append(userId);
    await testLog.trimAll();
    expect((await testLog.append(userId)).prevEventId).toBe(first.eventId);
  });

  test.each<[string, Partial<NewClientEvent>]>([
    ['a recipient that is no user id', { recipientUserId: 'anna}:x' }],
    ['no idempotency key', { idempotencyKey: '' }],
    ['an endless idempotency key', { idempotencyKey: 'k'.repeat(257) }],
    ['no type', { eventType: '' }],
    ['a time that is none', { timestampMs: Number.NaN }],
    ['too large a payload', { payload: Buffer.alloc(maxEventPayloadBytes + 1) }],
  ])('refuses %s and appends nothing', async (_, more) => {
    await expect(testLog.append(randomUUID(), more)).rejects.toThrow(RangeError);
    expect(await testLog.redis.dbsize()).toBe(0);
  });

  test('keeps all keys under one hash tag, so that they lie on one slot of a cluster', async () => {
    await testLog.append(randomUUID());
    await appendHeartbeat(testLog.log, 1_000);
    const keys = await testLog.redis.keys('*');
    expect(keys).toHaveLength(4);
    for (const key of keys) expect(key).toMatch(/^\{backend:push\}:/);
  });

  test('lets everything that belongs to one user alone expire', async () => {
    await testLog.append(randomUUID());
    const day = 24 * 3_600_000;
    for (const key of await testLog.redis.keys('*:user:*'))
      expect(await testLog.redis.pttl(key)).toBeGreaterThan(29 * day);
    for (const key of await testLog.redis.keys('*:once:*')) {
      const lifetime = await testLog.redis.pttl(key);
      expect(lifetime).toBeGreaterThan(day - 60_000);
      expect(lifetime).toBeLessThanOrEqual(day);
    }
  });

  test('takes less than a kilobyte of a user with one event, apart from the event', async () => {
    const userId = randomUUID();
    await testLog.append(userId);
    const keys = [...(await testLog.redis.keys('*:user:*')), ...(await testLog.redis.keys('*:once:*'))];
    expect(keys).toHaveLength(2);
    const bytes = await Promise.all(keys.map((key) => testLog.redis.memory('USAGE', key)));
    expect(bytes.reduce<number>((sum, each) => sum + Number(each), 0)).toBeLessThan(1_024);
  });
});

describe('session invalidations', () => {
  test('stand in the same order as events', async () => {
    const from = await testLog.head();
    const [userId, one, two] = [randomUUID(), randomUUID(), randomUUID()];
    const event = await testLog.append(userId);
    const cursor = await appendSessionInvalidation(testLog.log, {
      userId,
      deviceSessionIds: [one, two],
      reason: 'account_blocked',
    });
    const entries = await testLog.readAll(from, 10);
    expect(entries.map(({ kind }) => kind)).toEqual(['client_event', 'session_invalidation']);
    expect(entries[0]?.position).toEqual(positionOfEvent(event));
    expect(entries[1]).toEqual({
      kind: 'session_invalidation',
      position: positionOfCursor(cursor),
      userId,
      deviceSessionIds: [one, two],
      reason: 'account_blocked',
    });
  });

  test('are refused when they name no session', async () => {
    const invalidation = { userId: randomUUID(), deviceSessionIds: [], reason: 'revoked' };
    await expect(appendSessionInvalidation(testLog.log, invalidation)).rejects.toThrow(RangeError);
    await expect(
      appendSessionInvalidation(testLog.log, { ...invalidation, deviceSessionIds: ['a,b'] }),
    ).rejects.toThrow(RangeError);
  });
});

describe('heartbeats', () => {
  test('come once per interval, however many replicas write them', async () => {
    const from = await testLog.head();
    const beats = await Promise.all(Array.from({ length: 20 }, () => appendHeartbeat(testLog.log, 60_000)));
    expect(beats.filter(({ appended }) => appended)).toHaveLength(1);
    for (const { nextInMs } of beats) {
      expect(nextInMs).toBeGreaterThan(50_000);
      expect(nextInMs).toBeLessThanOrEqual(60_000);
    }
    const entries = await testLog.readAll(from, 10);
    expect(entries.map(({ kind }) => kind)).toEqual(['heartbeat']);
  });

  test('are due again when the interval has passed', async () => {
    await appendHeartbeat(testLog.log, 50);
    const { nextInMs } = await appendHeartbeat(testLog.log, 50);
    await delay(nextInMs);
    let beats = 0;
    for (const deadline = Date.now() + 5_000; beats === 0 && Date.now() < deadline; ) {
      if ((await appendHeartbeat(testLog.log, 50)).appended) beats += 1;
    }
    expect(beats).toBe(1);
  });

  test('go on when the clock of Redis was set back', async () => {
    await appendHeartbeat(testLog.log, 60_000);
    await testLog.redis.hset(testLog.log.epochKey, 'heartbeat_at_ms', (await testLog.nowMs()) + 3_600_000);
    expect((await appendHeartbeat(testLog.log, 60_000)).appended).toBe(true);
  });
});

describe('reading the global stream', () => {
  test('gives pages that join without a hole or a repeat', async () => {
    const from = await testLog.head();
    const users = Array.from({ length: 5 }, () => randomUUID());
    const appended = await Promise.all(
      Array.from({ length: 103 }, (_, i) => testLog.append(users[i % users.length] ?? '')),
    );
    const whole = idsOf(await testLog.readAll(from, 1_000));
    expect([...whole].sort()).toEqual(appended.map(({ eventId }) => eventId).sort());
    for (const pageSize of [1, 7, 103]) expect(idsOf(await testLog.readAll(from, pageSize))).toEqual(whole);
  });

  test('goes on from the floor and from the head, also when all is trimmed', async () => {
    const floor = await testLog.head();
    expect((await readGlobal(testLog.log, floor, 10)).fault).toBeUndefined();
    const { cursor } = await testLog.append(randomUUID());
    expect((await readGlobal(testLog.log, floor, 10)).entries).toHaveLength(1);
    await testLog.trimAll();
    expect(await readGlobal(testLog.log, positionOfCursor(cursor), 10)).toMatchObject({
      fault: undefined,
      entries: [],
    });
    await testLog.append(randomUUID());
    expect((await readGlobal(testLog.log, positionOfCursor(cursor), 10)).entries).toHaveLength(1);
  });

  test('knows a position that was trimmed away', async () => {
    const floor = await testLog.head();
    const events = await testLog.appendApart(Array.from({ length: 3 }, () => randomUUID()));
    const [first, second, third] = events.map(positionOfEvent) as [LogPosition, LogPosition, LogPosition];
    await testLog.trimAll();
    expect((await readGlobal(testLog.log, floor, 10)).fault).toBe('trimmed');
    expect((await readGlobal(testLog.log, first, 10)).fault).toBe('trimmed');
    expect((await readGlobal(testLog.log, second, 10)).fault).toBe('trimmed');
    expect((await readGlobal(testLog.log, third, 10)).fault).toBeUndefined();
  });

  test('knows a position beyond the end, one that it never gave out, and one of another epoch', async () => {
    const [first, last] = (await testLog.appendApart([randomUUID(), randomUUID()])).map(({ eventId }) =>
      positionOfEvent({ eventId }),
    );
    if (first === undefined || last === undefined) throw new Error('two events were appended');
    const { epoch } = first;
    const fault = async (at: LogPosition) => (await readGlobal(testLog.log, at, 10)).fault;
    expect(await fault(first)).toBeUndefined();
    expect(await fault({ epoch, id: nextStreamId(first.id) })).toBe('unknown');
    expect(await fault({ epoch, id: nextStreamId(last.id) })).toBe('beyond_end');
    expect(await fault({ ...first, epoch: 'f'.repeat(16) })).toBe('other_epoch');
  });

  test('passes over what a newer version wrote, and keeps its position', async () => {
    const from = await testLog.head();
    await testLog.redis.xadd(testLog.log.globalKey, '*', 'kind', 'news', 'epoch', from.epoch);
    await testLog.redis.xadd(
      testLog.log.globalKey,
      '*',
      'kind',
      'client_event',
      'epoch',
      from.epoch,
      'user_id',
      'u',
    );
    const { eventId } = await testLog.append(randomUUID());
    const entries = await testLog.readAll(from, 10);
    expect(entries.map(({ kind }) => kind)).toEqual(['unreadable', 'unreadable', 'client_event']);
    expect(entries[2]?.position).toEqual(positionOfEvent({ eventId }));
  });
});

describe('trimming by age', () => {
  test('removes what is older, keeps what is younger, and moves the floor to what it removed last', async () => {
    const events = await testLog.appendApart(Array.from({ length: 6 }, () => randomUUID()));
    const middle = events[2];
    if (middle === undefined) throw new Error('six events were appended');
    await testLog.trimThrough(middle);
    const { epoch, floor } = await readState(testLog.log);
    const trimmed = events.filter(
      ({ eventId }) => compareStreamIds(positionOfEvent({ eventId }).id, floor) <= 0,
    );
    expect(trimmed.length).toBeGreaterThanOrEqual(3);
    expect(trimmed.map(positionOfEvent).at(-1)?.id).toEqual(floor);
    expect(idsOf(await testLog.readAll({ epoch, id: floor }, 10))).toEqual(
      events.slice(trimmed.length).map(({ eventId }) => eventId),
    );
  });

  test('keeps everything within the retention', async () => {
    await testLog.append(randomUUID());
    expect(await trimOlderThan(testLog.log, 60_000)).toBe(0);
    expect(await testLog.redis.xlen(testLog.log.globalKey)).toBe(1);
  });

  test('works through more than it does in one go', async () => {
    const users = Array.from({ length: 10 }, () => randomUUID());
    await Promise.all(Array.from({ length: 1_234 }, (_, i) => testLog.append(users[i % 10] ?? '')));
    const { head } = await readState(testLog.log);
    expect(await testLog.trimAll()).toBe(1_234);
    expect((await readState(testLog.log)).floor).toEqual(head);
  });
});

describe('the epoch of the log', () => {
  test('begins once, whichever caller is the first', async () => {
    const states = await Promise.all(Array.from({ length: 20 }, () => readState(testLog.log)));
    expect(new Set(states.map(({ epoch }) => epoch)).size).toBe(1);
  });

  test('starts again when Redis has lost it, and earlier ids are known to be of another epoch', async () => {
    const userId = randomUUID();
    const old = await testLog.append(userId);
    await testLog.redis.flushdb();
    const fresh = await testLog.append(userId);
    expect(positionOfEvent(fresh).epoch).not.toBe(positionOfEvent(old).epoch);
    expect(fresh.prevEventId).toBe('');
    expect((await readGlobal(testLog.log, positionOfCursor(old.cursor), 10)).fault).toBe('other_epoch');
    expect((await readUserEvents(testLog.log, userId, old.eventId)).found).toBe(false);
  });

  test('begins with a stream of its own when only the name of the old epoch was lost', async () => {
    const old = await testLog.append(randomUUID());
    await testLog.redis.del(testLog.log.epochKey);
    const from = await testLog.head();
    expect(from.epoch).not.toBe(positionOfEvent(old).epoch);
    expect(await testLog.readAll(from, 10)).toEqual([]);
  });

  test('goes on after Redis has forgotten the scripts', async () => {
    const first = await testLog.append(randomUUID());
    await testLog.redis.script('FLUSH');
    const from = positionOfCursor(first.cursor);
    await testLog.append(randomUUID());
    expect(await testLog.readAll(from, 10)).toHaveLength(1);
  });

  test('says so when Redis does not do what it is asked', async () => {
    await testLog.redis.set(testLog.log.globalKey, 'not a stream');
    await testLog.redis.hset(testLog.log.epochKey, 'epoch', 'f'.repeat(16), 'floor', '1-0');
    await expect(testLog.append(randomUUID())).rejects.toThrow(PushLogUnavailable);
  });
});
