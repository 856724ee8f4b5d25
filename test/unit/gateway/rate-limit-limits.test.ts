import { randomUUID } from 'node:crypto';
import { BlockList } from 'node:net';
import { describe, expect, it } from 'vitest';
import { readVariables } from '../../../lib/config/variables.ts';
import { Refusal } from '../../../lib/errors/table.ts';
import { RejectedError, type Rejection } from '../../../lib/gateway/domain/rejection.ts';
import { createLimits } from '../../../lib/gateway/rate-limit/limits.ts';
import { unverifiedBounds } from '../../../lib/gateway/rate-limit/unverified-requests.ts';
import { rateLimitVariables } from '../../../lib/gateway/rate-limit/variables.ts';
import { VerifiedPairs } from '../../../lib/gateway/rate-limit/verified-pairs.ts';

let nowMs = 0;

/** The limits of a gateway with these variables, all others off. */
function limits(environment: Record<string, string>, trusted?: BlockList) {
  const names = Object.values(rateLimitVariables).map(({ name }) => [name, 'off']);
  const read = readVariables(rateLimitVariables, { ...Object.fromEntries(names), ...environment });
  expect(read.problems).toEqual([]);
  return createLimits(read.values, trusted, () => nowMs);
}

const newSession = (userId = randomUUID()) => ({
  deviceSessionId: randomUUID(),
  userId,
  publicKey: new Uint8Array(32),
  useIsDue: false,
});

/** What a limit refuses with; undefined when it lets the request through. */
function refusedWith<T>(ask: () => T, then: (admitted: T) => void = () => {}): Rejection | undefined {
  try {
    then(ask());
    return undefined;
  } catch (error) {
    if (error instanceof RejectedError) return error.rejection;
    throw error;
  }
}

describe('the limits of signed requests', () => {
  it('count an address by itself, and all of an IPv6 network of 64 bits as one', () => {
    const { requests } = limits({ GATEWAY_RATE_LIMIT_GRPC_ADDRESS: '1/s burst 2' });
    expect(requests.address('192.0.2.1')).toBeUndefined();
    expect(requests.address('192.0.2.1')).toBeUndefined();
    expect(requests.address('192.0.2.1')).toEqual({
      reason: 'RATE_LIMITED',
      message: 'Too many requests from this address; retry after the time in the RetryInfo.',
      metadata: { limit: 'address' },
      retryAfterMs: 1_000,
    });
    expect(requests.address('192.0.2.2')).toBeUndefined();

    expect(requests.address('2001:db8:0:1::1')).toBeUndefined();
    expect(requests.address('2001:db8:0:1:ffff::2')).toBeUndefined();
    expect(requests.address('2001:db8:0:1::3')).toMatchObject({ reason: 'RATE_LIMITED' });
    expect(requests.address('2001:db8:0:2::1')).toBeUndefined();
  });

  const use = (
    requests: ReturnType<typeof limits>['requests'],
    ...args: Parameters<typeof requests.session>
  ) =>
    refusedWith(
      () => requests.session(...args),
      (tokens) => tokens.keep(),
    );

  it('count reads, writes and subscriptions of a session apart', () => {
    const { requests } = limits({
      GATEWAY_RATE_LIMIT_SESSION_READ: '1/s',
      GATEWAY_RATE_LIMIT_SESSION_WRITE: '1/m',
      GATEWAY_RATE_LIMIT_SESSION_SUBSCRIBE: '1/h',
    });
    const session = newSession();
    const classes = ['read', 'write', 'subscribe'] as const;
    for (const messageClass of classes) expect(use(requests, session, messageClass)).toBeUndefined();
    const again = classes.map((messageClass) => use(requests, session, messageClass));
    expect(again.map((refused) => [refused?.metadata?.limit, refused?.retryAfterMs])).toEqual([
      ['session_read', 1_000],
      ['session_write', 60_000],
      ['session_subscribe', 3_600_000],
    ]);
    expect(use(requests, newSession(session.userId), 'read')).toBeUndefined();
  });

  it('count all device sessions of a user together', () => {
    const { requests } = limits({ GATEWAY_RATE_LIMIT_USER_WRITE: '1/s burst 3' });
    const userId = randomUUID();
    for (let device = 0; device < 3; device += 1) {
      expect(use(requests, newSession(userId), 'write')).toBeUndefined();
    }
    expect(use(requests, newSession(userId), 'write')).toMatchObject({
      reason: 'RATE_LIMITED',
      metadata: { limit: 'user_write' },
    });
    expect(use(requests, newSession(userId), 'read')).toBeUndefined();
    expect(use(requests, newSession(), 'write')).toBeUndefined();
  });

  it('take nothing of the session or the user for requests that give their tokens back, or that the user’s refuses', () => {
    const { requests } = limits({
      GATEWAY_RATE_LIMIT_SESSION_WRITE: '1/h burst 2',
      GATEWAY_RATE_LIMIT_USER_WRITE: '1/h burst 2',
    });
    const session = newSession();
    const other = newSession(session.userId);
    for (let replay = 0; replay < 1_000; replay += 1) requests.session(session, 'write').giveBack();
    expect([use(requests, other, 'write'), use(requests, other, 'write')]).toEqual([undefined, undefined]);
    for (let attempt = 0; attempt < 5; attempt += 1) {
      expect(use(requests, session, 'write')?.metadata).toEqual({ limit: 'user_write' });
    }
    nowMs += 2 * 3_600_000;
    expect([use(requests, session, 'write'), use(requests, session, 'write')]).toEqual([
      undefined,
      undefined,
    ]);
    expect(use(requests, session, 'write')?.metadata).toEqual({ limit: 'session_write' });
  });

  it('let everything through where they are off', () => {
    const { requests, signIn } = limits({});
    const session = newSession();
    for (let count = 0; count < 1_000; count += 1) {
      expect(requests.address('192.0.2.1')).toBeUndefined();
      expect(use(requests, session, 'write')).toBeUndefined();
      requests.unverified('192.0.2.1', request())('refused');
      signIn.address('192.0.2.1');
      signIn.email('ada@example.com', '192.0.2.1');
      signIn.challenge('c');
    }
  });
});

