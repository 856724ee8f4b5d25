import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { NotificationIntent } from '../../../lib/protocol/notification-intents.ts';
import { otherCode, startTestBackend, type TestBackend, TestDevice } from '../../support/backend/backend.ts';
import { testNotifications } from '../../support/backend/notifications.ts';
import { TestPushLog } from '../../support/backend/push-log.ts';

const log = new TestPushLog();
let backend: TestBackend;
beforeAll(async () => {
  backend = await startTestBackend();
});
afterAll(() => backend.close());

let email: string;
let players = 0;
beforeEach(() => {
  players += 1;
  email = `player${players}@example.com`;
  backend.mails.length = 0;
  backend.published.length = 0;
});

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

/** Signs in from an address. */
async function signIn(clientAddress?: string, hints: Record<string, unknown> = {}) {
  const device = new TestDevice(backend);
  const { challengeId, code } = await device.askForCode(email);
  const { status, body } = await backend.request('POST', '/api/v1/public/auth/confirm-email-code', {
    body: { ...device.confirmation(challengeId, code), ...hints },
    headers: { traceparent, ...(clientAddress === undefined ? {} : { 'X-Client-Address': clientAddress }) },
  });
  expect(status).toBe(201);
  await backend.settled();
  return { sessionId: String(body.device_session_id), userId: String(body.user_id) };
}

const as = (userId: string, method: string, path: string, body?: unknown) =>
  backend.request(method, `/api/v1/user/${path}`, {
    headers: { 'X-User-ID': userId },
    ...(body === undefined ? {} : { body }),
  });

const lookUp = (sessionId: string) => backend.request('GET', `/api/v1/internal/sessions/${sessionId}`);

const noticesTo = (address: string) =>
  backend.mails.filter(({ to, content }) => to === address && content.kind === 'new_session');

describe('the owner of an account', () => {
  it('gets an event and a mail for every new session, in the language and time zone of the account', async () => {
    const first = await signIn('203.0.113.77', { time_zone: 'Europe/Berlin', device_name: 'Ada’s laptop' });
    await as(first.userId, 'PATCH', 'account', { locale: 'de-AT' });
    backend.advance(5_000);
    const at = backend.now();
    const second = await signIn('2001:db8:7:8::9', { time_zone: 'Asia/Tokyo' });
    expect(backend.published.map(({ kind, orderingKey }) => ({ kind, orderingKey }))).toEqual(
      [first, second].map(({ userId }) => ({ kind: 'notification_intent', orderingKey: userId })),
    );
    expect(backend.published[1]).toMatchObject({
      payload: {
        notification_type: 'user.session.created',
        producer: 'backend',
        recipient_user_ids: [first.userId],
        idempotency_key: `user.session.created:${second.sessionId}`,
        payload: { device_session_id: second.sessionId, created_at: at.toISOString() },
        occurred_at_ms: at.getTime(),
      },
      traceparent,
    });
    expect(noticesTo(email)).toMatchObject([
      { locale: 'en', content: { device_name: 'Ada’s laptop', network: '203.0.113.0/24' } },
      {
        locale: 'de-AT',
        content: {
          kind: 'new_session',
          device_name: null,
          network: '2001:db8:7::/48',
          created_at: at.toISOString(),
          time_zone: 'Europe/Berlin',
        },
      },
    ]);
  });

  it('receives the event once, however often it is published', async () => {
    const { sessionId, userId } = await signIn();
    const notifications = testNotifications(backend, log);
    const worker = notifications.start({ mailedTypes: ['lobby.game.started'] });
    const intent = backend.published[0]?.payload as NotificationIntent;
    await notifications.handled(await notifications.publish(intent, intent));
    await worker.stop();
    const events = await notifications.eventsOf(userId);
    expect(events.map(({ eventType }) => eventType)).toEqual(['user.session.created']);
    expect(JSON.parse(Buffer.from(events[0]?.payload ?? []).toString())).toEqual({
      device_session_id: sessionId,
      created_at: backend.now().toISOString(),
    });
    await backend.sendMails();
    expect(noticesTo(email)).toHaveLength(1);
  });

  it('hears nothing when no session is created', async () => {
    const { userId } = await signIn();
    backend.mails.length = 0;
    backend.published.length = 0;
    const device = new TestDevice(backend);
    const { challengeId, code } = await device.askForCode(email);
    expect((await device.confirm(challengeId, otherCode(code))).status).toBe(422);
    await backend.pool.query('update backend.users set blocked_at = now() where user_id = $1', [userId]);
    expect((await device.confirm(challengeId, code)).status).toBe(403);
    await backend.settled();
    expect([noticesTo(email), backend.published]).toEqual([[], []]);
  });
});

