import { DrizzleQueryError } from 'drizzle-orm';
import { describe, expect, it } from 'vitest';
import { isTransientFault } from '../../lib/errors/transient-fault.ts';

const withCode = (code: string) => Object.assign(new Error('failed'), { code });

describe('a fault that passes by itself', () => {
  it.each(['57014', '55P03', '57P01', '57P03', '08006', '53300', '40P01', 'ECONNREFUSED', 'ECONNRESET'])(
    'is one of code %s, also as the cause of a failed query',
    (code) => {
      expect(isTransientFault(withCode(code))).toBe(true);
      expect(isTransientFault(new DrizzleQueryError('select 1', [], withCode(code)))).toBe(true);
      expect(isTransientFault(new AggregateError([new Error('other'), withCode(code)]))).toBe(true);
    },
  );

  it('is a connection that node-postgres lost or could not get', () => {
    expect(isTransientFault(new Error('Connection terminated unexpectedly'))).toBe(true);
    expect(isTransientFault(new Error('timeout exceeded when trying to connect'))).toBe(true);
    expect(isTransientFault(new Error('Query read timeout'))).toBe(true);
    expect(isTransientFault(new Error('Connection terminated: WebSocket failed'))).toBe(true);
  });

  it('is a Redis that is away or slow', () => {
    for (const message of [
      'Connection is closed.',
      'Command timed out',
      "Stream isn't writeable and enableOfflineQueue options is false",
      'Redis does not reply over REST: nothing within 2000 ms',
    ]) {
      expect(isTransientFault(new Error(message))).toBe(true);
    }
    expect(isTransientFault(Object.assign(new Error('gave up'), { name: 'MaxRetriesPerRequestError' }))).toBe(
      true,
    );
    expect(isTransientFault(Object.assign(new Error('ERR syntax error'), { name: 'ReplyError' }))).toBe(
      false,
    );
  });

  it.each(['23505', '42P01', '22P02', 'ERR_INVALID_ARG_TYPE'])('is none of code %s', (code) => {
    expect(isTransientFault(withCode(code))).toBe(false);
  });

  it('is no mistake of the program', () => {
    for (const fault of [new TypeError('x is not a function'), 'text', undefined, null]) {
      expect(isTransientFault(fault)).toBe(false);
    }
  });
});
