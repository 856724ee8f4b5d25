import { DrizzleQueryError } from 'drizzle-orm';
import { describe, expect, it } from 'vitest';
import { isTransientFault } from '../../lib/errors/transient-fault.ts';

const withCode = (code: string) => Object.assign(new Error('failed'), { code });

describe('a fault that passes by itself', () => {
  const store = ['57014', '55P03', '57P01', '57P03', '08006', '53300', '40P01', '25006', '25P03'];
  it.each([...store, 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENETUNREACH', 'ERR_STREAM_DESTROYED'])(
    'is one of code %s, also as the cause of a failed query',
    (code) => {
      expect(isTransientFault(withCode(code))).toBe(true);
      expect(isTransientFault(new DrizzleQueryError('select 1', [], withCode(code)))).toBe(true);
      expect(isTransientFault(new AggregateError([new Error('other'), withCode(code)]))).toBe(true);
    },
  );

  it.each([
    'Connection terminated unexpectedly',
    'Connection terminated',
    'Connection terminated due to connection timeout',
    'Connection terminated: WebSocket failed',
    'Client has encountered a connection error and is not queryable',
    'Client was closed and is not queryable',
    'Cannot use a pool after calling end on the pool',
    'Received unexpected commandComplete message from backend.',
    'timeout exceeded when trying to connect',
    'timeout expired',
    'Query read timeout',
  ])('is a connection that a driver of PostgreSQL lost or could not get: %s', (message) => {
    expect(isTransientFault(new Error(message))).toBe(true);
    expect(isTransientFault(new DrizzleQueryError('commit', [], new Error(message)))).toBe(true);
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

  it.each(['23505', '42P01', '22P02', '25P02', '26000', 'ERR_INVALID_ARG_TYPE'])(
    'is none of code %s',
    (code) => {
      expect(isTransientFault(withCode(code))).toBe(false);
    },
  );

  it('is no mistake of the program', () => {
    for (const fault of [new TypeError('x is not a function'), 'text', undefined, null]) {
      expect(isTransientFault(fault)).toBe(false);
    }
  });
});
