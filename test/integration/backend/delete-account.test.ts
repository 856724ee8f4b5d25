import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
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

const accountPath = '/api/v1/user/account';
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

type Player = { userId: string; deviceSessionId: string; email: string };
let user: Player;
let users = 0;
beforeEach(async () => {
  user = await newUser();
  await backend.snapshot();
  backend.published.length = 0;
});

async function newUser(): Promise<Player> {
  users += 1;
  const email = `user${users}@example.com`;
  return { email, ...(await new TestDevice(backend).signIn(email)) };
}

const as = (userId: string, method: string, path: string, body?: unknown): Promise<HttpResponse> =>
  backend.request(method, path, {
    headers: { 'X-User-ID': userId, traceparent },
    ...(body === undefined ? {} : { body }),
  });

const deleteOwn = (userId = user.userId) => as(userId, 'DELETE', accountPath);

const deleteByAdmin = (userId = user.userId, body: unknown = { reason_code: 'gdpr' }) =>
  backend.adminRequest('POST', `/api/v1/internal/users/${userId}/delete`, { body, headers: { traceparent } });

const mark = (column: 'blocked_at' | 'deleted_at') =>
  backend.pool.query(`update backend.users set ${column} = $2 where user_id = $1`, [
    user.userId,
    backend.now(),
  ]);

const activeSessions = async (userId: string) =>
  (
    await backend.pool.query(
      'select count(*)::int as active from backend.device_sessions where user_id = $1 and revoked_at is null',
      [userId],
    )
  ).rows[0].active;

async function expectUnchanged(
  act: () => Promise<HttpResponse>,
  status: number,
  error: object,
): Promise<void> {
  const before = await backend.snapshot();
  const response = await act();
  expect({ status: response.status, body: response.body }).toEqual({ status, body: { error } });
  expect(await backend.snapshot()).toEqual(before);
  expect(backend.published).toEqual([]);
}

const published = (reasonCode: string, ...deviceSessionIds: string[]) => [
  {
    kind: 'session_invalidation',
    orderingKey: user.userId,
    payload: {
      user_id: user.userId,
      device_session_ids: deviceSessionIds,
      reason: 'account_deleted',
    },
    traceparent,
  },
  {
    kind: 'user_lifecycle',
    orderingKey: user.userId,
    payload: {
      event_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      event_type: 'deleted',
      user_id: user.userId,
      reason_code: reasonCode,
      address_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      occurred_at_ms: backend.now().getTime(),
    },
    traceparent,
  },
];

/** What the outbox has published since the test began, but for notifications of new sessions. */
const decisions = () => backend.published.filter(({ kind }) => kind !== 'notification_intent');

/** The same, once there is as much. */
const publishedSoon = (count: number) =>
  vi.waitFor(
    () => {
      expect(decisions()).toHaveLength(count);
      return decisions();
    },
    { timeout: 10_000 },
  );

