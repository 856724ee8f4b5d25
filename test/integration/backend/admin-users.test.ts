// How admins find users, and what they grant them.

import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  entitlementDefaults,
  type HttpResponse,
  startTestBackend,
  type TestBackend,
  TestDevice,
} from '../../support/backend/backend.ts';
import { plansOf } from '../../support/stores/plans.ts';

let backend: TestBackend;
beforeAll(async () => {
  backend = await startTestBackend();
});
afterAll(() => backend.close());

const usersPath = '/api/v1/internal/users';
const list = (query = '') => backend.adminRequest('GET', `${usersPath}${query}`);
const signIn = async (email: string) => (await new TestDevice(backend).signIn(email)).userId;

const items = (response: HttpResponse) => response.body.items as Record<string, unknown>[];
const idsOf = (response: HttpResponse) => items(response).map(({ user_id: id }) => id);

async function expectUnchanged(act: () => Promise<HttpResponse>, field: string): Promise<void> {
  const before = await backend.snapshot();
  const { status, body } = await act();
  expect({ status, body }).toMatchObject({
    status: 400,
    body: { error: { code: 'invalid_request', details: { fields: [{ field }] } } },
  });
  expect(await backend.snapshot()).toEqual(before);
}

describe('an admin', () => {
  it('finds users by how their address or handle begins, newest first', async () => {
    const ada = await signIn('ada@example.com');
    const adam = await signIn('adam@example.org');
    const bob = await signIn('bob@example.com');
    const setHandle = (userId: string, handle: string) =>
      backend.request('PATCH', '/api/v1/user/account', {
        headers: { 'X-User-ID': userId },
        body: { handle },
      });
    await setHandle(ada, 'countess');
    await setHandle(bob, 'count_b');

    expect(idsOf(await list('?email=ada'))).toEqual([adam, ada]);
    expect(idsOf(await list('?email=%20ADA%40Example.com%20'))).toEqual([ada]);
    expect(idsOf(await list('?handle=count'))).toEqual([bob, ada]);
    expect(idsOf(await list('?handle=COUNT_'))).toEqual([bob]);
    expect(idsOf(await list('?handle=count&email=a'))).toEqual([ada]);
    expect(idsOf(await list('?email=example.com'))).toEqual([]);
    for (const pattern of ['%25', '_da', 'a%25', '%5C']) {
      expect(idsOf(await list(`?email=${pattern}`))).toEqual([]);
    }
    expect(items(await list('?email=bob'))).toEqual([
      {
        user_id: bob,
        email: 'bob@example.com',
        handle: 'count_b',
        display_name: null,
        locale: 'en',
        time_zone: 'UTC',
        created_at: backend.now().toISOString(),
        status: 'active',
      },
    ]);
  });

  it('finds blocked users as such, and deleted ones only among all', async () => {
    const blocked = await signIn('troll@example.com');
    await backend.adminRequest('POST', `${usersPath}/${blocked}/block`, { body: { reason_code: 'abuse' } });
    expect(items(await list('?email=troll'))).toMatchObject([{ user_id: blocked, status: 'blocked' }]);
    await backend.adminRequest('POST', `${usersPath}/${blocked}/delete`, { body: { reason_code: 'abuse' } });
    expect(items(await list('?email=troll'))).toEqual([]);
    expect(items(await list())).toContainEqual(
      expect.objectContaining({ user_id: blocked, status: 'deleted', email: null }),
    );
  });

  it('gets pages that miss nothing and repeat nothing while users are added', async () => {
    const ids = [];
    for (let index = 0; index < 7; index += 1) ids.push(await signIn(`page${index}@example.com`));
    const seen: unknown[] = [];
    let token: unknown;
    do {
      const page: HttpResponse = await list(
        `?email=page&page_size=3${token === undefined ? '' : `&page_token=${token}`}`,
      );
      expect(items(page).length).toBeLessThanOrEqual(3);
      seen.push(...idsOf(page));
      token = page.body.next_page_token;
      await signIn(`page-late-${seen.length}@example.com`);
    } while (token !== undefined);
    expect(seen).toEqual(ids.toReversed());
  });

  it.each([
    ['an empty search', '?email=', 'email'],
    ['a search that is too long', `?handle=${'a'.repeat(255)}`, 'handle'],
    ['a page of nothing', '?page_size=0', 'page_size'],
    ['a page that is too large', '?page_size=201', 'page_size'],
    ['a token that was made up', '?page_token=abc', 'page_token'],
    ['an unknown filter', '?status=blocked', 'status'],
    ['an address with NUL', '?email=ada%00', 'email'],
    ['a handle with NUL', '?handle=%00', 'handle'],
  ])('is refused %s', async (_, query, field) => {
    await expectUnchanged(() => list(query), field);
  });

  it('is not made to wait by many users: each search reads an index', async () => {
    await backend.pool.query(
      `insert into backend.users (user_id, email, handle, locale, time_zone, created_at)
       select gen_random_uuid(), 'many' || n || '@example.com', 'many-' || n, 'en', 'UTC', now()
       from generate_series(1, 20000) n`,
    );
    await backend.pool.query('analyze backend.users');
    for (const query of ['?email=many777', '?handle=many-777', '?email=many&page_size=5', '?page_size=5']) {
      const plans = await plansOf(backend.pool, () => list(query));
      expect(plans.length).toBe(1);
      for (const plan of plans) {
        expect(plan.scannedTables, plan.text).toEqual([]);
        expect(plan.rowsRead, plan.text).toBeLessThan(300);
      }
    }
  });
});

