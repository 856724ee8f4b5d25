import { afterEach, describe, expect, test, vi } from 'vitest';
import type { RejectedError } from '../../../../lib/gateway/domain/rejection.ts';
import type { EventStream } from '../../../../lib/gateway/push/event-stream.ts';
import type { PushHub } from '../../../../lib/gateway/push/hub.ts';
import { applyRevocation } from '../../../../lib/gateway/push/revocation.ts';
import { createTestHub, FakeSink, FakeUserLog, settled } from '../../../support/gateway/event-streams.ts';
import { recordingLog } from '../../../support/run/log-lines.ts';

const userId = '0193b3c0-0000-7000-8000-000000000001';
const subscription = { requestHash: Buffer.alloc(32), lastEventId: undefined };

afterEach(() => {
  vi.useRealTimers();
});

/** Returns every page at once. */
const atOnce = (log: FakeUserLog) => async (_userId: string, after: string) => log.page(after);

async function openStream(hub: PushHub, session = 'session', user = userId): Promise<FakeSink> {
  const call = new FakeSink(session);
  await hub.open(call.register(hub), user, subscription);
  call.takeAll();
  return call;
}

describe('publishing', () => {
  test('one signature and the same bytes serve all streams of a user', async () => {
    const log = new FakeUserLog(userId);
    const { hub, signatures } = createTestHub(atOnce(log));
    const calls = [
      await openStream(hub, 'one'),
      await openStream(hub, 'two'),
      await openStream(hub, 'three'),
    ];
    const before = signatures();
    const event = log.append();
    hub.publish(event);
    expect(signatures()).toBe(before + 1);
    for (const call of calls) expect(call.eventIds).toEqual([event.eventId]);
  });

  test('nothing is signed for a user without a stream', async () => {
    const log = new FakeUserLog(userId);
    const { hub, signatures } = createTestHub(atOnce(log));
    await openStream(hub, 'session', '0193b3c0-0000-7000-8000-000000000002');
    const before = signatures();
    hub.publish(log.append());
    expect(signatures()).toBe(before);
  });

  test('an event that comes again is not written again', async () => {
    const log = new FakeUserLog(userId);
    const { hub } = createTestHub(atOnce(log));
    const call = await openStream(hub);
    const [first, second] = [log.append(), log.append()];
    for (const event of [first, second, first, second]) {
      hub.publish(event);
      call.takeAll();
    }
    expect(call.eventIds).toEqual([first.eventId, second.eventId]);
  });

  test('an event whose predecessor was never published brings the missing one from the log', async () => {
    const log = new FakeUserLog(userId);
    const { hub } = createTestHub(atOnce(log));
    const call = await openStream(hub);
    const [missing, published] = [log.append(), log.append()];
    hub.publish(published);
    for (let turn = 0; turn < 5; turn += 1) {
      await settled();
      call.takeAll();
    }
    expect(call.eventIds).toEqual([missing.eventId, published.eventId]);
  });

  test('the trace id of an event is that of its traceparent, and empty without one', async () => {
    const log = new FakeUserLog(userId);
    const { hub } = createTestHub(atOnce(log));
    const call = await openStream(hub);
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    hub.publish({ ...log.append(), traceparent });
    call.takeAll();
    hub.publish({ ...log.append(), traceparent: 'none' });
    expect(call.written.slice(1).map(({ traceId }) => traceId)).toEqual([
      '0af7651916cd43dd8448eb211c80319c',
      '',
    ]);
  });
});

