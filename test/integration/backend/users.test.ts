import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  base64,
  entitlementDefaults,
  type HttpResponse,
  startTestBackend,
  type TestBackend,
  TestDevice,
} from '../../support/backend/backend.ts';

let backend: TestBackend;
beforeAll(async () => {
  backend = await startTestBackend();
});
afterAll(() => backend.close());

let user: { userId: string; deviceSessionId: string; email: string; device: TestDevice };
let users = 0;
beforeEach(async () => {
  user = await newUser();
});

async function newUser() {
  users += 1;
  const email = `user${users}@example.com`;
  const device = new TestDevice(backend);
  return { email, device, ...(await device.signIn(email)) };
}

const as = (userId: string, method: string, path: string, body?: unknown): Promise<HttpResponse> =>
  backend.request(method, path, {
    headers: { 'X-User-ID': userId },
    ...(body === undefined ? {} : { body }),
  });

const lookUp = (deviceSessionId: string) =>
  backend.request('GET', `/api/v1/internal/sessions/${deviceSessionId}`);

/** Blocking and deleting come from the admin; here straight into the database. */
const mark = (userId: string, column: 'blocked_at' | 'deleted_at') =>
  backend.pool.query(`update backend.users set ${column} = $2 where user_id = $1`, [userId, backend.now()]);

async function expectUnchanged(
  act: () => Promise<HttpResponse>,
  status: number,
  error: object,
): Promise<void> {
  const before = await backend.snapshot();
  const response = await act();
  expect({ status: response.status, body: response.body }).toMatchObject({ status, body: { error } });
  expect(await backend.snapshot()).toEqual(before);
}

it.each(['0', '9', 'f'])(
  'a session id with %s as its version is unknown, as any other that was never issued',
  async (digit) => {
    const { status, body } = await lookUp(`01930f3c-7b1a-${digit}000-8000-0000000000aa`);
    expect({ status, body }).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } });
  },
);

const userRoutes: [string, string, unknown?][] = [
  ['GET', '/api/v1/user/account'],
  ['PATCH', '/api/v1/user/account', { display_name: 'Eve' }],
  ['GET', '/api/v1/user/lookup?handle=somebody'],
  ['GET', '/api/v1/user/sessions'],
  ['POST', `/api/v1/user/sessions/${uuidv7()}/revoke`],
  ['POST', '/api/v1/user/sessions/revoke-all', {}],
];

describe.each(userRoutes)('%s %s', (method, path, body) => {
  it.each([
    ['no X-User-ID', undefined],
    ['an empty X-User-ID', ''],
    ['an X-User-ID that is not an id', 'admin'],
    ['two ids in X-User-ID', `${uuidv7()}, ${uuidv7()}`],
    ['the id of an unknown user in X-User-ID', uuidv7()],
  ])('refuses %s and changes nothing', async (_, userId) => {
    const headers = userId === undefined ? {} : { 'X-User-ID': userId };
    await expectUnchanged(
      () => backend.request(method, path, { headers, ...(body === undefined ? {} : { body }) }),
      401,
      { code: 'unauthenticated' },
    );
  });

  it('refuses a blocked user and changes nothing', async () => {
    await mark(user.userId, 'blocked_at');
    await expectUnchanged(() => as(user.userId, method, path, body), 403, { code: 'account_blocked' });
  });

  it('refuses a deleted user and changes nothing', async () => {
    await mark(user.userId, 'deleted_at');
    await expectUnchanged(() => as(user.userId, method, path, body), 401, { code: 'unauthenticated' });
  });
});

