import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { sessionInvalidations, userLifecycleEvent } from '../../../lib/backend/outbox/messages.ts';
import {
  type HttpResponse,
  startTestBackend,
  type TestBackend,
  TestDevice,
} from '../../support/backend/backend.ts';
import { operatorHeaders, operatorIds } from '../../support/operators.ts';
import { callerWith } from '../../support/service-callers.ts';

let backend: TestBackend;
beforeAll(async () => {
  backend = await startTestBackend();
});
afterAll(() => backend.close());

let user: { userId: string; deviceSessionId: string; email: string };
let users = 0;
beforeEach(async () => {
  user = await newUser();
  await backend.snapshot();
  backend.published.length = 0;
});

async function newUser() {
  users += 1;
  const email = `user${users}@example.com`;
  return { email, ...(await new TestDevice(backend).signIn(email)) };
}

const usersPath = '/api/v1/internal/users';
const sessionsPath = '/api/v1/internal/sessions';
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

const post = (path: string, body?: unknown): Promise<HttpResponse> =>
  backend.adminRequest('POST', path, {
    headers: { traceparent },
    ...(body === undefined ? {} : { body }),
  });

const statusOf = async (deviceSessionId: string) =>
  (await backend.request('GET', `${sessionsPath}/${deviceSessionId}`)).body.status;

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

const invalidation = (reason: string, ...deviceSessionIds: string[]) => ({
  kind: 'session_invalidation',
  orderingKey: user.userId,
  payload: { user_id: user.userId, device_session_ids: deviceSessionIds, reason },
  traceparent,
});

describe('an admin', () => {
  it('sees a user, blocked or deleted too', async () => {
    const seen = {
      user_id: user.userId,
      email: user.email,
      handle: null,
      display_name: null,
      locale: 'en',
      time_zone: 'UTC',
      created_at: backend.now().toISOString(),
    };
    const look = async () => (await backend.adminRequest('GET', `${usersPath}/${user.userId}`)).body;
    expect(await look()).toEqual({ ...seen, status: 'active' });
    const at = backend.now().toISOString();
    const mark = (column: string) =>
      backend.pool.query(`update backend.users set ${column} = $2 where user_id = $1`, [user.userId, at]);
    await mark('blocked_at');
    expect(await look()).toEqual({ ...seen, status: 'blocked', blocked_at: at });
    await mark('deleted_at');
    expect(await look()).toEqual({
      ...seen,
      email: null,
      status: 'deleted',
      blocked_at: at,
      deleted_at: at,
    });
  });

  it('revokes a session, of which the gateways are notified once', async () => {
    const kept = await new TestDevice(backend).signIn(user.email);
    const revoked = await post(`${sessionsPath}/${user.deviceSessionId}/revoke`);
    expect(revoked.status).toBe(200);
    expect(revoked.body).toEqual({
      device_session_id: user.deviceSessionId,
      status: 'revoked',
      device_name: null,
      network: null,
      created_at: backend.now().toISOString(),
      last_used_at: backend.now().toISOString(),
      revoked_at: backend.now().toISOString(),
    });
    expect([await statusOf(user.deviceSessionId), await statusOf(kept.deviceSessionId)]).toEqual([
      'revoked',
      'active',
    ]);
    expect(await publishedSoon(1)).toMatchObject([invalidation('revoked', user.deviceSessionId)]);

    backend.advance(1_000);
    expect((await post(`${sessionsPath}/${user.deviceSessionId}/revoke`, {})).body).toEqual(revoked.body);
    await backend.snapshot();
    expect(decisions()).toHaveLength(1);
  });

  it('revokes all sessions of a user, and of no other one', async () => {
    const second = await new TestDevice(backend).signIn(user.email);
    const other = await newUser();
    const response = await post(`${usersPath}/${user.userId}/sessions/revoke-all`);
    expect([response.status, response.body]).toEqual([200, { revoked_sessions: 2 }]);
    expect(await statusOf(other.deviceSessionId)).toBe('active');
    const [message] = await publishedSoon(1);
    expect(message).toMatchObject(invalidation('revoked', expect.anything(), expect.anything()));
    expect(message?.payload.device_session_ids).toEqual(
      expect.arrayContaining([user.deviceSessionId, second.deviceSessionId]),
    );
    expect((await post(`${usersPath}/${user.userId}/sessions/revoke-all`, {})).body).toEqual({
      revoked_sessions: 0,
    });
    await backend.snapshot();
    expect(decisions()).toHaveLength(1);
  });

  it('blocks a user permanently: sessions end, the lobby is notified, they cannot sign in again', async () => {
    const at = backend.now();
    const blocked = await post(`${usersPath}/${user.userId}/block`, { reason_code: 'abuse' });
    expect(blocked.status).toBe(200);
    expect(blocked.body).toMatchObject({
      user_id: user.userId,
      status: 'blocked',
      blocked_at: at.toISOString(),
    });
    expect(await statusOf(user.deviceSessionId)).toBe('revoked');
    expect(await publishedSoon(2)).toMatchObject([
      invalidation('account_blocked', user.deviceSessionId),
      {
        kind: 'user_lifecycle',
        orderingKey: user.userId,
        payload: {
          event_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
          event_type: 'permanent_blocked',
          user_id: user.userId,
          reason_code: 'abuse',
          occurred_at_ms: at.getTime(),
        },
        traceparent,
      },
    ]);
    const device = new TestDevice(backend);
    const { challengeId, code } = await device.askForCode(user.email);
    expect((await device.confirm(challengeId, code)).body).toMatchObject({
      error: { code: 'account_blocked' },
    });

    backend.advance(1_000);
    const before = await backend.snapshot();
    const again = await post(`${usersPath}/${user.userId}/block`, { reason_code: 'other' });
    expect(again.body).toEqual(blocked.body);
    expect(await backend.snapshot()).toEqual(before);
  });

  it('blocks a user while they sign in, and no session slips past', async () => {
    const devices = Array.from({ length: 6 }, () => new TestDevice(backend));
    const codes = [];
    for (const device of devices) codes.push({ device, ...(await device.askForCode(user.email)) });
    const [, ...responses] = await Promise.all([
      post(`${usersPath}/${user.userId}/block`, { reason_code: 'abuse' }),
      ...codes.map(({ device, challengeId, code }) => device.confirm(challengeId, code)),
    ]);
    for (const { status, body } of responses) {
      if (status === 201) expect(await statusOf(String(body.device_session_id))).toBe('revoked');
      else expect(body).toMatchObject({ error: { code: 'account_blocked' } });
    }
    const { rows } = await backend.pool.query(
      'select count(*)::int as active from backend.device_sessions where user_id = $1 and revoked_at is null',
      [user.userId],
    );
    expect(rows).toEqual([{ active: 0 }]);
  });
});