describe('the list of sessions', () => {
  it.each([
    ['203.0.113.77', '203.0.113.0/24'],
    ['::ffff:203.0.113.77', '203.0.113.0/24'],
    ['2001:db8:7:8::9', '2001:db8:7::/48'],
    ['2001:db8::1', '2001:db8:0::/48'],
    [undefined, null],
  ])('shows roughly where one at %s signed in, and no table has the address', async (address, network) => {
    const { sessionId, userId } = await signIn(address);
    expect((await as(userId, 'GET', 'sessions')).body).toMatchObject({
      items: [{ device_session_id: sessionId, network }],
    });
    const stored = JSON.stringify(await backend.snapshot());
    if (address !== undefined) expect(stored).not.toContain(address);
  });

  it('refuses a confirmation from what is not an address, and changes nothing', async () => {
    const device = new TestDevice(backend);
    const { challengeId, code } = await device.askForCode(email);
    const before = await backend.snapshot();
    const response = await backend.request('POST', '/api/v1/public/auth/confirm-email-code', {
      body: device.confirmation(challengeId, code),
      headers: { 'X-Client-Address': 'somewhere' },
    });
    expect(response.status).toBe(400);
    expect(response.body).toMatchObject({
      error: { details: { fields: [{ field: 'x-client-address', problem: 'must be an IP address' }] } },
    });
    expect(await backend.snapshot()).toEqual(before);
  });

  it('forgets where sessions came from when the account is deleted', async () => {
    const { userId } = await signIn('198.51.100.7', { device_name: 'Ada’s tablet' });
    await as(userId, 'DELETE', 'account');
    const stored = JSON.stringify(await backend.snapshot());
    expect(stored).not.toContain('198.51.100');
    expect(stored).not.toContain('tablet');
    expect(stored).not.toContain(email);
  });
});

describe('the last use of a session', () => {
  const lastUsed = async (userId: string) =>
    ((await as(userId, 'GET', 'sessions')).body.items as { last_used_at: string | null }[])[0]?.last_used_at;

  const reportUse = (sessionId: string) =>
    backend.request('POST', `/api/v1/internal/sessions/${sessionId}/use`);

  it('is not written by look-ups, which anyone who knows the id can cause', async () => {
    const { sessionId } = await signIn();
    backend.advance(7_200_000);
    const before = await backend.snapshot();
    for (let request = 0; request < 3; request += 1) {
      expect((await lookUp(sessionId)).body).toMatchObject({ status: 'active', use_is_due: true });
    }
    expect(await backend.snapshot()).toEqual(before);
  });

  it('is written by reports, at most once an hour, and look-ups say when one is due', async () => {
    const { sessionId, userId } = await signIn();
    const signedInAt = backend.now().toISOString();
    backend.advance(3_599_999);
    expect((await lookUp(sessionId)).body).not.toHaveProperty('use_is_due');
    expect((await reportUse(sessionId)).status).toBe(200);
    expect(await lastUsed(userId)).toBe(signedInAt);
    backend.advance(1);
    expect((await lookUp(sessionId)).body.use_is_due).toBe(true);
    const usedAt = backend.now().toISOString();
    await Promise.all(Array.from({ length: 20 }, () => reportUse(sessionId)));
    expect(await lastUsed(userId)).toBe(usedAt);
    expect((await lookUp(sessionId)).body).not.toHaveProperty('use_is_due');
    const before = await backend.snapshot();
    backend.advance(3_599_999);
    await reportUse(sessionId);
    expect(await backend.snapshot()).toEqual(before);
  });

  it('is not written any more once it was revoked, nor for a session that does not exist', async () => {
    const { sessionId, userId } = await signIn();
    await as(userId, 'POST', `sessions/${sessionId}/revoke`);
    const before = await backend.snapshot();
    backend.advance(7_200_000);
    const { body } = await lookUp(sessionId);
    expect(body.status).toBe('revoked');
    expect(body).not.toHaveProperty('use_is_due');
    for (const id of [sessionId, crypto.randomUUID()]) expect((await reportUse(id)).status).toBe(200);
    expect(await backend.snapshot()).toEqual(before);
  });

  it('of before it was recorded is not known until the next report', async () => {
    const { sessionId, userId } = await signIn();
    await backend.pool.query('update backend.device_sessions set last_used_at = null, network = null');
    expect(await lastUsed(userId)).toBeNull();
    expect((await lookUp(sessionId)).body.use_is_due).toBe(true);
    await reportUse(sessionId);
    expect(await lastUsed(userId)).toBe(backend.now().toISOString());
  });
});