describe('the account', () => {
  it('changes in the fields that are given, and only there', async () => {
    const first = await as(user.userId, 'PATCH', '/api/v1/user/account', {
      handle: `Ada-${users}`,
      display_name: ' Ada ',
      locale: 'de-at',
    });
    expect(first.status).toBe(200);
    const expected = {
      user_id: user.userId,
      email: user.email,
      handle: `ada-${users}`,
      display_name: 'Ada',
      locale: 'de-AT',
      time_zone: 'UTC',
      created_at: backend.now().toISOString(),
    };
    expect(first.body).toEqual(expected);
    const second = await as(user.userId, 'PATCH', '/api/v1/user/account', { time_zone: 'Europe/Vienna' });
    expect(second.body).toEqual({ ...expected, time_zone: 'Europe/Vienna' });
    expect((await as(user.userId, 'GET', '/api/v1/user/account')).body).toEqual(second.body);
  });

  it('keeps its own handle, and refuses one that another player has, in any letters', async () => {
    const handle = `bob-${users}`;
    await as(user.userId, 'PATCH', '/api/v1/user/account', { handle });
    expect((await as(user.userId, 'PATCH', '/api/v1/user/account', { handle })).status).toBe(200);
    const other = await newUser();
    await expectUnchanged(
      () => as(other.userId, 'PATCH', '/api/v1/user/account', { handle: handle.toUpperCase(), locale: 'fr' }),
      409,
      { code: 'handle_taken' },
    );
  });

  it('gives a handle to exactly one of many who want it at the same time', async () => {
    const players = [user, await newUser(), await newUser(), await newUser()];
    const handle = `wanted-${users}`;
    const responses = await Promise.all(
      players.map(({ userId }) => as(userId, 'PATCH', '/api/v1/user/account', { handle })),
    );
    expect(responses.map((response) => response.status).toSorted()).toEqual([200, 409, 409, 409]);
  });

  it.each([
    ['nothing to change', {}, ''],
    ['a short handle', { handle: 'ab' }, 'handle'],
    ['a handle of null', { handle: null }, 'handle'],
    ['a handle of the platform', { handle: 'Supp0rt' }, 'handle'],
    ['an empty display name', { display_name: ' ' }, 'display_name'],
    ['an invisible display name', { display_name: '\u200B\u2060' }, 'display_name'],
    ['a display name of the platform', { display_name: 'Galaxy Support' }, 'display_name'],
    ['an unknown time zone', { time_zone: 'Mars/Olympus' }, 'time_zone'],
    ['another e-mail address', { email: 'eve@example.com' }, 'email'],
    ['an unknown field', { blocked_at: null }, 'blocked_at'],
  ])('refuses %s and changes nothing', async (_, body, field) => {
    await expectUnchanged(() => as(user.userId, 'PATCH', '/api/v1/user/account', body), 400, {
      code: 'invalid_request',
      details: { fields: [{ field }] },
    });
  });

  it('refuses malformed JSON and changes nothing', async () => {
    await expectUnchanged(() => as(user.userId, 'PATCH', '/api/v1/user/account', '{'), 400, {
      code: 'invalid_request',
    });
  });
});