describe('the admin listener', () => {
  it.each([
    ['GET', () => `${usersPath}/${uuidv7()}`, undefined],
    ['POST', () => `${usersPath}/${uuidv7()}/block`, { reason_code: 'abuse' }],
    ['POST', () => `${usersPath}/${uuidv7()}/delete`, { reason_code: 'abuse' }],
    ['GET', () => `${usersPath}/${uuidv7()}/entitlements`, undefined],
    ['PUT', () => `${usersPath}/${uuidv7()}/entitlements`, { can_join_game: false }],
    ['POST', () => `${usersPath}/${uuidv7()}/sessions/revoke-all`, {}],
    ['POST', () => `${sessionsPath}/${uuidv7()}/revoke`, {}],
  ])('%s of an unknown user is not found and changes nothing', async (method, path, body) => {
    await expectUnchanged(
      () => backend.adminRequest(method, path(), body === undefined ? {} : { body }),
      404,
      { code: 'not_found' },
    );
  });

  it('does not block a deleted user', async () => {
    await backend.pool.query('update backend.users set deleted_at = now() where user_id = $1', [user.userId]);
    await expectUnchanged(() => post(`${usersPath}/${user.userId}/block`, { reason_code: 'abuse' }), 404, {
      code: 'not_found',
    });
  });

  it.each([
    ['a block without a reason', (id: string) => post(`${usersPath}/${id}/block`, {})],
    ['a block without a body', (id: string) => post(`${usersPath}/${id}/block`)],
    ['a reason in words', (id: string) => post(`${usersPath}/${id}/block`, { reason_code: 'He swore.' })],
    ['an unknown field', (id: string) => post(`${usersPath}/${id}/block`, { reason_code: 'a', days: 3 })],
    ['an invalid id', () => post(`${usersPath}/somebody/block`, { reason_code: 'a' })],
    ['malformed JSON', (id: string) => post(`${usersPath}/${id}/sessions/revoke-all`, '{')],
    ['a query', (id: string) => backend.adminRequest('GET', `${usersPath}/${id}?all=1`)],
  ])('refuses %s and changes nothing', async (_, act) => {
    await expectUnchanged(() => act(user.userId), 400, { code: 'invalid_request' });
  });

  it('responds to probes; it and the service listener have no routes in common', async () => {
    expect((await backend.adminRequest('GET', '/healthz')).body).toEqual({ status: 'ok' });
    expect((await backend.adminRequest('GET', '/readyz')).body).toEqual({ status: 'ready' });
    const service = await backend.adminRequest('GET', `${sessionsPath}/${user.deviceSessionId}`);
    expect(service.status).toBe(404);
    await expectUnchanged(
      () => backend.request('POST', `${usersPath}/${user.userId}/block`, { body: { reason_code: 'abuse' } }),
      404,
      { code: 'not_found' },
    );
  });

  it('logs who acted, where the request says so', async () => {
    const path = `${usersPath}/${user.userId}`;
    await backend.adminRequest('GET', path, { headers: await operatorHeaders('backend', 'grace') });
    const lines = backend.logLines.map((line): Record<string, unknown> => JSON.parse(line));
    expect(lines.filter((line) => line.path === path)).toMatchObject([{ operator_id: operatorIds.grace }]);
  });

  it('wants its bearer token', async () => {
    const guarded = await startTestBackend({ callers: callerWith('the-token') });
    try {
      const path = `${usersPath}/${uuidv7()}`;
      expect((await guarded.adminRequest('GET', path)).status).toBe(401);
      const headers = { authorization: 'Bearer the-token' };
      expect((await guarded.adminRequest('GET', path, { headers })).status).toBe(404);
      expect((await guarded.adminRequest('GET', '/readyz')).status).toBe(200);
    } finally {
      await guarded.close();
    }
  });
});