describe('deleting one’s own account', () => {
  it('ends the sessions and notifies gateways and lobby, in this order', async () => {
    const { status, body } = await deleteOwn();
    expect({ status, body }).toEqual({
      status: 200,
      body: { user_id: user.userId, deleted_at: backend.now().toISOString() },
    });
    expect(await publishedSoon(2)).toMatchObject(published('requested_by_user', user.deviceSessionId));
    const session = await backend.request('GET', `/api/v1/internal/sessions/${user.deviceSessionId}`);
    expect(session.body).toMatchObject({ status: 'revoked', user_id: user.userId });
    const eligibility = await backend.request(
      'POST',
      `/api/v1/internal/users/${user.userId}/lobby-eligibility`,
    );
    expect(eligibility.body).toMatchObject({ exists: false, permanent_block: false, can_join_game: false });
    expect((await as(user.userId, 'GET', accountPath)).body).toEqual({
      error: { code: 'unauthenticated', message: 'X-User-ID names no user.' },
    });
  });

  it('changes nothing the second time, and gives the same response', async () => {
    const first = await deleteOwn();
    await publishedSoon(2);
    const before = await backend.snapshot();
    backend.advance(5_000);
    const second = await deleteOwn();
    expect([second.status, second.body]).toEqual([200, first.body]);
    expect((await as(user.userId, 'DELETE', accountPath, {})).body).toEqual(first.body);
    expect(await backend.snapshot()).toEqual(before);
    expect(decisions()).toHaveLength(2);
  });

  it('erases all personal data of the user in the database, and none of others', async () => {
    const email = `secret-${users}@example.com`;
    const device = new TestDevice(backend);
    const { challengeId, code } = await device.askForCode(email);
    const signedIn = await device.confirm(challengeId, code, {
      device_name: 'Mallory’s phone',
      time_zone: 'Europe/Vienna',
    });
    const userId = String(signedIn.body.user_id);
    const profile = { handle: `mallory-${users}`, display_name: 'Mallory M.', locale: 'de-AT' };
    expect((await as(userId, 'PATCH', accountPath, profile)).status).toBe(200);
    await backend.adminRequest('PUT', `/api/v1/internal/users/${userId}/entitlements`, {
      body: { max_owned_games: 77 },
    });
    await new TestDevice(backend).askForCode(email);
    await backend.pool.query(
      `insert into backend.mails (mail_id, recipient, locale, content, expires_at, next_attempt_at)
       values ($1, $2, 'de', '', now() + interval '1 day', now() + interval '1 day')`,
      [uuidv7(), email],
    );
    const words = /secret-|mallory|vienna|de-AT/i;
    const rowsWith = async (pattern: RegExp) =>
      Object.values(await backend.snapshot())
        .flat()
        .filter((row) => pattern.test(row));
    expect((await rowsWith(words)).length).toBeGreaterThan(4);
    const others = new RegExp(user.email);
    const ofOthers = await rowsWith(others);

    expect((await deleteOwn(userId)).status).toBe(200);
    expect(await rowsWith(words)).toEqual([]);
    expect((await backend.snapshot())['backend.entitlements']).toEqual([]);
    expect(await rowsWith(others)).toEqual(ofOthers);
    expect(ofOthers.length).toBeGreaterThan(0);
  });

  it('frees address and handle: the next sign-in with the address creates a new user', async () => {
    const handle = `free-${users}`;
    await as(user.userId, 'PATCH', accountPath, { handle });
    await deleteOwn();
    const next = await new TestDevice(backend).signIn(user.email);
    expect(next.userId).not.toBe(user.userId);
    expect((await as(next.userId, 'GET', accountPath)).body).toMatchObject({
      email: user.email,
      handle: null,
      locale: 'en',
    });
    expect((await as(next.userId, 'PATCH', accountPath, { handle })).status).toBe(200);
    expect((await deleteOwn(next.userId)).status).toBe(200);
    expect((await new TestDevice(backend).signIn(user.email)).userId).not.toBe(next.userId);
  });

  it('voids codes that were under way, so that none of them makes the account again', async () => {
    const device = new TestDevice(backend);
    const { challengeId, code } = await device.askForCode(user.email);
    await deleteOwn();
    const before = await backend.snapshot();
    const response = await device.confirm(challengeId, code);
    expect([response.status, response.body]).toEqual([
      422,
      {
        error: {
          code: 'challenge_failed',
          message:
            'The code is not right, or the challenge is unknown, expired or used; check the code or ask for a new one.',
        },
      },
    ]);
    expect(await backend.snapshot()).toEqual(before);
  });

  it('while devices sign in leaves the deleted account without a session', async () => {
    const devices = Array.from({ length: 5 }, () => new TestDevice(backend));
    const codes = [];
    for (const device of devices) codes.push({ device, ...(await device.askForCode(user.email)) });
    const [deleted, ...responses] = await Promise.all([
      deleteOwn(),
      ...codes.map(({ device, challengeId, code }) => device.confirm(challengeId, code)),
    ]);
    expect(deleted.status).toBe(200);
    for (const { status, body } of responses) {
      if (status !== 201) expect(body).toMatchObject({ error: { code: 'challenge_failed' } });
      else if (body.user_id === user.userId) {
        const session = await backend.request('GET', `/api/v1/internal/sessions/${body.device_session_id}`);
        expect(session.body.status).toBe('revoked');
      }
    }
    expect(await activeSessions(user.userId)).toBe(0);
  });

  it('at the same time several times happens once', async () => {
    const responses = await Promise.all(Array.from({ length: 6 }, () => deleteOwn()));
    expect(new Set(responses.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    await publishedSoon(2);
    await backend.snapshot();
    expect(decisions()).toHaveLength(2);
  });

  it('is refused to a blocked user, who would come back with the same address', async () => {
    await mark('blocked_at');
    await expectUnchanged(() => deleteOwn(), 403, {
      code: 'account_blocked',
      message: 'This account is blocked.',
    });
  });

  it('is refused without an existing user', async () => {
    const error = { code: 'unauthenticated', message: 'X-User-ID names no user.' };
    await expectUnchanged(() => deleteOwn(uuidv7()), 401, error);
    await expectUnchanged(() => backend.request('DELETE', accountPath), 401, {
      code: 'unauthenticated',
      message: 'X-User-ID is missing or is not a user id.',
    });
  });

  it('takes no body but an empty one', async () => {
    await expectUnchanged(() => as(user.userId, 'DELETE', accountPath, { really: true }), 400, {
      code: 'invalid_request',
      message: expect.any(String),
      details: { fields: [{ field: 'really', problem: expect.any(String) }] },
    });
  });
});

describe('deleting a user as an admin', () => {
  it('does the same, with the admin’s reason', async () => {
    await as(user.userId, 'PATCH', accountPath, { handle: `gone-${users}`, display_name: 'Gone' });
    const { status, body } = await deleteByAdmin();
    const erased = {
      user_id: user.userId,
      email: null,
      handle: null,
      display_name: null,
      locale: 'en',
      time_zone: 'UTC',
      created_at: backend.now().toISOString(),
      status: 'deleted',
      deleted_at: backend.now().toISOString(),
    };
    expect({ status, body }).toEqual({ status: 200, body: erased });
    expect(await publishedSoon(2)).toMatchObject(published('gdpr', user.deviceSessionId));
    const shown = await backend.adminRequest('GET', `/api/v1/internal/users/${user.userId}`);
    expect(shown.body).toEqual(erased);

    const before = await backend.snapshot();
    expect((await deleteByAdmin(user.userId, { reason_code: 'other' })).body).toEqual(erased);
    expect(await backend.snapshot()).toEqual(before);
    expect(decisions()).toHaveLength(2);
  });

  it('deletes blocked users, too, and says both in their order', async () => {
    await backend.adminRequest('POST', `/api/v1/internal/users/${user.userId}/block`, {
      body: { reason_code: 'abuse' },
    });
    const { status, body } = await deleteByAdmin();
    expect([status, body.status, body.blocked_at]).toEqual([200, 'deleted', backend.now().toISOString()]);
    const published = await publishedSoon(3);
    expect(published.map(({ payload }) => payload.event_type ?? payload.reason)).toEqual([
      'account_blocked',
      'permanent_blocked',
      'deleted',
    ]);
  });

  it.each([
    ['without a reason', {}, 'reason_code'],
    ['with a reason in words', { reason_code: 'She asked for it.' }, 'reason_code'],
    ['with an unknown field', { reason_code: 'gdpr', at: 'once' }, 'at'],
  ])('is refused %s', async (_, body, field) => {
    await expectUnchanged(() => deleteByAdmin(user.userId, body), 400, {
      code: 'invalid_request',
      message: expect.any(String),
      details: { fields: [{ field, problem: expect.any(String) }] },
    });
  });
});
