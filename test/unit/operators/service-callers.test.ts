import { createHash } from 'node:crypto';
import { Hono } from 'hono';
import { describe, expect, it, test } from 'vitest';
import { listenerCallers } from '../../../lib/config/listener-variables.ts';
import { readVariables } from '../../../lib/config/variables.ts';
import { admitUser } from '../../../lib/http/actor.ts';
import { createHttpApp } from '../../../lib/http/app.ts';
import { requirePermission } from '../../../lib/http/require-caller.ts';
import { createCallerCheck, serviceCallers } from '../../../lib/operators/service-callers.ts';
import { createLogger } from '../../../lib/telemetry/logger.ts';
import { callerWith } from '../../support/service-callers.ts';

const hashOf = (token: string) => createHash('sha256').update(token).digest('hex');
const gateway = {
  caller: 'gateway',
  token_sha256: [hashOf('old'), hashOf('next')],
  permissions: ['users.act'],
};
const lobby = { caller: 'lobby', token_sha256: [hashOf('of-lobby')], permissions: ['users.eligibility'] };

const problemsOf = (text: string) =>
  serviceCallers.safeParse(text).error?.issues.map(({ message }) => message) ?? [];

describe('the variable of a listener', () => {
  it('names callers', () => {
    expect(serviceCallers.parse(JSON.stringify([gateway, lobby]))).toEqual([gateway, lobby]);
  });

  test.each<[string, unknown, RegExp]>([
    ['something other than JSON', 'gateway:token', /expected array/],
    ['no callers', [], /^name at least one caller$/],
    [
      'a token in place of its hash',
      [{ ...gateway, token_sha256: ['old'] }],
      /^0\.token_sha256\.0: write 64 .* sha256sum/,
    ],
    ['no token', [{ ...gateway, token_sha256: [] }], /^0\.token_sha256: it needs a token$/],
    ['three tokens', [{ ...gateway, token_sha256: ['a', 'b', 'c'].map(hashOf) }], /two tokens are enough/],
    [
      'a permission that does not exist',
      [{ ...gateway, permissions: ['users.fly'] }],
      /^0\.permissions\.0: "users.fly" is not a permission/,
    ],
    ['a name with blanks', [{ ...gateway, caller: 'the gateway' }], /^0\.caller: name it with/],
    ['a field too many', [{ ...gateway, token: 'old' }], /^0: Unrecognized key: "token"$/],
    ['a caller twice', [gateway, { ...lobby, caller: 'gateway' }], /two entries have the same caller/],
    [
      'the token of two callers',
      [gateway, { ...lobby, token_sha256: [hashOf('next')] }],
      /two tokens are the same/,
    ],
  ])('refuses %s', (_, value, problem) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    expect(problemsOf(text)).toEqual([expect.stringMatching(problem)]);
  });
});

it('shows no token that was written in place of its hash', () => {
  const value = JSON.stringify([{ ...gateway, token_sha256: ['hunter2'] }]);
  const { problems } = readVariables(listenerCallers('LOBBY_PUBLIC_HTTP'), {
    LOBBY_PUBLIC_HTTP_CALLERS: value,
  });
  expect(problems).toEqual([
    {
      variable: 'LOBBY_PUBLIC_HTTP_CALLERS',
      message: expect.stringMatching(/^its value cannot be used: 0\.token_sha256\.0: write 64 lower-case/),
    },
  ]);
  expect(JSON.stringify(problems)).not.toContain('hunter2');
});

describe('the check of a token', () => {
  const check = createCallerCheck(serviceCallers.parse(JSON.stringify([gateway, lobby])));

  test.each(['first', 'second'])('finds the caller by each of its tokens, the %s time', async () => {
    expect((await check('Bearer old'))?.caller).toBe('gateway');
    expect((await check('bearer next'))?.caller).toBe('gateway');
    expect((await check('Bearer of-lobby'))?.caller).toBe('lobby');
  });

  test.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Basic old',
    'Bearer old2',
    'Bearer ol',
    `Bearer ${hashOf('old')}`,
  ])('finds none by %j', async (authorization) => {
    expect(await check(authorization)).toBeUndefined();
  });
});

describe('a listener with callers', () => {
  const app = createHttpApp({
    log: createLogger({ service: 'test', level: 'silent' }),
    ready: () => true,
    bodyLimitBytes: 1_024,
    callers: [
      ...callerWith('of-gateway', ['users.act']).map((one) => ({ ...one, caller: 'gateway' })),
      ...callerWith('of-lobby', ['users.eligibility']),
    ],
  });
  app.use('/user/*', admitUser);
  app.get('/user/me', (c) => c.json({ actor: c.get('actor').kind, caller: c.get('serviceCaller')?.caller }));
  app.use('/eligibility', requirePermission('users.eligibility'));
  app.route(
    '/eligibility',
    new Hono().get('/', (c) => c.json({ ok: true })),
  );

  const ask = async (path: string, token: string) => {
    const headers = { authorization: `Bearer ${token}`, 'x-user-id': '01980000-0000-7000-8000-000000000001' };
    const response = await app.request(path, { headers });
    return [response.status, response.headers.get('www-authenticate'), await response.json()];
  };

  it('lets each do what it has permission for', async () => {
    expect(await ask('/user/me', 'of-gateway')).toEqual([200, null, { actor: 'user', caller: 'gateway' }]);
    expect(await ask('/eligibility', 'of-lobby')).toEqual([200, null, { ok: true }]);
  });

  it('refuses the rest with a challenge, so that it does not pass for a refusal of the user', async () => {
    const challenge = 'Bearer error="insufficient_scope"';
    expect(await ask('/user/me', 'of-lobby')).toEqual([
      403,
      challenge,
      {
        error: {
          code: 'forbidden',
          message: 'The caller the-caller does not have the permission users.act.',
          details: { permission: 'users.act' },
        },
      },
    ]);
    expect((await ask('/eligibility', 'of-gateway')).slice(0, 2)).toEqual([403, challenge]);
    expect((await ask('/user/me', 'guess')).slice(0, 2)).toEqual([401, 'Bearer']);
  });
});