describe('a user’s own revocations', () => {
  const as = (path: string) =>
    backend.request('POST', path, { headers: { 'X-User-ID': user.userId, traceparent } });

  it('are sent to the gateways, once each', async () => {
    const second = await new TestDevice(backend).signIn(user.email);
    await as(`/api/v1/user/sessions/${user.deviceSessionId}/revoke`);
    await as(`/api/v1/user/sessions/${user.deviceSessionId}/revoke`);
    await as('/api/v1/user/sessions/revoke-all');
    await as('/api/v1/user/sessions/revoke-all');
    expect(await publishedSoon(2)).toMatchObject([
      invalidation('revoked', user.deviceSessionId),
      invalidation('revoked', second.deviceSessionId),
    ]);
    await backend.snapshot();
    expect(decisions()).toHaveLength(2);
  });
});

describe('messages of the backend', () => {
  it('name at most 500 sessions each, and all of them', () => {
    const ids = Array.from({ length: 1_001 }, () => uuidv7());
    const messages = sessionInvalidations({
      userId: user.userId,
      deviceSessionIds: ids,
      reason: 'revoked',
      traceparent: undefined,
    });
    const named = messages.map(({ payload }) => payload.device_session_ids as string[]);
    expect(named.map((each) => each.length)).toEqual([500, 500, 1]);
    expect(named.flat()).toEqual(ids);
  });

  it('are none when no session has ended', () => {
    const none = { userId: user.userId, deviceSessionIds: [], reason: 'revoked' as const };
    expect(sessionInvalidations({ ...none, traceparent: undefined })).toEqual([]);
  });

  it('carry the time of what happened in milliseconds', () => {
    const at = new Date('2026-01-31T12:00:00.123Z');
    const event = {
      eventId: uuidv7(),
      eventType: 'permanent_blocked' as const,
      userId: user.userId,
      reasonCode: 'abuse',
      at,
      traceparent: undefined,
    };
    expect(userLifecycleEvent(event).payload.occurred_at_ms).toBe(1_769_860_800_123);
  });
});