describe('a client that does not take what is written', () => {
  test('is ended when more events wait than may, and the others get everything', async () => {
    const log = new FakeUserLog(userId);
    const { hub } = createTestHub(atOnce(log), { queueEvents: 5 });
    const [slow, fast] = [await openStream(hub, 'slow'), await openStream(hub, 'fast')];
    for (let count = 0; count < 20; count += 1) {
      hub.publish(log.append());
      fast.takeAll();
    }
    expect(slow.reason).toBe('SLOW_CONSUMER');
    expect(slow.eventIds).toHaveLength(1);
    expect(fast.reason).toBeUndefined();
    expect(fast.eventIds).toEqual(log.events.map(({ eventId }) => eventId));
    expect(hub.size).toBe(1);
  });

  test('is ended when more bytes wait than may', async () => {
    const log = new FakeUserLog(userId);
    const { hub } = createTestHub(atOnce(log), { queueBytes: 10_000 });
    const call = await openStream(hub);
    const [stream] = hub.streams();
    const waiting: number[] = [];
    while (call.reason === undefined) {
      waiting.push(stream?.waiting.bytes ?? 0);
      hub.publish({ ...log.append(), payloadBytes: Buffer.alloc(3_000) });
    }
    expect(call.reason).toBe('SLOW_CONSUMER');
    expect(Math.max(...waiting)).toBeGreaterThan(6_000);
    expect(Math.max(...waiting)).toBeLessThanOrEqual(10_000);
    expect(stream?.waiting).toEqual({ events: 0, bytes: 0 });
  });

  test('is ended when it takes nothing for the time-out, and not before', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
    const log = new FakeUserLog(userId);
    const { hub } = createTestHub(atOnce(log), { stallTimeoutMs: 8_000 });
    const [stalled, slow, bitByBit, idle] = [
      await openStream(hub, 'stalled'),
      await openStream(hub, 'slow'),
      await openStream(hub, 'bit by bit'),
      await openStream(hub, 'idle', '0193b3c0-0000-7000-8000-000000000002'),
    ];
    for (let count = 0; count < 30; count += 1) hub.publish(log.append());
    vi.advanceTimersByTime(8_000);
    expect(stalled.reason).toBeUndefined();
    slow.take();
    bitByBit.takePart();
    vi.advanceTimersByTime(2_000);
    expect(stalled.reason).toBe('SLOW_CONSUMER');
    expect(slow.reason).toBeUndefined();
    for (let count = 0; count < 20; count += 1) {
      slow.take();
      bitByBit.takePart();
      vi.advanceTimersByTime(6_000);
    }
    expect([slow.reason, bitByBit.reason, idle.reason]).toEqual([undefined, undefined, undefined]);
    expect(bitByBit.eventIds).toHaveLength(1);
    vi.advanceTimersByTime(10_000);
    expect([slow.reason, bitByBit.reason, idle.reason]).toEqual([
      'SLOW_CONSUMER',
      'SLOW_CONSUMER',
      undefined,
    ]);
  });
});

describe('limits', () => {
  test('of one session’s streams the oldest gives way', async () => {
    const { hub } = createTestHub(atOnce(new FakeUserLog(userId)));
    const calls = [await openStream(hub), await openStream(hub), await openStream(hub, 'other')];
    expect(calls.map(({ reason }) => reason)).toEqual([undefined, undefined, undefined]);
    calls.push(await openStream(hub));
    expect(calls.map(({ reason }) => reason)).toEqual(['SUPERSEDED', undefined, undefined, undefined]);
  });

  test('of one user’s streams the oldest gives way', async () => {
    const { hub } = createTestHub(atOnce(new FakeUserLog(userId)), { maxStreamsPerUser: 3 });
    const calls: FakeSink[] = [];
    for (const session of ['a', 'b', 'c', 'd', 'e']) calls.push(await openStream(hub, session));
    expect(calls.map(({ reason }) => reason)).toEqual([
      'SUPERSEDED',
      'SUPERSEDED',
      undefined,
      undefined,
      undefined,
    ]);
    expect(hub.size).toBe(3);
  });

  test('streams whose sessions are not verified take no other stream’s place', async () => {
    const { hub } = createTestHub(atOnce(new FakeUserLog(userId)));
    const calls = [await openStream(hub), await openStream(hub)];
    for (let count = 0; count < 10; count += 1) new FakeSink('session').register(hub);
    expect(calls.map(({ reason }) => reason)).toEqual([undefined, undefined]);
    expect(hub.size).toBe(2);
  });
});

