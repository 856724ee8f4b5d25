import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  base64,
  mailLimits,
  otherCode,
  startTestBackend,
  type TestBackend,
  TestDevice,
} from '../../support/backend/backend.ts';

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
});

const challengeFailed = {
  code: 'challenge_failed',
  message:
    'The code is not right, or the challenge is unknown, expired or used; check the code or ask for a new one.',
};

async function count(table: 'users' | 'device_sessions'): Promise<number> {
  const { rows } = await backend.pool.query(`select count(*)::int as count from backend.${table}`);
  return rows[0].count;
}

describe('confirm-email-code', () => {
  it('makes the user at the first sign-in and a device session for the key', async () => {
    const device = new TestDevice(backend);
    const { challengeId, code } = await device.askForCode(email, 'pt-br');
    const response = await device.confirm(challengeId, code, {
      time_zone: 'Europe/Berlin',
      device_name: 'Ada’s laptop',
    });
    expect(response.status).toBe(201);
    expect(Object.keys(response.body)).toEqual(['device_session_id', 'user_id']);

    const session = await backend.request(
      'GET',
      `/api/v1/internal/sessions/${response.body.device_session_id}`,
    );
    expect(session.status).toBe(200);
    expect(session.body).toEqual({
      device_session_id: response.body.device_session_id,
      user_id: response.body.user_id,
      status: 'active',
      client_public_key: base64(device.publicKey),
      created_at: backend.now().toISOString(),
    });
    const account = await backend.request('GET', '/api/v1/user/account', {
      headers: { 'X-User-ID': String(response.body.user_id) },
    });
    expect(account.body).toEqual({
      user_id: response.body.user_id,
      email,
      handle: null,
      display_name: null,
      locale: 'pt-BR',
      time_zone: 'Europe/Berlin',
      created_at: backend.now().toISOString(),
    });
  });

  it.each([
    ['Etc/Unknown', 'UTC'],
    ['Mars/Olympus', 'UTC'],
    ['+01:00', 'UTC'],
    ['', 'UTC'],
    [null, 'UTC'],
    [['Europe/Berlin'], 'UTC'],
    ['Europe/Berlin', 'Europe/Berlin'],
  ])('takes the time zone %j for %s, and refuses no one for it', async (timeZone, used) => {
    const device = new TestDevice(backend);
    const { challengeId, code } = await device.askForCode(email);
    const { status, body } = await device.confirm(challengeId, code, { time_zone: timeZone });
    expect(status).toBe(201);
    const account = await backend.request('GET', '/api/v1/user/account', {
      headers: { 'X-User-ID': String(body.user_id) },
    });
    expect(account.body.time_zone).toBe(used);
  });

  it.each([
    ['', null],
    ['   ', null],
    [null, null],
    [{}, null],
    ['a\nb', null],
    ['a\u0000b', null],
    ['\u200B\u3164', null],
    [`a${'\u0489'.repeat(20)}`, null],
    ['x'.repeat(65), 'x'.repeat(64)],
    ['x'.repeat(5_000), 'x'.repeat(64)],
    [`${'x'.repeat(60)}👩‍👩‍👧‍👦 phone`, 'x'.repeat(60)],
    [`${'x'.repeat(63)} y`, 'x'.repeat(63)],
    [` ${'🚀'.repeat(65)}`, '🚀'.repeat(64)],
    [' Ada’s laptop ', 'Ada’s laptop'],
  ])('takes the device name %j for %j, and refuses no one for it', async (deviceName, used) => {
    const device = new TestDevice(backend);
    const { challengeId, code } = await device.askForCode(email);
    const { status, body } = await device.confirm(challengeId, code, { device_name: deviceName });
    expect(status).toBe(201);
    const sessions = await backend.request('GET', '/api/v1/user/sessions', {
      headers: { 'X-User-ID': String(body.user_id) },
    });
    expect(sessions.body).toMatchObject({ items: [{ device_name: used }] });
  });

  it('gives a user who signs in again another session and leaves the first one and the account alone', async () => {
    const first = await new TestDevice(backend).signIn(email);
    const device = new TestDevice(backend);
    const { challengeId, code } = await device.askForCode(email);
    const response = await device.confirm(challengeId, code, { time_zone: 'Asia/Tokyo' });
    expect(response.body.user_id).toBe(first.userId);
    expect(response.body.device_session_id).not.toBe(first.deviceSessionId);
    const { body } = await backend.request('GET', `/api/v1/internal/sessions/${first.deviceSessionId}`);
    expect(body.status).toBe('active');
    const account = await backend.request('GET', '/api/v1/user/account', {
      headers: { 'X-User-ID': first.userId },
    });
    expect(account.body.time_zone).toBe('UTC');
  });

  it('counts wrong codes down, and refuses the right code after five of them', async () => {
    const device = new TestDevice(backend);
    const { challengeId, code } = await device.askForCode(email);
    for (const attemptsLeft of [4, 3, 2, 1, 0]) {
      const wrong = await device.confirm(challengeId, otherCode(code));
      expect(wrong.status).toBe(422);
      expect(wrong.body).toEqual({
        error: { ...challengeFailed, details: { attempts_left: attemptsLeft } },
      });
    }
    const before = await backend.snapshot();
    for (const late of [code, otherCode(code)]) {
      const response = await device.confirm(challengeId, late);
      expect(response.status).toBe(422);
      expect(response.body).toEqual({ error: challengeFailed });
    }
    expect(await backend.snapshot()).toEqual(before);
  });

  it('accepts the right code after four wrong ones', async () => {
    const device = new TestDevice(backend);
    const { challengeId, code } = await device.askForCode(email);
    for (let i = 0; i < 4; i++) await device.confirm(challengeId, otherCode(code));
    expect((await device.confirm(challengeId, code)).status).toBe(201);
  });

  it('counts five attempts and no more when they arrive at the same time', async () => {
    const device = new TestDevice(backend);
    const { challengeId, code } = await device.askForCode(email);
    const responses = await Promise.all(
      Array.from({ length: 50 }, () => device.confirm(challengeId, otherCode(code))),
    );
    const counted = responses.flatMap(({ body }) => {
      const { details } = body.error as { details?: { attempts_left: number } };
      return details === undefined ? [] : [details.attempts_left];
    });
    expect(counted.toSorted()).toEqual([0, 1, 2, 3, 4]);
    expect((await device.confirm(challengeId, code)).body).toEqual({ error: challengeFailed });
  });

  it('makes exactly one session and one user out of many confirmations at the same time', async () => {
    const devices = Array.from({ length: 10 }, () => new TestDevice(backend));
    const { challengeId, code } = await new TestDevice(backend).askForCode(email);
    const [users, sessions] = [await count('users'), await count('device_sessions')];
    const responses = await Promise.all(devices.map((device) => device.confirm(challengeId, code)));
    const statuses = responses.map((response) => response.status).toSorted();
    expect(statuses).toEqual([201, ...Array(9).fill(422)]);
    expect(await count('users')).toBe(users + 1);
    expect(await count('device_sessions')).toBe(sessions + 1);
  });

  it('makes one user when a new address is confirmed through two challenges at the same time', async () => {
    const devices = Array.from({ length: mailLimits.maxMailsPerAddress }, () => new TestDevice(backend));
    const challenges = [];
    for (const device of devices) challenges.push({ device, ...(await device.askForCode(email)) });
    const responses = await Promise.all(
      challenges.map(({ device, challengeId, code }) => device.confirm(challengeId, code)),
    );
    expect(responses.map((response) => response.status)).toEqual(devices.map(() => 201));
    expect(new Set(responses.map((response) => response.body.user_id)).size).toBe(1);
    expect(new Set(responses.map((response) => response.body.device_session_id)).size).toBe(devices.length);
  });

  it('gives the same response for a challenge that is unknown, used or expired, and changes nothing', async () => {
    const device = new TestDevice(backend);
    const used = await device.askForCode(email);
    await device.confirm(used.challengeId, used.code);
    const expired = await device.askForCode(email);
    backend.advance(600_000);
    const before = await backend.snapshot();
    const responses = [
      await device.confirm(uuidv7(), '12345678'),
      await device.confirm(used.challengeId, used.code),
      await device.confirm(used.challengeId, otherCode(used.code)),
      await device.confirm(expired.challengeId, expired.code),
      await device.confirm(expired.challengeId, otherCode(expired.code)),
    ];
    for (const response of responses) {
      expect(response.status).toBe(422);
      expect(response.body).toEqual({ error: challengeFailed });
    }
    expect(await backend.snapshot()).toEqual(before);
  });

  it('accepts a code until the last moment of its ten minutes', async () => {
    const device = new TestDevice(backend);
    const { challengeId, code } = await device.askForCode(email);
    backend.advance(599_999);
    expect((await device.confirm(challengeId, code)).status).toBe(201);
  });

  it('does not take the code of one challenge for another', async () => {
    const device = new TestDevice(backend);
    const first = await device.askForCode(email);
    let second = await device.askForCode(email);
    while (second.code === first.code) second = await device.askForCode(email);
    expect((await device.confirm(second.challengeId, first.code)).status).toBe(422);
    expect((await device.confirm(second.challengeId, second.code)).status).toBe(201);
  });

  it('refuses a blocked user without making a session, and the challenge is used up', async () => {
    const { userId } = await new TestDevice(backend).signIn(email);
    await backend.pool.query('update backend.users set blocked_at = now() where user_id = $1', [userId]);
    const device = new TestDevice(backend);
    const { challengeId, code } = await device.askForCode(email);
    const sessions = await count('device_sessions');
    const wrong = await device.confirm(challengeId, otherCode(code));
    expect(wrong.body).toMatchObject({ error: { code: 'challenge_failed' } });
    const response = await device.confirm(challengeId, code);
    expect(response.status).toBe(403);
    expect(response.body).toEqual({
      error: { code: 'account_blocked', message: 'This account is blocked.' },
    });
    expect(await count('device_sessions')).toBe(sessions);
    expect((await device.confirm(challengeId, code)).status).toBe(422);
  });

  it('makes a new user where the one with this address was deleted', async () => {
    const { userId } = await new TestDevice(backend).signIn(email);
    await backend.pool.query('update backend.users set deleted_at = now() where user_id = $1', [userId]);
    const again = await new TestDevice(backend).signIn(email);
    expect(again.userId).not.toBe(userId);
  });
});