const request = (deviceSessionId = randomUUID(), bytes = 2) => ({
  deviceSessionId,
  payloadBytes: new Uint8Array(bytes),
});

describe('the limits of requests that are not verified', () => {
  it('let a player play while a stranger behind the same address uses it up', () => {
    const { requests } = limits({ GATEWAY_RATE_LIMIT_GRPC_UNVERIFIED: '1/m burst 3' });
    const player = request();
    requests.unverified('192.0.2.1', player)('verified');
    const ask = (asked = request(), address = '192.0.2.1') =>
      refusedWith(
        () => requests.unverified(address, asked),
        (done) => done('refused'),
      );
    expect([ask(), ask(), ask()]).toEqual([undefined, undefined, undefined]);
    expect(ask()).toMatchObject({
      reason: 'RATE_LIMITED',
      metadata: { limit: 'unverified' },
      retryAfterMs: 60_000,
    });
    for (let command = 0; command < 100; command += 1) requests.unverified('192.0.2.1', player)('verified');
    // The pair counts, not the session or the address.
    expect(ask(player, '192.0.2.2')).toBeUndefined();
    expect(ask()).toMatchObject({ metadata: { limit: 'unverified' } });
    nowMs += 10 * 60_000 + 1;
    expect([ask(), ask(), ask()]).toEqual([undefined, undefined, undefined]);
    expect(ask(player)).toMatchObject({ metadata: { limit: 'unverified' } });
  });

  it('count look-ups that have not ended, and none that were verified or that the platform failed', () => {
    const { requests } = limits({ GATEWAY_RATE_LIMIT_GRPC_UNVERIFIED: '1/h burst 2' });
    const open = [requests.unverified('192.0.2.1', request()), requests.unverified('192.0.2.1', request())];
    expect(refusedWith(() => requests.unverified('192.0.2.1', request()))).toMatchObject({
      metadata: { limit: 'unverified' },
    });
    open[0]?.('failed');
    open[1]?.('verified');
    for (let player = 0; player < 100; player += 1) requests.unverified('192.0.2.1', request())('verified');
    for (let outage = 0; outage < 100; outage += 1) requests.unverified('192.0.2.1', request())('failed');
    // A bad signature for the session of an active player counts, too.
    const player = request();
    requests.unverified('192.0.2.1', player)('verified');
    for (let forged = 0; forged < 5; forged += 1) requests.unverified('192.0.2.1', player)('refused');
    expect(refusedWith(() => requests.unverified('192.0.2.1', request()))).toMatchObject({
      metadata: { limit: 'unverified' },
    });
  });

  it('bound what waits of one address in bytes and in number, trusted proxies excepted, and all together', () => {
    const proxies = new BlockList();
    proxies.addAddress('10.0.0.1');
    const { requests } = limits({}, proxies);
    const player = request();
    requests.unverified('192.0.2.1', player)('verified');
    const hold = (address: string, bytes: number) => {
      const held: ((outcome: 'refused') => void)[] = [];
      for (;;) {
        const refused = refusedWith(
          () => requests.unverified(address, request(randomUUID(), bytes)),
          (done) => held.push(done),
        );
        if (refused === undefined) continue;
        // A pair that was verified lately has places of its own.
        requests.unverified('192.0.2.1', player)('verified');
        for (const done of held) done('refused');
        return { count: held.length, ...refused };
      }
    };
    const { address, all } = unverifiedBounds;
    const payload = 256 * 1024;
    expect(hold('192.0.2.1', 2)).toMatchObject({
      count: address.requests,
      reason: 'RATE_LIMITED',
      metadata: { limit: 'unverified_in_flight' },
      retryAfterMs: expect.any(Number),
    });
    expect(hold('2001:db8::1', payload).count).toBe(Math.floor(address.bytes / (payload + 1_024)));
    expect(hold('10.0.0.1', 2)).toMatchObject({
      count: all.requests,
      reason: 'OVERLOADED',
      retryAfterMs: expect.any(Number),
    });
    expect(hold('10.0.0.1', payload).count).toBe(Math.floor(all.bytes / (payload + 1_024)));
    // What was given back is free again.
    expect(hold('192.0.2.1', 2).count).toBe(address.requests);
  });

  it('remember verified pairs in a table whose size a flood does not change', () => {
    const pairs = new VerifiedPairs(new Uint8Array(8));
    const size = pairs.memoryBytes;
    pairs.add('192.0.2.1 ada', 0);
    expect([pairs.has('192.0.2.1 ada', 600_000), pairs.has('192.0.2.1 ada', 600_001)]).toEqual([true, false]);
    let mistaken = 0;
    for (let index = 0; index < 100_000; index += 1) {
      if (pairs.has(`never ${index}`, index)) mistaken += 1;
      pairs.add(`pair ${index}`, index);
    }
    expect([mistaken, pairs.memoryBytes, size]).toEqual([0, 786_432, 786_432]);
    for (let index = 99_000; index < 100_000; index += 1) {
      expect(pairs.has(`pair ${index}`, 100_000)).toBe(true);
    }
  });
});

