import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  accountCode,
  as,
  createRecoveryCodes,
  type SignedInUser,
  signInUser,
} from '../../support/backend/account.ts';
import {
  base64,
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

let user: SignedInUser;
let players = 0;
beforeEach(async () => {
  players += 1;
  user = await signInUser(backend, `player${players}@example.com`);
  await backend.settled();
  backend.mails.length = 0;
  backend.published.length = 0;
});

const left = async (of = user) => (await as(backend, of, 'GET', 'recovery-codes')).body.recovery_codes_left;
const sessions = async () =>
  (
    await backend.pool.query(
      'select count(*)::int as count from backend.device_sessions where user_id = $1',
      [user.userId],
    )
  ).rows[0].count;
const recover = (code: string, email = user.email) => new TestDevice(backend).recover(email, code);

const challengeFailed = { status: 422, body: { error: { code: 'challenge_failed' } } };
const recoveryFailed = {
  error: {
    code: 'challenge_failed',
    message:
      'The recovery code is not right, was used, was replaced, or belongs to an account with another address; try another code.',
  },
};

describe('recovery codes', () => {
  it('are ten, of 100 random bits each, shown once and stored as hashes only', async () => {
    const codes = await createRecoveryCodes(backend, user);
    expect(codes.length).toBe(10);
    expect(new Set(codes.flatMap((code) => code.split('-'))).size).toBe(40);
    for (const code of codes) expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{5}-){3}[0-9A-HJKMNP-TV-Z]{5}$/);
    expect(await left()).toBe(10);
    const { rows } = await backend.pool.query('select * from backend.recovery_codes where user_id = $1', [
      user.userId,
    ]);
    expect(rows.map(({ code_hash: hash }) => hash.length)).toEqual(Array(10).fill(32));
    const stored = JSON.stringify(await backend.snapshot());
    for (const code of codes) expect(stored).not.toContain(code.slice(0, 5));
    expect(backend.logLines.join()).not.toContain(codes[0]);
  });

  it('need a mailed code: a session alone creates none, and neither does a wrong code', async () => {
    const { body } = await as(backend, user, 'POST', 'recovery-codes/start');
    const code = await accountCode(backend, user.email, 'recovery_codes');
    const create = (given: string, by = user) =>
      as(backend, by, 'POST', 'recovery-codes', { challenge_id: body.challenge_id, code: given });
    expect(await create(otherCode(code))).toMatchObject({
      status: 422,
      body: { error: { code: 'challenge_failed', details: { attempts_left: 4 } } },
    });
    const stranger = await signInUser(backend, `stranger${players}@example.com`);
    expect(await create(code, stranger)).toMatchObject(challengeFailed);
    expect(await left()).toBe(0);
    const signIn = await new TestDevice(backend).confirm(String(body.challenge_id), code);
    expect(signIn).toMatchObject(challengeFailed);
    expect(await create(code)).toMatchObject({ status: 201 });
    expect(await create(code)).toMatchObject(challengeFailed);
    expect(await left()).toBe(10);
  });

  it('are created once of a challenge, however many ask at the same time, and not after ten minutes', async () => {
    const first = await as(backend, user, 'POST', 'recovery-codes/start');
    const code = await accountCode(backend, user.email, 'recovery_codes');
    const create = () =>
      as(backend, user, 'POST', 'recovery-codes', { challenge_id: first.body.challenge_id, code });
    const responses = await Promise.all(Array.from({ length: 8 }, create));
    expect(responses.map(({ status }) => status).toSorted()).toEqual([201, ...Array(7).fill(422)]);
    expect(await left()).toBe(10);
    const late = await as(backend, user, 'POST', 'recovery-codes/start');
    const lateCode = await accountCode(backend, user.email, 'recovery_codes');
    backend.advance(600_000);
    expect(
      await as(backend, user, 'POST', 'recovery-codes', {
        challenge_id: late.body.challenge_id,
        code: lateCode,
      }),
    ).toMatchObject(challengeFailed);
  });

  it('replace those of before', async () => {
    const [older = ''] = await createRecoveryCodes(backend, user);
    const [newer = ''] = await createRecoveryCodes(backend, user);
    expect(await recover(older)).toMatchObject({ status: 422, body: recoveryFailed });
    expect(await recover(newer)).toMatchObject({ status: 201 });
    expect(await left()).toBe(9);
  });

  it('are reported when they are created, by a mail and an event', async () => {
    await createRecoveryCodes(backend, user);
    expect(backend.mails.at(-1)).toMatchObject({
      to: user.email,
      content: { kind: 'account_change', change: 'recovery_codes_created' },
    });
    expect(backend.published.at(-1)?.payload).toMatchObject({
      notification_type: 'user.recovery_codes.created',
      recipient_user_ids: [user.userId],
    });
  });

  it('are gone with their account', async () => {
    const [code = ''] = await createRecoveryCodes(backend, user);
    expect((await as(backend, user, 'DELETE', 'account')).status).toBe(200);
    const { rows } = await backend.pool.query('select 1 from backend.recovery_codes where user_id = $1', [
      user.userId,
    ]);
    expect(rows).toEqual([]);
    expect(await recover(code)).toMatchObject({ status: 422, body: recoveryFailed });
  });
});

