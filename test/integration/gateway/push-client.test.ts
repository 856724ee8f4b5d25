import { randomInt, randomUUID } from 'node:crypto';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Server, ServerCredentials, type ServerDuplexStream, status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { appendSessionInvalidation } from '../../../lib/backend/push/log/append-session-invalidation.ts';
import { newGatewayId, PushClient } from '../../../lib/gateway/push/push-client.ts';
import { PushReadError } from '../../../lib/gateway/push/push-reads.ts';
import {
  type ClientEvent,
  PushEvent,
  PushService,
  type SessionInvalidation,
  type SubscribePushRequest,
} from '../../../lib/protocol/generated/galaxy/push/v1/push.ts';
import { TestPushLog } from '../../support/backend/push-log.ts';
import { startTestPush, type TestPush } from '../../support/backend/push-process.ts';
import { startTcpProxy, type TcpProxy } from '../../support/network/tcp-proxy.ts';
import { recordingLog } from '../../support/run/log-lines.ts';
import { callersText } from '../../support/service-callers.ts';

const testLog = new TestPushLog();

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A push client with a listener that records its calls. */
class Follower {
  readonly events: ClientEvent[] = [];
  readonly invalidations: SessionInvalidation[] = [];
  readonly gaps: string[] = [];
  readonly lostBy: string[] = [];
  readonly lines: ReturnType<typeof recordingLog>['lines'];
  readonly client: PushClient;
  readonly ended: Promise<void>;
  /** Called for every event before it is kept. */
  onEvent: (event: ClientEvent) => void = () => {};
  readonly #stop = new AbortController();