describe('revocation', () => {
  test('ends the streams of the session, and no other', async () => {
    const { hub } = createTestHub(atOnce(new FakeUserLog(userId)));
    const calls = [await openStream(hub, 'one'), await openStream(hub, 'one'), await openStream(hub, 'two')];
    hub.revokeSession('one');
    hub.revokeSession('unknown');
    expect(calls.map(({ reason }) => reason)).toEqual(['SESSION_REVOKED', 'SESSION_REVOKED', undefined]);
  });

  test('of several sessions of a user ends those that are named', async () => {
    const { hub } = createTestHub(atOnce(new FakeUserLog(userId)));
    const { log } = recordingLog();
    const calls = [await openStream(hub, 'one'), await openStream(hub, 'two'), await openStream(hub, 'new')];
    applyRevocation(hub, { userId, deviceSessionIds: ['one', 'two'] }, log);
    expect(calls.map(({ reason }) => reason)).toEqual(['SESSION_REVOKED', 'SESSION_REVOKED', undefined]);
  });

  test('ends a stream whose session is just being looked up, and it never opens', async () => {
    const { hub, lines } = createTestHub(atOnce(new FakeUserLog(userId)));
    const call = new FakeSink('session');
    const stream = call.register(hub);
    const { endSignal } = stream;
    hub.revokeSession('session');
    expect(call.reason).toBe('SESSION_REVOKED');
    expect(endSignal.aborted).toBe(true);
    await hub.open(stream, userId, subscription);
    expect(call.written).toEqual([]);
    expect(hub.size).toBe(0);
    expect(lines).toEqual([]);
  });

  test('ends a stream that is just reading its log', async () => {
    const log = new FakeUserLog(userId);
    const { hub } = createTestHub(log.read);
    const call = new FakeSink('session');
    const opening = hub.open(call.register(hub), userId, subscription);
    hub.revokeSession('session');
    await expect(opening).rejects.toThrow('ended');
    expect(log.reads).toEqual([]);
    expect(call.reason).toBe('SESSION_REVOKED');
    expect(call.written).toEqual([]);
  });
});