describe('recover', () => {
  it('creates a session without the mailbox, and is reported by a mail and events', async () => {
    const [code = ''] = await createRecoveryCodes(backend, user);
    backend.mails.length = 0;
    backend.published.length = 0;
    const device = new TestDevice(backend);
    const response = await backend.request('POST', '/api/v1/public/auth/recover', {
      body: { ...device.recovery(` ${user.email.toUpperCase()}`, code), device_name: 'Ada’s phone' },
      headers: { 'X-Client-Address': '203.0.113.77' },
    });
    expect(response.status).toBe(201);
    const { device_session_id: deviceSessionId, user_id: userId } = response.body;
    expect(userId).toBe(user.userId);
    expect(await backend.request('GET', `/api/v1/internal/sessions/${deviceSessionId}`)).toMatchObject({
      status: 200,
      body: { user_id: user.userId, status: 'active', client_public_key: base64(device.publicKey) },
    });
    await backend.settled();
    expect(backend.mails).toMatchObject([
      {
        to: user.email,
        content: {
          kind: 'account_change',
          change: 'recovery_code_used',
          device_name: 'Ada’s phone',
          network: '203.0.113.0/24',
          recovery_codes_left: 9,
        },
      },
    ]);
    expect(backend.published.map(({ payload }) => payload)).toMatchObject([
      { notification_type: 'user.session.created', payload: { device_session_id: deviceSessionId } },
      {
        notification_type: 'user.recovery_code.used',
        payload: { device_session_id: deviceSessionId, recovery_codes_left: 9 },
      },
    ]);
  });

  it('takes a code as people type it', async () => {
    const codes = await createRecoveryCodes(backend, user);
    const typed = (codes[0] ?? '')
      .toLowerCase()
      .replaceAll('-', ' ')
      .replaceAll('0', 'o')
      .replaceAll('1', 'l');
    expect(await recover(typed)).toMatchObject({ status: 201 });
  });

  it('uses a code up: it creates one session, however many requests have it at once, and none later', async () => {
    const [code = ''] = await createRecoveryCodes(backend, user);
    const before = await sessions();
    const responses = await Promise.all(Array.from({ length: 10 }, () => recover(code)));
    expect(responses.map(({ status }) => status).toSorted()).toEqual([201, ...Array(9).fill(422)]);
    expect(await sessions()).toBe(before + 1);
    expect(await recover(code)).toMatchObject({ status: 422, body: recoveryFailed });
    expect(await left()).toBe(9);
  });

  it('gives the same response for every reason, and changes nothing', async () => {
    const [code = ''] = await createRecoveryCodes(backend, user);
    const stranger = await signInUser(backend, `stranger${players}@example.com`);
    const [theirs = ''] = await createRecoveryCodes(backend, stranger);
    const before = await backend.snapshot();
    const wrong = `${code.slice(0, -1)}${code.endsWith('Z') ? 'Y' : 'Z'}`;
    const refusals = [
      await recover(wrong),
      await recover(theirs),
      await recover(code, stranger.email),
      await recover(code, `unknown${players}@example.com`),
    ];
    for (const { status, body, headers } of refusals) {
      expect({ status, body }).toEqual({ status: 422, body: recoveryFailed });
      expect([...headers.keys()]).toEqual([...(refusals[0]?.headers.keys() ?? [])]);
    }
    expect(await backend.snapshot()).toEqual(before);
    expect(await recover(code)).toMatchObject({ status: 201 });
  });

  it('refuses a blocked account, whose code is not used up', async () => {
    const [code = ''] = await createRecoveryCodes(backend, user);
    await backend.adminRequest('POST', `/api/v1/internal/users/${user.userId}/block`, {
      body: { reason_code: 'abuse' },
    });
    const before = await backend.snapshot();
    expect(await recover(code)).toMatchObject({ status: 403, body: { error: { code: 'account_blocked' } } });
    expect(await backend.snapshot()).toEqual(before);
  });

  it.each([
    ['a proof for another code', { proof: base64(new Uint8Array(64)) }, 'proof'],
    ['a key that is none', { client_public_key: base64(new Uint8Array(32)) }, 'client_public_key'],
    ['a code that cannot be', { recovery_code: '12345' }, 'recovery_code'],
    ['no address', { email: 'nobody' }, 'email'],
    ['an unknown field', { admin: true }, 'admin'],
  ])('refuses %s, and the code is not used up', async (_, changes, field) => {
    const [code = ''] = await createRecoveryCodes(backend, user);
    const before = await backend.snapshot();
    expect(await new TestDevice(backend).recover(user.email, code, changes)).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_request', details: { fields: [{ field }] } } },
    });
    expect(await backend.snapshot()).toEqual(before);
  });

  it('gets an account a new address when the mailbox is lost: two recovery codes, and none of its mails', async () => {
    const [first = '', second = ''] = await createRecoveryCodes(backend, user);
    const { body } = await recover(first);
    const recovered = { ...user, deviceSessionId: String(body.device_session_id) };
    const newEmail = `recovered${players}@example.com`;
    const change = await as(backend, recovered, 'POST', 'email/start-change', { new_email: newEmail });
    const changed = await as(backend, recovered, 'POST', 'email/confirm-change', {
      email_change_id: change.body.email_change_id,
      recovery_code: second,
      new_code: await accountCode(backend, newEmail, 'take_address'),
    });
    expect(changed).toMatchObject({ status: 200, body: { user_id: user.userId, email: newEmail } });
    expect((await new TestDevice(backend).signIn(newEmail)).userId).toBe(user.userId);
    expect((await recover(first, newEmail)).status).toBe(422);
  });
});