describe('the preview of a removal', () => {
  const preview = async (userId: string) =>
    (await backend.adminRequest('GET', `${usersPath}/${userId}/removal-preview`)).body;
  const activeSessions = async (userId: string) => {
    const { rows } = await backend.pool.query(
      'select count(*)::int as active from backend.device_sessions where user_id = $1 and revoked_at is null',
      [userId],
    );
    return rows[0].active;
  };

  it.each(['block', 'delete'])('says what a %s then ends', async (action) => {
    const email = `preview-${action}@example.com`;
    const userId = await signIn(email);
    await signIn(email);
    await backend.pool.query(
      `insert into backend.mails (mail_id, recipient, locale, content, queue, expires_at, next_attempt_at)
       values (gen_random_uuid(), $1, 'en', '', 'notices', now() + interval '1 day', now() + interval '1 day')`,
      [email],
    );
    await backend.pool.query(
      `insert into backend.recovery_codes (code_hash, user_id, created_at) values (sha256($2), $1, now())`,
      [userId, Buffer.from(userId)],
    );
    const before = await backend.snapshot();
    const deletion = { sessions_ended: 2, waiting_mails_deleted: 1, recovery_codes_deleted: 1 };
    expect(await preview(userId)).toEqual({
      ...{ user_id: userId, status: 'active' },
      ...{ block: { sessions_ended: 2 }, deletion },
    });
    expect(await backend.snapshot()).toEqual(before);
    expect(await activeSessions(userId)).toBe(2);

    const body = { reason_code: 'abuse' };
    await backend.adminRequest('POST', `${usersPath}/${userId}/${action}`, { body });
    expect(await activeSessions(userId)).toBe(0);
    const left =
      action === 'block'
        ? { ...deletion, sessions_ended: 0 }
        : { sessions_ended: 0, waiting_mails_deleted: 0, recovery_codes_deleted: 0 };
    expect(await preview(userId)).toMatchObject({ block: { sessions_ended: 0 }, deletion: left });
  });

  it('is not there of a user who never was', async () => {
    expect(await preview(uuidv7())).toMatchObject({ error: { code: 'not_found' } });
  });
});

describe('the sessions of a user', () => {
  it('are shown to admins, newest first, also revoked ones', async () => {
    const email = 'devices@example.com';
    const userId = await signIn(email);
    await signIn(email);
    const path = `${usersPath}/${userId}/sessions`;
    const first = await backend.adminRequest('GET', `${path}?page_size=1`);
    const newest = items(first)[0];
    expect(newest).toMatchObject({ status: 'active' });
    expect(newest).not.toHaveProperty('revoked_at');
    await backend.adminRequest('POST', `/api/v1/internal/sessions/${newest?.device_session_id}/revoke`);
    const all = items(await backend.adminRequest('GET', path));
    expect(all.map(({ status }) => status)).toEqual(['revoked', 'active']);
    const rest = await backend.adminRequest(
      'GET',
      `${path}?page_size=1&page_token=${first.body.next_page_token}`,
    );
    expect(items(rest)).toEqual([all[1]]);
    const { status } = await backend.adminRequest('GET', `${usersPath}/${uuidv7()}/sessions`);
    expect(status).toBe(404);
  });
});