describe('a user’s sessions', () => {
  it('are listed newest first, in pages that miss nothing and repeat nothing', async () => {
    const ids = [user.deviceSessionId];
    for (let i = 0; i < 4; i++)
      ids.unshift((await new TestDevice(backend).signIn(user.email)).deviceSessionId);
    await newUser();

    const all = await as(user.userId, 'GET', '/api/v1/user/sessions');
    expect(all.body).toEqual({
      items: ids.map((id) => ({
        device_session_id: id,
        status: 'active',
        device_name: null,
        network: null,
        created_at: backend.now().toISOString(),
        last_used_at: backend.now().toISOString(),
      })),
    });

    const seen: unknown[] = [];
    let token = '';
    for (let page = 0; page < 3; page++) {
      const { body } = await as(user.userId, 'GET', `/api/v1/user/sessions?page_size=2${token}`);
      seen.push(...(body.items as { device_session_id: string }[]).map((item) => item.device_session_id));
      token = `&page_token=${body.next_page_token}`;
      expect(body.next_page_token === undefined).toBe(page === 2);
    }
    expect(seen).toEqual(ids);
  });

  it.each(['page_size=0', 'page_size=201', 'page_size=x', 'page_token=made-up', 'user_id=1'])(
    'are not listed with ?%s',
    async (query) => {
      await expectUnchanged(() => as(user.userId, 'GET', `/api/v1/user/sessions?${query}`), 400, {
        code: 'invalid_request',
        details: { fields: [{ field: query.split('=')[0] }] },
      });
    },
  );

  it('can be revoked one by one, once and for all', async () => {
    const kept = await new TestDevice(backend).signIn(user.email);
    const revokedAt = backend.now().toISOString();
    const path = `/api/v1/user/sessions/${user.deviceSessionId}/revoke`;
    const revoked = await as(user.userId, 'POST', path);
    expect(revoked.status).toBe(200);
    expect(revoked.body).toMatchObject({
      device_session_id: user.deviceSessionId,
      status: 'revoked',
      revoked_at: revokedAt,
    });
    expect((await lookUp(user.deviceSessionId)).body).toMatchObject({
      status: 'revoked',
      revoked_at: revokedAt,
      client_public_key: base64(user.device.publicKey),
    });
    expect((await lookUp(kept.deviceSessionId)).body).toMatchObject({ status: 'active' });

    backend.advance(1_000);
    expect((await as(user.userId, 'POST', path, {})).body).toEqual(revoked.body);
  });

  it('cannot be revoked by another user, who gets that there is no such session', async () => {
    const other = await newUser();
    const path = `/api/v1/user/sessions/${user.deviceSessionId}/revoke`;
    await expectUnchanged(() => as(other.userId, 'POST', path), 404, {
      code: 'not_found',
      message: `There is no device session ${user.deviceSessionId}.`,
    });
    const unknown = uuidv7();
    await expectUnchanged(() => as(other.userId, 'POST', `/api/v1/user/sessions/${unknown}/revoke`), 404, {
      code: 'not_found',
      message: `There is no device session ${unknown}.`,
    });
  });

  it.each([
    ['an invalid id', 'not-an-id/revoke', undefined],
    ['an id that walks elsewhere', '..%2F..%2Finternal/revoke', undefined],
    ['an unknown field', 'revoke-all', { user_id: uuidv7() }],
    ['malformed JSON', 'revoke-all', '{'],
  ])('are not revoked with %s', async (_, path, body) => {
    await expectUnchanged(() => as(user.userId, 'POST', `/api/v1/user/sessions/${path}`, body), 400, {
      code: 'invalid_request',
    });
  });

  it('can be revoked all at once, other users’ excepted', async () => {
    const second = await new TestDevice(backend).signIn(user.email);
    const other = await newUser();
    await as(user.userId, 'POST', `/api/v1/user/sessions/${second.deviceSessionId}/revoke`);
    const third = await new TestDevice(backend).signIn(user.email);

    const response = await as(user.userId, 'POST', '/api/v1/user/sessions/revoke-all');
    expect(response.status).toBe(200);
    expect(response.body).toEqual({ revoked_sessions: 2 });
    for (const { deviceSessionId } of [user, second, third]) {
      expect((await lookUp(deviceSessionId)).body.status).toBe('revoked');
    }
    expect((await lookUp(other.deviceSessionId)).body.status).toBe('active');
    expect((await as(user.userId, 'POST', '/api/v1/user/sessions/revoke-all', {})).body).toEqual({
      revoked_sessions: 0,
    });
  });
});