describe('a gap', () => {
  test('is filled for few streams at a time, and for all in the end', async () => {
    let reading = 0;
    let most = 0;
    const log = new FakeUserLog(userId);
    const { hub } = createTestHub(
      async (_userId, after) => {
        reading += 1;
        most = Math.max(most, reading);
        await settled();
        reading -= 1;
        return log.page(after);
      },
      { maxStreamsPerUser: 100 },
    );
    const calls = await Promise.all(Array.from({ length: 60 }, (_, index) => openStream(hub, `s${index}`)));
    most = 0;
    const missed = log.append();
    hub.resync();
    while (calls.some((call) => call.eventIds.length === 0)) {
      await settled();
      for (const call of calls) call.takeAll();
    }
    expect(most).toBe(8);
    for (const call of calls) expect(call.eventIds).toEqual([missed.eventId]);
    const live: EventStream[] = [...hub.streams()];
    expect(live.every((stream) => stream.live)).toBe(true);
  });

  test('is worth a warning where streams are open, and none where there are none', async () => {
    const { hub, lines } = createTestHub(atOnce(new FakeUserLog(userId)));
    const refilling = () => lines.filter(({ msg }) => msg.startsWith('refilling streams'));
    hub.resync();
    expect(refilling()).toMatchObject([{ level: 'debug', streams: 0 }]);
    await openStream(hub);
    hub.resync();
    expect(refilling()[1]).toMatchObject({ level: 'warn', streams: 1 });
  });

  test('of one user is filled for all of their streams, those that are catching up alike, and of no other user', async () => {
    const log = new FakeUserLog(userId);
    const asked: string[] = [];
    const { hub } = createTestHub(async (user, after) => {
      asked.push(user);
      const page = log.page(after);
      await settled();
      return page;
    });
    const calls = [await openStream(hub, 'one'), await openStream(hub, 'two')];
    await openStream(hub, 'other', '0193b3c0-0000-7000-8000-000000000002');
    asked.length = 0;
    const first = log.append();
    hub.resyncUser(userId);
    // Both have asked, and neither has its page.
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    expect(asked).toEqual([userId, userId]);
    expect([...hub.streams()].filter(({ live }) => live)).toHaveLength(1);
    const second = log.append();
    hub.resyncUser(userId);
    await vi.waitFor(
      () => {
        for (const call of calls) call.takeAll();
        expect(calls.map(({ eventIds }) => eventIds.length)).toEqual([2, 2]);
      },
      { timeout: 10_000, interval: 1 },
    );
    for (const call of calls) expect(call.eventIds).toEqual([first.eventId, second.eventId]);
    expect(new Set(asked)).toEqual(new Set([userId]));
  });

  test('that cannot be filled ends the stream with RESYNC', async () => {
    const log = new FakeUserLog(userId);
    const { hub, lines } = createTestHub(atOnce(log));
    const call = await openStream(hub);
    log.startNewEpoch();
    hub.resync();
    await settled();
    expect(call.reason).toBe('RESYNC');
    expect(lines.map(({ msg }) => msg)).toContain('a stream could not be refilled');
  });

  test('ends a stream with RESYNC whose turn does not come in time', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const log = new FakeUserLog(userId);
    let hang = false;
    const { hub } = createTestHub(
      async (user, after, signal) => (hang ? log.read(user, after, signal) : log.page(after)),
      { maxStreamsPerUser: 100 },
    );
    const calls = await Promise.all(Array.from({ length: 20 }, (_, index) => openStream(hub, `s${index}`)));
    hang = true;
    hub.resync();
    await settled();
    vi.advanceTimersByTime(31_000);
    for (const read of [...log.reads]) read.respond();
    await settled();
    const reasons = calls.map(({ reason }) => reason);
    expect(reasons.slice(0, 8).every((reason) => reason === undefined)).toBe(true);
    expect(new Set(reasons.slice(8))).toEqual(new Set(['RESYNC']));
  });

  test('ends the stream with RESYNC when the log cannot be read', async () => {
    let fail = false;
    const log = new FakeUserLog(userId);
    const { hub } = createTestHub(async (_userId, after) => {
      if (fail) throw new Error('out of reach');
      return log.page(after);
    });
    const call = await openStream(hub);
    fail = true;
    hub.resync();
    await settled();
    expect(call.reason).toBe('RESYNC');
  });
});