describe('entitlements', () => {
  const path = (userId: string) => `${usersPath}/${userId}/entitlements`;
  const put = (userId: string, body: unknown) => backend.adminRequest('PUT', path(userId), { body });
  const defaults = {
    can_create_public_game: entitlementDefaults.canCreatePublicGame,
    can_create_private_game: entitlementDefaults.canCreatePrivateGame,
    can_join_game: entitlementDefaults.canJoinGame,
    max_owned_games: entitlementDefaults.maxOwnedGames,
    max_active_memberships: entitlementDefaults.maxActiveMemberships,
    max_registered_race_names: entitlementDefaults.maxRegisteredRaceNames,
  };
  const none = Object.fromEntries(Object.keys(defaults).map((name) => [name, null]));
  let userId: string;
  let users = 0;
  const newUser = async () => {
    users += 1;
    userId = await signIn(`granted${users}@example.com`);
    return userId;
  };

  it('are the defaults until an admin says otherwise, and again afterwards', async () => {
    await newUser();
    const shown = async () => (await backend.adminRequest('GET', path(userId))).body;
    const eligibility = async () =>
      (await backend.request('POST', `/api/v1/internal/users/${userId}/lobby-eligibility`)).body;
    expect(await shown()).toEqual({ user_id: userId, ...none, effective: defaults });

    const first = await put(userId, { can_join_game: false, max_owned_games: 0 });
    const changed = { can_join_game: false, max_owned_games: 0 };
    expect([first.status, first.body]).toEqual([
      200,
      { user_id: userId, ...none, ...changed, effective: { ...defaults, ...changed } },
    ]);
    expect(await shown()).toEqual(first.body);
    expect(await eligibility()).toMatchObject({ exists: true, ...defaults, ...changed });

    const second = await put(userId, { can_join_game: null, max_registered_race_names: 1_000_000 });
    const more = { max_owned_games: 0, max_registered_race_names: 1_000_000 };
    expect(second.body).toEqual({ user_id: userId, ...none, ...more, effective: { ...defaults, ...more } });
    expect(await eligibility()).toMatchObject({ ...defaults, ...more });

    const again = await put(userId, none);
    expect(again.body).toEqual({ user_id: userId, ...none, effective: defaults });
    expect(await eligibility()).toMatchObject(defaults);
  });

  it('changed at the same time keep every change', async () => {
    await newUser();
    const changes = [
      { can_create_public_game: false },
      { can_create_private_game: false },
      { can_join_game: false },
      { max_owned_games: 1 },
      { max_active_memberships: 2 },
      { max_registered_race_names: 3 },
    ];
    await Promise.all(changes.map((change) => put(userId, change)));
    expect((await backend.adminRequest('GET', path(userId))).body).toMatchObject(
      Object.assign({}, ...changes),
    );
  });

  it('of a blocked user can be changed, of a deleted one there are none', async () => {
    await newUser();
    await backend.adminRequest('POST', `${usersPath}/${userId}/block`, { body: { reason_code: 'abuse' } });
    expect((await put(userId, { max_owned_games: 5 })).status).toBe(200);
    await backend.adminRequest('POST', `${usersPath}/${userId}/delete`, { body: { reason_code: 'abuse' } });
    const before = await backend.snapshot();
    const error = { code: 'not_found', message: `There is no user ${userId}.` };
    for (const response of [await put(userId, none), await backend.adminRequest('GET', path(userId))]) {
      expect([response.status, response.body]).toEqual([404, { error }]);
    }
    expect(await backend.snapshot()).toEqual(before);
  });

  it.each([
    ['nothing to change', {}, ''],
    ['a limit below zero', { max_owned_games: -1 }, 'max_owned_games'],
    ['a limit without bounds', { max_owned_games: 1_000_001 }, 'max_owned_games'],
    ['half a game', { max_owned_games: 0.5 }, 'max_owned_games'],
    ['a right in words', { can_join_game: 'yes' }, 'can_join_game'],
    ['an unknown entitlement', { max_wishes: 3 }, 'max_wishes'],
  ])('are refused %s', async (_, body, field) => {
    await newUser();
    await expectUnchanged(() => put(userId, body), field);
  });

  it('of an unknown user are not found', async () => {
    const unknownUser = uuidv7();
    const response = await put(unknownUser, { can_join_game: false });
    expect([response.status, response.body]).toEqual([
      404,
      { error: { code: 'not_found', message: `There is no user ${unknownUser}.` } },
    ]);
  });
});