describe('session look-up', () => {
  it('knows no session that was never made', async () => {
    const unknown = uuidv7();
    const response = await lookUp(unknown);
    expect(response.status).toBe(404);
    expect(response.body).toEqual({
      error: { code: 'not_found', message: `There is no device session ${unknown}.` },
    });
  });

  it('is in the log at debug only, as there is one for every command, unless it fails', async () => {
    const levels = (deviceSessionId: string) =>
      backend.logLines
        .map((line): { level: number; path?: string } => JSON.parse(line))
        .filter(({ path }) => path?.endsWith(deviceSessionId))
        .map(({ level }) => level);
    const unknown = uuidv7();
    await lookUp(user.deviceSessionId);
    await lookUp(unknown);
    expect([levels(user.deviceSessionId), levels(unknown)]).toEqual([[20], [30]]);
  });

  it('refuses an invalid id', async () => {
    expect((await lookUp('1')).body).toMatchObject({ error: { code: 'invalid_request' } });
  });

  it.each(['blocked_at', 'deleted_at'] as const)(
    'calls every session of a user revoked once %s is set',
    async (column) => {
      const second = await new TestDevice(backend).signIn(user.email);
      await mark(user.userId, column);
      for (const { deviceSessionId } of [user, second]) {
        expect((await lookUp(deviceSessionId)).body).toMatchObject({
          status: 'revoked',
          revoked_at: backend.now().toISOString(),
        });
      }
    },
  );
});

describe('lobby eligibility', () => {
  const ask = (userId: string, body?: unknown) =>
    backend.request(
      'POST',
      `/api/v1/internal/users/${userId}/lobby-eligibility`,
      body === undefined ? {} : { body },
    );
  const nothing = {
    can_create_public_game: false,
    can_create_private_game: false,
    can_join_game: false,
    max_owned_games: 0,
    max_active_memberships: 0,
    max_registered_race_names: 0,
  };
  const defaults = {
    can_create_public_game: entitlementDefaults.canCreatePublicGame,
    can_create_private_game: entitlementDefaults.canCreatePrivateGame,
    can_join_game: entitlementDefaults.canJoinGame,
    max_owned_games: entitlementDefaults.maxOwnedGames,
    max_active_memberships: entitlementDefaults.maxActiveMemberships,
    max_registered_race_names: entitlementDefaults.maxRegisteredRaceNames,
  };

  it('of a user is the configured defaults, with a body or without', async () => {
    for (const body of [undefined, {}]) {
      const response = await ask(user.userId, body);
      expect(response.status).toBe(200);
      expect(response.body).toEqual({
        user_id: user.userId,
        exists: true,
        permanent_block: false,
        ...defaults,
        address_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      });
    }
  });

  it('takes the user’s own entitlements before the defaults', async () => {
    await backend.pool.query(
      'insert into backend.entitlements (user_id, can_join_game, max_owned_games) values ($1, false, 99)',
      [user.userId],
    );
    expect((await ask(user.userId)).body).toEqual({
      user_id: user.userId,
      exists: true,
      permanent_block: false,
      ...defaults,
      can_join_game: false,
      max_owned_games: 99,
      address_hash: expect.any(String),
    });
  });

  it('of an unknown user is a response, too, and creates no user', async () => {
    const before = await backend.snapshot();
    const unknown = uuidv7();
    const response = await ask(unknown);
    expect(response.status).toBe(200);
    expect(response.body).toEqual({ user_id: unknown, exists: false, permanent_block: false, ...nothing });
    expect(await backend.snapshot()).toEqual(before);
  });

  it('of a blocked user is a permanent block, of a deleted one that of an unknown user', async () => {
    await mark(user.userId, 'blocked_at');
    const blocked = { user_id: user.userId, exists: true, permanent_block: true, ...nothing };
    expect((await ask(user.userId)).body).toEqual(blocked);
    await mark(user.userId, 'deleted_at');
    const deleted = { ...blocked, exists: false, permanent_block: false };
    expect((await ask(user.userId)).body).toEqual(deleted);
  });

  it.each([
    ['an invalid id', 'somebody', {}],
    ['an unknown field', uuidv7(), { force: true }],
  ])('is refused for %s', async (_, userId, body) => {
    const response = await ask(userId, body);
    expect(response.status).toBe(400);
    expect(response.body).toMatchObject({ error: { code: 'invalid_request' } });
  });
});