describe('clients that join far behind', () => {
  const other = '0193b3c0-0000-7000-8000-000000000002';

  /** One user's log of which pages are returned by the test, and a live stream of another user. */
  async function openScene(events: number) {
    const [log, otherLog] = [new FakeUserLog(userId, 50), new FakeUserLog(other)];
    const first = log.append();
    for (let count = 0; count < events; count += 1) log.append();
    const { hub } = createTestHub(
      (user, after, signal) =>
        user === other ? Promise.resolve(otherLog.page(after)) : log.read(user, after, signal),
      { maxStreamsPerUser: 1_000 },
    );
    const live = await openStream(hub, 'live', other);
    const publish = (): string => {
      const event = otherLog.append();
      hub.publish(event);
      live.takeAll();
      return event.eventId;
    };
    let sessions = 0;
    const join = (): FakeSink => {
      sessions += 1;
      const call = new FakeSink(`s${sessions}`);
      const stream = call.register(hub);
      const opening = hub.open(stream, userId, { ...subscription, lastEventId: first.eventId });
      // As the caller does.
      opening.catch((error: RejectedError) => {
        if (stream.endReason === undefined) stream.end(error.rejection);
      });
      return call;
    };
    const turn = async (calls: readonly FakeSink[]) => {
      await settled();
      for (const call of calls) call.takeAll();
    };
    return { log, live, publish, join, turn, missed: log.events.slice(1).map(({ eventId }) => eventId) };
  }

  test('get in 8 at a time; the others are told when to come back, and all of them get in', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { log, live, publish, join, turn, missed } = await openScene(100);
    let calls = Array.from({ length: 200 }, join);
    await settled();
    expect(log.reads).toHaveLength(8);
    // One that is live waits for none of them.
    const event = publish();
    expect(live.eventIds).toEqual([event]);
    expect(calls.every(({ written }) => written.length === 0)).toBe(true);

    vi.advanceTimersByTime(5_000);
    await settled();
    expect(calls.filter(({ reason }) => reason === 'RATE_LIMITED')).toHaveLength(192);
    const pauses = calls.flatMap(({ retryAfterMs }) => retryAfterMs ?? []);
    expect(pauses).toHaveLength(192);
    // Nobody was served meanwhile, so the pause is as long as it may be.
    expect(Math.max(...pauses)).toBeGreaterThan(50_000);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(60_000);

    calls = calls.map((call) => (call.reason === undefined ? call : join()));
    let most = 0;
    while (calls.some(({ eventIds }) => eventIds.length < missed.length)) {
      await turn(calls);
      most = Math.max(most, log.reads.length);
      for (const read of [...log.reads]) read.respond();
    }
    expect(most).toBe(8);
    for (const call of calls) expect([call.reason, call.eventIds]).toEqual([undefined, missed]);
  });

  test('get all of their pages before others get their first', async () => {
    const { log, join, turn, missed } = await openScene(150);
    const calls = Array.from({ length: 16 }, join);
    const first = calls.slice(0, 8);
    while (first.some(({ eventIds }) => eventIds.length < missed.length)) {
      expect(calls.slice(8).every(({ written }) => written.length === 0)).toBe(true);
      await turn(first);
      for (const read of [...log.reads]) read.respond();
    }
  });

  test('come back when those before them have been served, as fast as that goes', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { log, join, turn, missed } = await openScene(20);
    const calls = Array.from({ length: 208 }, join);
    // 8 have a slot, and 80 get one within 5 s.
    while (calls.filter(({ eventIds }) => eventIds.length === missed.length).length < 80) {
      await turn(calls);
      for (const read of [...log.reads]) read.respond();
      await settled();
    }
    vi.advanceTimersByTime(5_000);
    await settled();
    const pauses = calls.flatMap(({ retryAfterMs }) => retryAfterMs ?? []);
    expect(pauses.length).toBeGreaterThan(100);
    // Some 120 wait, and 80 were served in 5 s.
    expect(Math.max(...pauses)).toBeGreaterThan(5_000);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(8_000);
  });

  test('and take their pages slowly hold nobody else up', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { log, join, turn } = await openScene(50);
    const slow = Array.from({ length: 8 }, join);
    const quick = join();
    await settled();
    for (const read of [...log.reads]) read.respond();
    await settled();
    expect(log.reads).toHaveLength(0);
    vi.advanceTimersByTime(250);
    await settled();
    for (const read of [...log.reads]) read.respond();
    while (quick.eventIds.length < 50) await turn([quick]);
    expect(slow.map(({ written }) => written.length)).toEqual(slow.map(() => 1));
    // One that leaves while it waits takes nobody's turn.
    const more = Array.from({ length: 10 }, join);
    more[8]?.gone();
    await settled();
    expect(log.reads).toHaveLength(8);
    for (const read of [...log.reads]) read.respond();
    while (more.some((call, index) => index !== 8 && call.eventIds.length < 50)) {
      await turn(more);
      for (const read of [...log.reads]) read.respond();
    }
  });
});