  constructor(
    addr: string,
    options: { token?: string; silentAfterMs?: number; timeoutMs?: number; subscriptionMs?: number } = {},
  ) {
    const { log, lines } = recordingLog();
    this.lines = lines;
    this.client = new PushClient({
      addr: hostAndPort(addr),
      token: undefined,
      gatewayId: newGatewayId(),
      timeoutMs: 2_000,
      log,
      ...options,
    });
    const listener = {
      clientEvent: (event: ClientEvent) => {
        this.onEvent(event);
        this.events.push(event);
      },
      sessionInvalidation: (invalidation: SessionInvalidation) => void this.invalidations.push(invalidation),
      gap: (reason: string) => void this.gaps.push(reason),
      eventLost: (userId: string) => void this.lostBy.push(userId),
    };
    this.ended = this.client.run(listener, this.#stop.signal);
    closers.push(() => this.stop());
  }

  get ids(): string[] {
    return this.events.map(({ eventId }) => eventId);
  }

  /** Gaps of the log, except the one at its head. */
  get logGaps(): string[] {
    return this.gaps.filter((reason) => !reason.includes('head'));
  }

  logged(text: string) {
    return this.lines.filter(({ msg }) => msg.includes(text));
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.ended;
  }

  async until(condition: (follower: this) => boolean, timeoutMs = 10_000): Promise<this> {
    for (const deadline = Date.now() + timeoutMs; !condition(this); await delay(5)) {
      if (Date.now() > deadline) {
        const { events, gaps, client } = this;
        throw new Error(
          `not within ${timeoutMs} ms: ${JSON.stringify({ events: events.length, gaps, ...client.state })}`,
        );
      }
    }
    return this;
  }

  untilConnected(): Promise<this> {
    return this.until(({ client }) => client.state.connected);
  }
}

async function startPush(variables: Record<string, string> = {}): Promise<TestPush> {
  const push = await startTestPush(testLog.server, variables);
  closers.push(() => push.stop());
  return push;
}

async function proxyTo(push: { addr: string }): Promise<TcpProxy> {
  const proxy = await startTcpProxy(hostAndPort(push.addr));
  closers.push(() => proxy.close());
  return proxy;
}

function hostAndPort(addr: string): { host: string; port: number } {
  const [host = '', port] = addr.split(':');
  return { host, port: Number(port) };
}

async function append(count: number): Promise<string[]> {
  const users = [randomUUID(), randomUUID(), randomUUID()];
  const ids: string[] = [];
  for (let i = 0; i < count; i++) ids.push((await testLog.append(users[i % 3] ?? '')).eventId);
  return ids;
}

type FakeCall = ServerDuplexStream<SubscribePushRequest, Uint8Array>;

/** A push server that does what the test says. */
async function playPush(subscribe: (call: FakeCall, first: SubscribePushRequest) => void) {
  const server = new Server({ 'grpc.enable_channelz': 0 });
  const path = PushService.subscribePush;
  server.addService(
    { subscribePush: { ...path, responseSerialize: (bytes: Buffer) => bytes } },
    {
      subscribePush: (call: FakeCall) => {
        call.once('data', (first: SubscribePushRequest) => subscribe(call, first));
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  closers.push(() => server.forceShutdown());
  return { addr: `127.0.0.1:${port}` };
}

const frame = (cursor: string, event?: PushEvent['event']) =>
  Buffer.from(PushEvent.encode({ cursor, event }).finish());
const eventFrame = (cursor: string, more: Partial<ClientEvent> = {}) =>
  frame(cursor, {
    $case: 'clientEvent',
    value: {
      eventId: cursor,
      prevEventId: '',
      recipientUserId: randomUUID(),
      eventType: 'a.b.c',
      timestampMs: 1n,
      payloadBytes: Buffer.from('{}'),
      traceparent: '',
      ...more,
    },
  });

describe('the push client', () => {
  test('hears of events and ended sessions in the order of the log', async () => {
    const push = await startPush({ BACKEND_PUSH_GRPC_CALLERS: callersText('secret') });
    const follower = await new Follower(push.addr, { token: 'secret' }).untilConnected();
    const ids = await append(20);
    const [userId, session] = [randomUUID(), randomUUID()];
    await appendSessionInvalidation(testLog.log, { userId, deviceSessionIds: [session], reason: 'revoked' });
    await follower.until(({ invalidations }) => invalidations.length === 1);
    expect(follower.ids).toEqual(ids);
    expect(follower.invalidations[0]).toEqual({ userId, deviceSessionIds: [session], reason: 'revoked' });
  });

  test('reports a gap when it begins at the head, since streams may have joined before that', async () => {
    const push = await startPush();
    const follower = await new Follower(push.addr).untilConnected();
    expect(follower.gaps).toEqual(['the subscription began at the head of the log']);
  });

  test('says how it is', async () => {
    const push = await startPush();
    const before = Date.now();
    const follower = await new Follower(push.addr).until(
      ({ client }) => client.state.heartbeatDelayMs !== undefined,
    );
    const state = follower.client.state;
    expect(state).toMatchObject({ connected: true, reconnects: 0, skippedFrames: 0 });
    expect(state.since).toBeGreaterThanOrEqual(before);
    expect(state.lastFrameAt).toBeGreaterThanOrEqual(state.since);
    expect(Math.abs(state.heartbeatDelayMs ?? Number.NaN)).toBeLessThan(5_000);
    expect(state.behindMs).toBeLessThan(10_000);
    expect(follower.client.coveredUntil).toBeLessThanOrEqual(performance.now());
  });

  test('resumes at its cursor after cut after cut, without a gap or a repeat', async () => {
    const proxy = await proxyTo(await startPush());
    const follower = await new Follower(proxy.addr).untilConnected();
    const ids: string[] = [];
    for (let round = 0; round < 5; round++) {
      ids.push(...(await append(10)));
      if (round % 2 === 0) await follower.until(({ events }) => events.length >= ids.length - 5);
      proxy.cut();
      await follower.until(({ client }) => !client.state.connected);
      ids.push(...(await append(10)));
      proxy.heal();
      await follower.untilConnected();
    }
    await follower.until(({ ids: have }) => have.at(-1) === ids.at(-1));
    expect(follower.ids).toEqual(ids);
    expect(follower.logGaps).toEqual([]);
    expect(follower.client.state.reconnects).toBeGreaterThanOrEqual(5);
  }, 60_000);

  test('resumes on another replica when its own stops with UNAVAILABLE', async () => {
    const [first, second] = [await startPush(), await startPush()];
    const target = hostAndPort(first.addr);
    const proxy = await startTcpProxy(target);
    closers.push(() => proxy.close());
    const follower = await new Follower(proxy.addr).untilConnected();
    const before = await append(5);
    await follower.until(({ events }) => events.length === 5);
    target.port = hostAndPort(second.addr).port;
    await first.stop();
    await follower.until(({ client }) => client.state.reconnects > 0);
    expect(follower.logged('ended; reopening')[0]).toMatchObject({ level: 'warn', status: 'UNAVAILABLE' });
    const after = await append(5);
    await follower.until(({ events }) => events.length >= 10);
    expect(follower.ids).toEqual([...before, ...after]);
    expect(follower.logGaps).toEqual([]);
  });

  test('reopens a subscription whose connection lives but carries nothing', async () => {
    const proxy = await proxyTo(await startPush());
    const follower = await new Follower(proxy.addr, { silentAfterMs: 6_000 }).untilConnected();
    const before = await append(3);
    await follower.until(({ events }) => events.length === 3);
    proxy.stall();
    const between = await append(3);
    await follower.until(({ client }) => client.state.reconnects > 0, 10_000);
    expect(follower.logged('was silent')[0]).toMatchObject({ level: 'warn', silent_ms: 6_000 });
    expect(follower.events).toHaveLength(3);
    // Only connections that are opened from now on are let through; what was held back goes nowhere.
    proxy.cut();
    proxy.heal();
    await follower.until(({ events }) => events.length >= 6, 20_000);
    expect(follower.ids).toEqual([...before, ...between]);
    expect(follower.logGaps).toEqual([]);
  });

  test('keeps a subscription that carries nothing but heartbeats', async () => {
    const push = await startPush();
    const follower = await new Follower(push.addr, { silentAfterMs: 6_000 }).untilConnected();
    const opened = performance.now();
    await follower.until(() => performance.now() - opened > 8_000, 12_000);
    expect(follower.client.state).toMatchObject({ connected: true, reconnects: 0 });
  });

  test('renews its subscription on a new connection without a gap, a repeat or a warning', async () => {
    const push = await startPush();
    const follower = await new Follower(push.addr, { subscriptionMs: 150 }).untilConnected();
    const ids: string[] = [];
    const renewals = () => follower.logged('push subscription open').length - 1;
    for (const deadline = Date.now() + 20_000; renewals() < 8 && Date.now() < deadline; ) {
      ids.push(...(await append(10)));
    }
    expect(renewals()).toBeGreaterThanOrEqual(8);
    await follower.until(({ events }) => events.length >= ids.length);
    expect(follower.ids).toEqual(ids);
    expect(follower.logGaps).toEqual([]);
    expect(follower.client.state).toMatchObject({ connected: true, reconnects: 0 });
    expect(follower.lines.filter(({ level }) => level !== 'info')).toEqual([]);
  });

  test('reports a gap when the log was trimmed past its cursor, and receives what comes after', async () => {
    const proxy = await proxyTo(await startPush());
    const follower = await new Follower(proxy.addr).untilConnected();
    await append(2);
    await follower.until(({ events }) => events.length === 2);
    proxy.cut();
    await follower.until(({ client }) => !client.state.connected);
    await append(5);
    await testLog.trimAll();
    proxy.heal();
    await follower.until(({ logGaps }) => logGaps.length > 0);
    const after = await append(3);
    await follower.until(({ events }) => events.length >= 5);
    expect(follower.logGaps).toEqual(['trimmed']);
    expect(follower.ids.slice(2)).toEqual(after);
  });

  test('with a wrong token says so, keeps trying, and does not end', async () => {
    const push = await startPush({ BACKEND_PUSH_GRPC_CALLERS: callersText('secret') });
    const follower = new Follower(push.addr, { token: 'guess' });
    await follower.until(({ client }) => client.state.reconnects >= 2);
    const [line] = follower.logged('refuses the token');
    expect(line).toMatchObject({ level: 'error', status: 'UNAUTHENTICATED' });
    expect(line?.msg).toContain('GATEWAY_UPSTREAM_TOKEN');
    expect(JSON.stringify(follower.lines)).not.toContain('guess');
    expect(follower.client.state.connected).toBe(false);
    const ended = await Promise.race([follower.ended.then(() => 'ended'), delay(100, 'running')]);
    expect(ended).toBe('running');
  });

  test('lives through a peer that speaks something else, and finds the push service after it', async () => {
    const seed = randomInt(2 ** 31);
    const bytes = Buffer.from(
      fc.sample(fc.uint8Array({ minLength: 1, maxLength: 400 }), { seed, numRuns: 20 })[0] ?? [],
    );
    let responses = 0;
    const peer = createServer((socket) => {
      // Whatever the peer does with its end is its own matter.
      socket.on('error', () => {});
      responses += 1;
      socket.write(responses % 2 === 0 ? bytes : 'HTTP/1.1 400 Bad Request\r\n\r\n');
      setTimeout(() => socket.destroy(), 20);
    });
    await new Promise<void>((resolve) => peer.listen(0, '127.0.0.1', resolve));
    closers.push(() => void peer.close());
    const target = { host: '127.0.0.1', port: (peer.address() as AddressInfo).port };
    const proxy = await startTcpProxy(target);
    closers.push(() => proxy.close());
    const follower = new Follower(proxy.addr);
    await follower
      .until(({ client }) => client.state.reconnects >= 3, 15_000)
      .catch((error) => {
        throw new Error(`seed ${seed}: ${error.message}`);
      });
    expect(follower.client.state.connected).toBe(false);
    target.port = hostAndPort((await startPush()).addr).port;
    await follower.untilConnected();
  });

  test('waits for a server that is not there yet', async () => {
    const proxy = await proxyTo(await startPush());
    proxy.cut();
    const follower = await new Follower(proxy.addr).until(({ client }) => client.state.reconnects >= 2);
    proxy.heal();
    await follower.untilConnected();
  });

  test('ends when its signal aborts, whether connected or not', async () => {
    const proxy = await proxyTo(await startPush());
    const connected = await new Follower(proxy.addr).untilConnected();
    proxy.stall();
    const trying = new Follower(proxy.addr);
    await trying.until(({ lines }) => lines.length >= 0);
    const began = performance.now();
    await Promise.all([connected.stop(), trying.stop()]);
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  test('skips frames that cannot be used, and counts their cursors', async () => {
    const asked: string[] = [];
    const { addr } = await playPush((call, first) => {
      asked.push(first.cursor);
      if (asked.length > 1) return;
      call.write(frame('c1'));
      call.write(eventFrame('c2'));
      call.write(eventFrame('c3', { recipientUserId: 'nobody' }));
      call.write(Buffer.from([0xff, 0xff, 0xff]));
      call.write(eventFrame('c4'));
      call.write(eventFrame('c5', { eventType: '' }));
      call.emit('error', { code: status.UNAVAILABLE, details: 'over' });
    });
    const follower = await new Follower(addr).until(() => asked.length === 2);
    expect(asked).toEqual(['', 'c5']);
    expect(follower.ids).toEqual(['c2', 'c4']);
    expect(follower.client.state.skippedFrames).toBe(3);
    expect(follower.logged('is skipped').map(({ cursor, problem }) => [cursor, problem])).toEqual([
      ['c3', 'its recipient_user_id is not a valid UUID'],
      ['', 'it is not a PushEvent'],
      ['c5', 'its event_type is not a valid event type'],
    ]);
  });

  test('reports whose events are missing after one that cannot be used, and a gap when it cannot know', async () => {
    const userId = randomUUID();
    const payload = Buffer.from('no JSON');
    const { addr } = await playPush((call) => {
      call.write(frame('c1'));
      call.write(eventFrame('c2', { recipientUserId: userId, eventId: 'not one' }));
      call.write(eventFrame('c3', { recipientUserId: userId, prevEventId: 'not one' }));
      const value = { userId, deviceSessionIds: ['x'], reason: 'revoked' };
      call.write(frame('c4', { $case: 'sessionInvalidation', value }));
      call.write(Buffer.from([0xff, 0xff, 0xff]));
      call.write(eventFrame('c5', { payloadBytes: payload }));
    });
    const follower = await new Follower(addr).until(({ events }) => events.length === 1);
    expect(follower.lostBy).toEqual([userId, userId]);
    expect(follower.logGaps).toEqual(['a frame cannot be used', 'a frame cannot be used']);
    expect(follower.invalidations).toEqual([]);
    expect(follower.events[0]?.payloadBytes).toEqual(payload);
  });

  test('reports a gap when a frame could not be handled, and goes on', async () => {
    const push = await startPush();
    const follower = await new Follower(push.addr).untilConnected();
    follower.onEvent = () => {
      follower.onEvent = () => {};
      throw new Error('a fault of the gateway');
    };
    const ids = await append(3);
    await follower.until(({ events }) => events.length === 2);
    expect(follower.ids).toEqual(ids.slice(1));
    expect(follower.logGaps).toEqual(['a frame could not be handled']);
    expect(follower.logged('could not be handled')[0]).toMatchObject({ level: 'error' });
  });

  test('takes a heartbeat for as old as the push service says, and adds the time that it was on its way', async () => {
    // The clock of Redis may show any time.
    const heartbeat = (cursor: string, timestampMs: bigint, ageMs: bigint) =>
      frame(cursor, { $case: 'heartbeat', value: { timestampMs, ageMs } });
    let write: ((bytes: Uint8Array) => void) | undefined;
    const { addr } = await playPush((call) => {
      write = (bytes) => void call.write(bytes);
      write(frame('c0'));
    });
    const follower = await new Follower(addr).untilConnected();
    const delayMs = () => follower.client.state.heartbeatDelayMs ?? Number.NaN;
    const start = performance.now();
    write?.(heartbeat('c1', 5_000_000n, 60_000n));
    await follower.until(() => delayMs() >= 60_000);
    expect(follower.client.coveredUntil).toBeLessThanOrEqual(start);
    write?.(heartbeat('c2', 5_060_000n, 0n));
    await follower.until(() => delayMs() < 30_000);
    const { coveredUntil } = follower.client;
    expect(coveredUntil).toBeGreaterThan(start - 20);
    // It was sent 40 s before the last one, so it has been on its way for as long.
    write?.(heartbeat('c3', 5_020_000n, 0n));
    await follower.until(() => delayMs() >= 40_000);
    expect(follower.client.coveredUntil).toBe(coveredUntil);
  });

  test('takes the age by the clocks of both when an older push service sends none', async () => {
    const heartbeat = (cursor: string, ageMs: number) =>
      frame(cursor, { $case: 'heartbeat', value: { timestampMs: BigInt(Date.now() - ageMs) } });
    let write: ((bytes: Uint8Array) => void) | undefined;
    const { addr } = await playPush((call) => {
      write = (bytes) => void call.write(bytes);
      write(frame('c0'));
    });
    const follower = await new Follower(addr).untilConnected();
    const start = performance.now();
    write?.(heartbeat('c1', 60_000));
    await follower.until(({ client }) => client.state.heartbeatDelayMs !== undefined);
    expect(follower.client.state.heartbeatDelayMs).toBeGreaterThanOrEqual(60_000);
    expect(follower.client.coveredUntil).toBeLessThanOrEqual(start);
    write?.(heartbeat('c2', 10));
    await follower.until(({ client }) => (client.state.heartbeatDelayMs ?? 0) < 1_000);
    expect(follower.client.coveredUntil).toBeGreaterThan(start - 20);
  });

  test('holds the server back while it is slow, and misses nothing', async () => {
    let taken = 0;
    const payload = Buffer.alloc(32 * 1024, 120);
    const total = 600;
    const { addr } = await playPush((call) => {
      call.write(frame('start'));
      void (async () => {
        for (; taken < total; taken++) {
          if (!call.write(eventFrame(`c${taken}`, { payloadBytes: payload }))) {
            await new Promise((resolve) => call.once('drain', resolve));
          }
        }
      })();
    });
    const follower = new Follower(addr);
    let mostAhead = 0;
    follower.onEvent = () => {
      mostAhead = Math.max(mostAhead, taken - follower.events.length);
      for (const end = performance.now() + 1; performance.now() < end; );
    };
    await follower.until(({ events }) => events.length === total, 20_000);
    // 20 MB in all; what was under way is bounded by HTTP/2 windows and stream buffers.
    expect(mostAhead).toBeLessThan(150);
    expect(follower.ids.at(-1)).toBe(`c${total - 1}`);
  });
});

describe('reading a user’s events', () => {
  const never = new AbortController().signal;
  const failure = async (reading: Promise<unknown>): Promise<PushReadError> => {
    const error = await reading.catch((thrown: unknown) => thrown);
    if (error instanceof PushReadError) return error;
    throw new Error(`expected a PushReadError, not ${String(error)}`);
  };

  test('gives them after one of them', async () => {
    const push = await startPush({ BACKEND_PUSH_GRPC_CALLERS: callersText('secret') });
    const userId = randomUUID();
    const events = [await testLog.append(userId), await testLog.append(userId), await testLog.append(userId)];
    const { client } = new Follower(push.addr, { token: 'secret' });
    const page = await client.readUserEvents(userId, events[0]?.eventId ?? '', never);
    expect(page.found).toBe(true);
    expect(page.events.map(({ eventId }) => eventId)).toEqual(events.slice(1).map(({ eventId }) => eventId));
    expect(page.headEventId).toBe(events[2]?.eventId);
    expect((await client.readUserEvents(userId, 'made-up', never)).found).toBe(false);
  });

  test('may help later when the service cannot be reached, refuses the token, or is too slow', async () => {
    const push = await startPush({ BACKEND_PUSH_GRPC_CALLERS: callersText('secret') });
    const refused = await failure(
      new Follower(push.addr, { token: 'guess' }).client.readUserEvents(randomUUID(), '', never),
    );
    expect(refused).toMatchObject({ retryable: true, rejection: { reason: 'UPSTREAM_UNAVAILABLE' } });

    const proxy = await proxyTo(push);
    const { client } = new Follower(proxy.addr, { token: 'secret', timeoutMs: 1_000 });
    await client.readUserEvents(randomUUID(), '', never);
    proxy.stall();
    const slow = await failure(client.readUserEvents(randomUUID(), '', never));
    expect(slow.retryable).toBe(true);
    expect(String(slow.cause)).toContain('DEADLINE_EXCEEDED');
    proxy.cut();
    const gone = await failure(client.readUserEvents(randomUUID(), '', never));
    expect(gone.retryable).toBe(true);
    proxy.heal();
    for (let read = false; !read; ) {
      read = await client.readUserEvents(randomUUID(), '', never).then(
        () => true,
        () => delay(20, false),
      );
    }
  });

  test('does not help again after a question that the service refuses', async () => {
    const push = await startPush();
    const { client } = new Follower(push.addr);
    const error = await failure(client.readUserEvents('nobody', '', never));
    expect(error.retryable).toBe(false);
    expect(String(error.cause)).toContain('INVALID_ARGUMENT');
  });

  test('ends with the caller’s abort', async () => {
    const proxy = await proxyTo(await startPush());
    const { client } = new Follower(proxy.addr, { timeoutMs: 60_000 });
    await client.readUserEvents(randomUUID(), '', never);
    proxy.stall();
    const caller = new AbortController();
    const reading = client.readUserEvents(randomUUID(), '', caller.signal);
    caller.abort(new Error('the client has disconnected'));
    await expect(reading).rejects.toThrow('the client has disconnected');
    await expect(client.readUserEvents(randomUUID(), '', caller.signal)).rejects.toThrow('has disconnected');
  });
});

describe('the name of a gateway', () => {
  test('is one that the push service takes, whatever its host is called, and differs between processes', () => {
    for (const host of ['', 'ada’s laptop', 'gateway-7f9c.eu-west.example.com', 'x'.repeat(255)]) {
      expect(newGatewayId(host)).toMatch(/^[A-Za-z0-9_.-]{1,64}$/);
    }
    expect(newGatewayId('a')).not.toBe(newGatewayId('a'));
  });
});
