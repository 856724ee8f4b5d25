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
      "Socket timeout. Expecting data, but didn't receive any in 2000ms.",
      'All sentinels are unreachable. Retrying from scratch after 50ms. Last error: connect ECONNREFUSED',
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

  it.each([
    "READONLY You can't write against a read only replica.",
    "READONLY You can't write against a read only replica. script: 4a2c, on @user_script:1.",
    "ERR Error running script (call to f_4a2c): @user_script:1: @user_script: 1: -READONLY You can't write against a read only replica.",
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    'UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)',
    'LOADING Redis is loading the dataset in memory',
    "OOM command not allowed when used memory > 'maxmemory'.",
    'MISCONF Redis is configured to save RDB snapshots, but it is currently unable to persist to disk.',
    'NOREPLICAS Not enough good replicas to write.',
    'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
    'CLUSTERDOWN The cluster is down',
    'TRYAGAIN Multiple keys request during rehashing of slot',
    'ERR max number of clients reached',
  ])('is a Redis that cannot serve for now: %s', (message) => {
    expect(isTransientFault(new Error('publishing failed', { cause: new Error(message) }))).toBe(true);
  });

  it.each([
    "NOPERM this user has no permissions to run the 'xadd' command",
    'WRONGPASS invalid username-password pair or user is disabled.',
    'BUSYGROUP Consumer Group name already exists',
    'WRONGTYPE Operation against a key holding the wrong kind of value',
  ])('is not what a person has to mend: %s', (message) => {
    expect(isTransientFault(new Error(message))).toBe(false);
  });

  it.each(['23505', '42P01', '22P02', '25P02', '26000', 'ERR_INVALID_ARG_TYPE'])(
    'is none of code %s',
    (code) => {
      expect(isTransientFault(withCode(code))).toBe(false);
    },
  );

  it('is not a mistake of the program', () => {
    for (const fault of [new TypeError('x is not a function'), 'text', undefined, null]) {
      expect(isTransientFault(fault)).toBe(false);
    }
  });
});
