import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readVariables } from '../../../lib/config/variables.ts';
import { Refusal } from '../../../lib/errors/table.ts';
import { createLimits } from '../../../lib/gateway/rate-limit/limits.ts';
import { rateLimitVariables } from '../../../lib/gateway/rate-limit/variables.ts';

let nowMs = 0;

/** The limits of a gateway with these variables, all others off. */
function limits(environment: Record<string, string>) {
  const names = Object.values(rateLimitVariables).map(({ name }) => [name, 'off']);
  const read = readVariables(rateLimitVariables, { ...Object.fromEntries(names), ...environment });
  expect(read.problems).toEqual([]);
  return createLimits(read.values, () => nowMs);
}

const newSession = (userId = randomUUID()) => ({
  deviceSessionId: randomUUID(),
  userId,
  publicKey: new Uint8Array(32),
});

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

  it('count reads, writes and subscriptions of a session apart', () => {
    const { requests } = limits({
      GATEWAY_RATE_LIMIT_SESSION_READ: '1/s',
      GATEWAY_RATE_LIMIT_SESSION_WRITE: '1/m',
      GATEWAY_RATE_LIMIT_SESSION_SUBSCRIBE: '1/h',
    });
    const session = newSession();
    for (const messageClass of ['read', 'write', 'subscribe'] as const) {
      expect(requests.session(session, messageClass)).toBeUndefined();
    }
    const again = (['read', 'write', 'subscribe'] as const).map((messageClass) =>
      requests.session(session, messageClass),
    );
    expect(again.map((refused) => [refused?.metadata?.limit, refused?.retryAfterMs])).toEqual([
      ['session_read', 1_000],
      ['session_write', 60_000],
      ['session_subscribe', 3_600_000],
    ]);
    expect(requests.session(newSession(session.userId), 'read')).toBeUndefined();
  });

  it('count all device sessions of a user together', () => {
    const { requests } = limits({ GATEWAY_RATE_LIMIT_USER_WRITE: '1/s burst 3' });
    const userId = randomUUID();
    for (let device = 0; device < 3; device += 1) {
      expect(requests.session(newSession(userId), 'write')).toBeUndefined();
    }
    expect(requests.session(newSession(userId), 'write')).toMatchObject({
      reason: 'RATE_LIMITED',
      metadata: { limit: 'user_write' },
    });
    expect(requests.session(newSession(userId), 'read')).toBeUndefined();
    expect(requests.session(newSession(), 'write')).toBeUndefined();
  });

  it('let everything through where they are off', () => {
    const { requests, signIn } = limits({});
    const session = newSession();
    for (let count = 0; count < 1_000; count += 1) {
      expect(requests.address('192.0.2.1')).toBeUndefined();
      expect(requests.session(session, 'write')).toBeUndefined();
      signIn.address('192.0.2.1');
      signIn.email('ada@example.com', '192.0.2.1');
      signIn.challenge('c');
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

  it('count an e-mail address in whatever way it is written, and say in whole seconds when to retry', () => {
    nowMs = 0;
    const { signIn } = limits({ GATEWAY_RATE_LIMIT_SIGN_IN_EMAIL: '1/m burst 2' });
    signIn.email('ada@example.com', '192.0.2.1');
    signIn.email(' ADA@Example.com ', '192.0.2.2');
    nowMs = 500;
    expect(refusal(() => signIn.email('Ada@example.com', '192.0.2.3')).body).toEqual({
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

  it('count a challenge in whatever case it is written, and addresses by their network', () => {
    const { signIn } = limits({
      GATEWAY_RATE_LIMIT_SIGN_IN_CHALLENGE: '1/m',
      GATEWAY_RATE_LIMIT_PUBLIC_HTTP_ADDRESS: '1/m',
    });
    signIn.challenge('01930f3c-7b1a-7000-8000-0000000000c0');
    expect(refusal(() => signIn.challenge('01930F3C-7B1A-7000-8000-0000000000C0')).code).toBe('rate_limited');
    signIn.address('2001:db8::1');
    expect(refusal(() => signIn.address('2001:db8::2')).code).toBe('rate_limited');
  });
});
