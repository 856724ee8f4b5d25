import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { lookupRate, startTestBackend, type TestBackend, TestDevice } from '../../support/backend/backend.ts';

let backend: TestBackend;
beforeAll(async () => {
  backend = await startTestBackend();
});
afterAll(() => backend.close());

let players = 0;
async function newPlayer(profile: { handle?: string; display_name?: string } = {}): Promise<string> {
  players += 1;
  const { userId } = await new TestDevice(backend).signIn(`player${players}@example.com`);
  if (Object.keys(profile).length > 0) {
    const changed = await backend.request('PATCH', '/api/v1/user/account', {
      headers: { 'X-User-ID': userId },
      body: profile,
    });
    expect(changed.status).toBe(200);
  }
  return userId;
}

const lookUp = async (userId: string, query: string) => {
  const { status, body, headers } = await backend.request('GET', `/api/v1/user/lookup${query}`, {
    headers: { 'X-User-ID': userId },
  });
  return { status, body, retryAfter: headers.get('retry-after') };
};

const notFound = (handle: string) => ({
  status: 404,
  body: { error: { code: 'not_found', message: `There is no player with the handle ${handle}.` } },
  retryAfter: null,
});

let asking: string;
beforeEach(async () => {
  asking = await newPlayer();
});

describe('looking a player up', () => {
  it('finds them by their exact handle, in any letters, and shows no more than an invitation needs', async () => {
    const userId = await newPlayer({ handle: 'Grace_H', display_name: 'Grace' });
    const found = { user_id: userId, handle: 'grace_h', display_name: 'Grace' };
    expect(await lookUp(asking, '?handle=grace_h')).toEqual({ status: 200, body: found, retryAfter: null });
    expect((await lookUp(asking, '?handle=GRACE_h')).body).toEqual(found);
    expect((await lookUp(userId, '?handle=grace_h')).body).toEqual(found);
  });

  it('finds a player without a display name', async () => {
    const userId = await newPlayer({ handle: 'nameless' });
    expect((await lookUp(asking, '?handle=nameless')).body).toEqual({
      user_id: userId,
      handle: 'nameless',
      display_name: null,
    });
  });

  it('finds no player by a part of a handle, nor by what might be a pattern', async () => {
    await newPlayer({ handle: 'linus-1' });
    expect(await lookUp(asking, '?handle=linus')).toEqual(notFound('linus'));
    expect(await lookUp(asking, '?handle=linus_1')).toEqual(notFound('linus_1'));
  });

  it('finds neither blocked nor deleted players', async () => {
    for (const [handle, column] of [
      ['blocked-one', 'blocked_at'],
      ['deleted-one', 'deleted_at'],
    ] as const) {
      const userId = await newPlayer({ handle });
      await backend.pool.query(`update backend.users set ${column} = now() where user_id = $1`, [userId]);
      expect(await lookUp(asking, `?handle=${handle}`)).toEqual(notFound(handle));
    }
  });

  it.each([
    ['', 'handle', 'is missing'],
    ['?handle=', 'handle', 'must be 3 to 30 letters a-z, digits, - or _, and begin with a letter or digit'],
    ['?handle=ab', 'handle', 'must be 3 to 30 letters a-z, digits, - or _, and begin with a letter or digit'],
    [
      '?handle=a%25c',
      'handle',
      'must be 3 to 30 letters a-z, digits, - or _, and begin with a letter or digit',
    ],
    ['?handle=abc&email=a@example.com', 'email', 'is not a known field'],
  ])('refuses %j', async (query, field, problem) => {
    const before = await backend.snapshot();
    expect(await lookUp(asking, query)).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_request', details: { fields: [{ field, problem }] } } },
    });
    expect(await backend.snapshot()).toEqual(before);
  });
});

describe('the limit of look-ups', () => {
  it('counts those that find no player, holds for one user alone, and says when to come back', async () => {
    await newPlayer({ handle: `target-${players}` });
    const target = `?handle=target-${players - 1}`;
    for (let asked = 0; asked < lookupRate.burst; asked += 1) {
      expect((await lookUp(asking, `?handle=nobody-${asked}`)).status).toBe(404);
    }
    const before = await backend.snapshot();
    expect(await lookUp(asking, target)).toEqual({
      status: 429,
      body: {
        error: {
          code: 'rate_limited',
          message: 'Too many handles were looked up or tried by this user; try again in 60 seconds.',
          details: { retry_after_seconds: 60 },
        },
      },
      retryAfter: '60',
    });
    expect(await backend.snapshot()).toEqual(before);
    expect((await lookUp(await newPlayer(), target)).status).toBe(200);

    backend.advance(60_000);
    expect((await lookUp(asking, target)).status).toBe(200);
    expect((await lookUp(asking, target)).status).toBe(429);
  });

  it('counts handles that are tried by changing the account, but not one’s own', async () => {
    const taken = `taken-${players}`;
    await newPlayer({ handle: taken });
    const change = (body: object) =>
      backend.request('PATCH', '/api/v1/user/account', { headers: { 'X-User-ID': asking }, body });
    expect((await change({ handle: `mine-${players}` })).status).toBe(200);
    for (let repeat = 0; repeat < 10; repeat += 1) {
      expect((await change({ handle: `Mine-${players}`, display_name: 'Ada' })).status).toBe(200);
    }
    for (let tried = 1; tried < lookupRate.burst; tried += 1) {
      expect((await change({ handle: taken })).status).toBe(409);
    }
    const before = await backend.snapshot();
    const refused = await change({ handle: taken, display_name: 'Eve' });
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('60');
    expect(refused.body).toMatchObject({ error: { code: 'rate_limited' } });
    expect((await lookUp(asking, `?handle=${taken}`)).status).toBe(429);
    expect(await backend.snapshot()).toEqual(before);
    expect((await change({ display_name: 'Eve' })).status).toBe(200);
    backend.advance(60_000);
    expect((await change({ handle: taken })).status).toBe(409);
  });

  it('is not spent by those who may not ask', async () => {
    await backend.pool.query('update backend.users set blocked_at = now() where user_id = $1', [asking]);
    for (let asked = 0; asked <= lookupRate.burst; asked += 1) {
      expect((await lookUp(asking, '?handle=nobody')).body).toEqual({
        error: { code: 'account_blocked', message: 'This account is blocked.' },
      });
      expect((await lookUp(uuidv7(), '?handle=nobody')).status).toBe(401);
    }
    await backend.pool.query('update backend.users set blocked_at = null where user_id = $1', [asking]);
    expect((await lookUp(asking, '?handle=nobody')).status).toBe(404);
  });
});