describe('the limits of sign-in', () => {
  const refusal = (ask: () => void): Refusal => {
    try {
      ask();
    } catch (error) {
      if (error instanceof Refusal) return error;
      throw error;
    }
    return expect.unreachable('it was let through');
  };

  it('count an e-mail address from all networks, and say in whole seconds when to retry', () => {
    nowMs = 0;
    const { signIn } = limits({ GATEWAY_RATE_LIMIT_SIGN_IN_EMAIL: '1/m burst 2' });
    signIn.email('ada@example.com', '192.0.2.1');
    signIn.email('ada@example.com', '192.0.2.2');
    nowMs = 500;
    expect(refusal(() => signIn.email('ada@example.com', '192.0.2.3')).body).toEqual({
      error: {
        code: 'rate_limited',
        message: 'Too many sign-in codes for this e-mail address; try again in 60 s.',
        details: { retry_after_seconds: 60 },
      },
    });
    signIn.email('grace@example.com', '192.0.2.1');
    nowMs = 60_500;
    signIn.email('ada@example.com', '192.0.2.1');
  });

  it('keep one network from using up what an e-mail address may have', () => {
    const { signIn } = limits({
      GATEWAY_RATE_LIMIT_SIGN_IN_EMAIL_NETWORK: '1/h burst 2',
      GATEWAY_RATE_LIMIT_SIGN_IN_EMAIL: '1/h burst 3',
    });
    signIn.email('ada@example.com', '2001:db8::1');
    signIn.email('ada@example.com', '2001:db8::2');
    for (let attempt = 0; attempt < 10; attempt += 1) {
      expect(refusal(() => signIn.email('ada@example.com', `2001:db8::${attempt}`)).code).toBe(
        'rate_limited',
      );
    }
    signIn.email('ada@example.com', '192.0.2.1');
    expect(refusal(() => signIn.email('ada@example.com', '192.0.2.1')).code).toBe('rate_limited');
  });

  it('count codes that a device which has signed in before requests by itself, and then like all others', () => {
    const { signIn } = limits({
      GATEWAY_RATE_LIMIT_SIGN_IN_EMAIL_NETWORK: '1/m burst 2',
      GATEWAY_RATE_LIMIT_SIGN_IN_EMAIL: '1/m burst 3',
      GATEWAY_RATE_LIMIT_SIGN_IN_KNOWN_DEVICE: '1/m burst 2',
    });
    const [owner, stranger] = ['2001:db8::1', '192.0.2.9'];
    const device = randomUUID();
    const ask = (from: string, knownDevice?: string) => signIn.email('ada@example.com', from, knownDevice);
    for (const network of [1, 2, 3]) ask(`192.0.2.${network}`);
    expect(refusal(() => ask(owner)).code).toBe('rate_limited');
    // A stranger who knows the session uses up the share of it for another network.
    for (let request = 0; request < 2; request += 1) ask(stranger, device);
    expect(refusal(() => ask(stranger, device)).code).toBe('rate_limited');
    for (let request = 0; request < 2; request += 1) ask(owner, device);
    expect(refusal(() => ask(owner, device)).code).toBe('rate_limited');
    nowMs += 60_000;
    ask(owner, device);
    // Past its share it has the room of everyone.
    ask(owner, device);
    expect(refusal(() => ask(owner, device)).code).toBe('rate_limited');
  });

  it('count a challenge, and addresses by their network', () => {
    const { signIn } = limits({
      GATEWAY_RATE_LIMIT_SIGN_IN_CHALLENGE: '1/m',
      GATEWAY_RATE_LIMIT_PUBLIC_HTTP_ADDRESS: '1/m',
    });
    signIn.challenge('01930f3c-7b1a-7000-8000-0000000000c0');
    expect(refusal(() => signIn.challenge('01930f3c-7b1a-7000-8000-0000000000c0')).code).toBe('rate_limited');
    signIn.address('2001:db8::1');
    expect(refusal(() => signIn.address('2001:db8::2')).code).toBe('rate_limited');
  });
});
