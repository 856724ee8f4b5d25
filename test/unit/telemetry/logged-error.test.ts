import { DrizzleQueryError } from 'drizzle-orm';
import { describe, expect, it } from 'vitest';
import { toLoggedError } from '../../../lib/telemetry/logged-error.ts';

describe('a logged error', () => {
  it('shows type, message, code, stack and cause', () => {
    const cause = Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED' });
    const logged = toLoggedError(new TypeError('fetch failed', { cause }));
    expect(logged).toMatchObject({
      type: 'TypeError',
      message: 'fetch failed',
      cause: { type: 'Error', message: 'connection refused', code: 'ECONNREFUSED' },
    });
    expect(logged.stack).toContain('logged-error.test.ts');
  });

  it('shows the statement of a failed query and none of its parameters, however deep it lies', () => {
    const failure = Object.assign(new Error('duplicate key'), {
      code: '23505',
      detail: 'Key (email)=(secret)',
    });
    const query = new DrizzleQueryError('insert into users values ($1)', ['secret'], failure);
    const logged = toLoggedError(new Error('sign-in failed', { cause: query }));
    expect(JSON.stringify(logged)).not.toContain('secret');
    expect(logged.cause).toMatchObject({
      message: 'failed statement: insert into users values ($1)',
      cause: { message: 'duplicate key', code: '23505' },
    });
  });

  it('shows each error of several', () => {
    const both = toLoggedError(new AggregateError([new Error('v6'), new Error('v4')], 'no address worked'));
    expect(both.errors?.map((error) => error.message)).toEqual(['v6', 'v4']);
  });

  it('shows what was thrown without being an error', () => {
    expect(toLoggedError('out of luck')).toEqual({ type: 'string', message: 'out of luck' });
  });
});