describe('streams that end together', () => {
  const pausesOf = (calls: readonly FakeSink[]) =>
    calls.map(({ retryAfterMs }) => retryAfterMs ?? Number.NaN);

  test.each([
    [1, 2],
    [1_000, 2_000],
  ])('with RESYNC, %i of them, come back within %i ms', async (streams, boundMs) => {
    const log = new FakeUserLog(userId);
    const { hub } = createTestHub(atOnce(log), { maxStreamsPerUser: 1_000 });
    const calls: FakeSink[] = [];
    while (calls.length < streams) calls.push(await openStream(hub, `s${calls.length}`));
    log.startNewEpoch();
    hub.resync();
    while (calls.some(({ reason }) => reason === undefined)) await settled();
    expect(new Set(calls.map(({ reason }) => reason))).toEqual(new Set(['RESYNC']));
    const pauses = pausesOf(calls);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(boundMs);
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(0);
    if (streams > 1) {
      // Anywhere within the bound: no tenth of it gets many more than its share.
      const tenths = Array.from({ length: 10 }, (_, tenth) =>
        pauses.filter((pause) => Math.min(9, Math.floor((pause * 10) / boundMs)) === tenth),
      );
      expect(Math.max(...tenths.map(({ length }) => length))).toBeLessThan((2 * streams) / 10);
    }
  });

  test('with DRAINING come back within what the drain has not spread yet', async () => {
    for (const [spreadMs, boundMs] of [
      [0, 2_000],
      [100, 1_900],
      [2_000, 0],
    ] as const) {
      const { hub } = createTestHub(atOnce(new FakeUserLog(userId)), { maxStreamsPerUser: 1_000 });
      const calls: FakeSink[] = [];
      while (calls.length < 1_000) calls.push(await openStream(hub, `s${calls.length}`));
      await hub.drain(spreadMs);
      const most = Math.max(...pausesOf(calls));
      expect(most).toBeLessThanOrEqual(boundMs);
      expect(most).toBeGreaterThanOrEqual(boundMs * 0.9);
    }
  });
});

describe('draining', () => {
  test('ends every stream within the time, spread over it, and refuses new ones', async () => {
    const { hub } = createTestHub(atOnce(new FakeUserLog(userId)), { maxStreamsPerUser: 100 });
    const calls = await Promise.all(Array.from({ length: 40 }, (_, index) => openStream(hub, `s${index}`)));
    const pending = new FakeSink('pending');
    pending.register(hub);
    const startedAt = performance.now();
    const draining = hub.drain(400);
    expect(() => new FakeSink('late').register(hub)).toThrow('DRAINING');
    expect(calls.some(({ reason }) => reason === undefined)).toBe(true);
    await draining;
    expect(new Set([pending, ...calls].map(({ reason }) => reason))).toEqual(new Set(['DRAINING']));
    expect(hub.size).toBe(0);
    const endedAt = calls.map((call) => call.endedAt ?? Number.NaN);
    expect(new Set(endedAt.map((at) => Math.floor((at - startedAt) / 100))).size).toBeGreaterThan(2);
  });

  test('without any time ends them at once', async () => {
    const { hub } = createTestHub(atOnce(new FakeUserLog(userId)));
    const call = await openStream(hub);
    const draining = hub.drain(0);
    expect(call.reason).toBe('DRAINING');
    await draining;
  });
});

test('the opening and the end of a stream are logged with whose it is, why it ended and how long it lasted', async () => {
  const { hub, lines } = createTestHub(atOnce(new FakeUserLog(userId)));
  const call = await openStream(hub);
  call.gone();
  const whose = { request_id: 'request', device_session_id: 'session', user_id: userId };
  expect(lines).toEqual([
    expect.objectContaining({ ...whose, msg: 'stream opened', resumed: false }),
    expect.objectContaining({
      ...whose,
      msg: 'stream ended',
      reason: 'client_gone',
      lasted_ms: expect.any(Number),
    }),
  ]);
});

test('nothing is left of streams that have ended', async () => {
  const { hub } = createTestHub(atOnce(new FakeUserLog(userId)));
  const calls = [await openStream(hub), await openStream(hub, 'other')];
  for (const call of calls) call.gone();
  expect(hub.size).toBe(0);
  expect([...hub.streams()]).toEqual([]);
});
