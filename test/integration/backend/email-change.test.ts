import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  accountCode,
  as,
  createRecoveryCodes,
  type SignedInUser,
  signInUser,
} from '../../support/backend/account.ts';
import {
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

let user: SignedInUser;
let newEmail: string;
let players = 0;
beforeEach(async () => {
  players += 1;
  newEmail = `new${players}@example.com`;
  user = await signInUser(backend, `old${players}@example.com`);
  await backend.settled();
  backend.mails.length = 0;
  backend.published.length = 0;
});

const start = (email = newEmail, by = user) =>
  as(backend, by, 'POST', 'email/start-change', { new_email: email });
const confirm = (body: Record<string, unknown>, by = user) =>
  as(backend, by, 'POST', 'email/confirm-change', body);
const emailOf = async ({ userId }: { userId: string }) =>
  (await backend.pool.query('select email from backend.users where user_id = $1', [userId])).rows[0].email;

/** A change that waits for its codes. */
async function started(email = newEmail, by = user) {
  const { status, body } = await start(email, by);
  expect(status).toBe(202);
  const oldCode = await accountCode(backend, by.email, 'leave_address');
  const newCode = await accountCode(backend, email, 'take_address');
  return { email_change_id: String(body.email_change_id), old_code: oldCode, new_code: newCode };
}

const failed = (attemptsLeft?: number) => ({
  status: 422,
  body: {
    error: {
      code: 'challenge_failed',
      ...(attemptsLeft === undefined ? {} : { details: { attempts_left: attemptsLeft } }),
    },
  },
});

describe('a change of address', () => {
  it('takes a code from each address; then the account has the new one, and the old one is free', async () => {
    const change = await started();
    expect(change.old_code).not.toBe(change.new_code);
    const changed = await confirm(change);
    expect(changed).toMatchObject({ status: 200, body: { user_id: user.userId, email: newEmail } });
    const again = await new TestDevice(backend).signIn(newEmail);
    expect(again.userId).toBe(user.userId);
    const other = await new TestDevice(backend).signIn(user.email);
    expect(other.userId).not.toBe(user.userId);
  });

  it('ends all sessions but that of the request, and is reported to the old address and by an event', async () => {
    const other = await signInUser(backend, user.email);
    const change = await started();
    await backend.settled();
    backend.mails.length = 0;
    backend.published.length = 0;
    await confirm(change);
    await backend.settled();
    const status = async ({ deviceSessionId }: SignedInUser) =>
      (await backend.request('GET', `/api/v1/internal/sessions/${deviceSessionId}`)).body.status;
    expect([await status(user), await status(other)]).toEqual(['active', 'revoked']);
    expect(backend.mails).toMatchObject([
      {
        to: user.email,
        content: { kind: 'account_change', change: 'email_changed', recovery_codes_left: null },
      },
    ]);
    expect(backend.published).toMatchObject([
      { kind: 'session_invalidation', payload: { device_session_ids: [other.deviceSessionId] } },
      {
        kind: 'notification_intent',
        payload: {
          notification_type: 'user.email.changed',
          recipient_user_ids: [user.userId],
          payload: { changed_at: backend.now().toISOString() },
        },
      },
    ]);
    expect(JSON.stringify(backend.published)).not.toContain('@');
  });

  it('is not done by one code alone, nor by the same code twice, and counts wrong ones', async () => {
    const change = await started();
    for (const [codes, left] of [
      [{ ...change, old_code: otherCode(change.old_code) }, 4],
      [{ ...change, new_code: otherCode(change.new_code) }, 4],
      [{ ...change, old_code: change.new_code, new_code: change.old_code }, 3],
    ] as const) {
      expect(await confirm(codes)).toMatchObject(failed(left));
    }
    expect(await emailOf(user)).toBe(user.email);
    expect(await confirm(change)).toMatchObject({ status: 200 });
    expect(await confirm(change)).toMatchObject(failed());
  });

  it('is void after five wrong codes from either address, also when they come at the same time', async () => {
    const change = await started();
    const wrong = { ...change, old_code: otherCode(change.old_code) };
    const responses = await Promise.all(Array.from({ length: 20 }, () => confirm(wrong)));
    const left = responses.map(
      ({ body }) => (body as { error: { details?: { attempts_left: number } } }).error.details?.attempts_left,
    );
    expect(left.filter((attempts) => attempts !== undefined).toSorted()).toEqual([0, 1, 2, 3, 4]);
    expect(await confirm(change)).toMatchObject(failed());
    expect(await emailOf(user)).toBe(user.email);
  });

  it('is void after ten minutes', async () => {
    const change = await started();
    backend.advance(600_000);
    expect(await confirm(change)).toMatchObject(failed());
    expect(await emailOf(user)).toBe(user.email);
  });

  it('is done once, however many confirm it at the same time', async () => {
    const change = await started();
    const responses = await Promise.all(Array.from({ length: 8 }, () => confirm(change)));
    expect(responses.map(({ status }) => status).toSorted()).toEqual([200, ...Array(7).fill(422)]);
    await backend.settled();
    expect(backend.mails.filter(({ content }) => content.kind === 'account_change').length).toBe(1);
  });

  it('cannot be confirmed by another user, nor with the codes of another change', async () => {
    const change = await started();
    const stranger = await signInUser(backend, `stranger${players}@example.com`);
    expect(await confirm(change, stranger)).toMatchObject(failed());
    const second = await started(`second${players}@example.com`);
    expect(await confirm({ ...change, email_change_id: second.email_change_id })).toMatchObject(failed(4));
    expect(await confirm({ ...change, email_change_id: uuidv7() })).toMatchObject(failed());
    expect(await confirm(change)).toMatchObject({ status: 200 });
  });

  it('does not sign anyone in: its codes are good for nothing else', async () => {
    await started();
    const { rows } = await backend.pool.query(
      'select challenge_id, purpose from backend.auth_challenges where user_id = $1',
      [user.userId],
    );
    expect(rows.length).toBe(2);
    for (const { challenge_id: challengeId, purpose } of rows) {
      const code = await accountCode(backend, purpose === 'leave_address' ? user.email : newEmail, purpose);
      expect(await new TestDevice(backend).confirm(challengeId, code)).toMatchObject(failed());
      expect(
        await as(backend, user, 'POST', 'recovery-codes', { challenge_id: challengeId, code }),
      ).toMatchObject(failed());
    }
  });
});

describe('a new address that has an account', () => {
  it('gets the same response and a code; only one who has both codes learns it', async () => {
    const taken = await signInUser(backend, newEmail);
    const free = await start(`free${players}@example.com`);
    const response = await start();
    expect(response.status).toBe(free.status);
    expect(Object.keys(response.body)).toEqual(Object.keys(free.body));
    const change = {
      email_change_id: response.body.email_change_id,
      old_code: await accountCode(backend, user.email, 'leave_address'),
      new_code: await accountCode(backend, newEmail, 'take_address'),
    };
    expect(await confirm({ ...change, new_code: otherCode(change.new_code) })).toMatchObject(failed(4));
    const before = await backend.snapshot();
    expect(await confirm(change)).toMatchObject({ status: 409, body: { error: { code: 'email_taken' } } });
    expect(await backend.snapshot()).toEqual(before);
    expect(await emailOf(taken)).toBe(newEmail);
  });

  it('goes to one of two who take it at the same time', async () => {
    const rival = await signInUser(backend, `rival${players}@example.com`);
    const changes = [await started(), await started(newEmail, rival)];
    const [mine, theirs] = changes;
    const responses = await Promise.all([confirm(mine ?? {}), confirm(theirs ?? {}, rival)]);
    expect(responses.map(({ status }) => status).toSorted()).toEqual([200, 409]);
  });
});

describe('a recovery code', () => {
  it('stands in for the code from the old address, once, and its use is reported to the new one', async () => {
    const [recoveryCode = ''] = await createRecoveryCodes(backend, user);
    const { old_code: _, ...change } = await started();
    backend.mails.length = 0;
    const changed = await confirm({ ...change, recovery_code: recoveryCode.toLowerCase() });
    expect(changed).toMatchObject({ status: 200, body: { email: newEmail } });
    await backend.settled();
    // They leave at the same time.
    const mails = backend.mails.map(({ to, content }) => ({ to, content }));
    expect(mails.toSorted((one, other) => other.to.localeCompare(one.to))).toMatchObject([
      { to: user.email, content: { change: 'email_changed' } },
      { to: newEmail, content: { change: 'recovery_code_used', recovery_codes_left: 9 } },
    ]);
    const next = await start(`next${players}@example.com`);
    const again = await confirm({
      email_change_id: next.body.email_change_id,
      recovery_code: recoveryCode,
      new_code: await accountCode(backend, `next${players}@example.com`, 'take_address'),
    });
    expect(again).toMatchObject(failed(4));
  });

  it('is not used up when the other code is wrong', async () => {
    const [recoveryCode = ''] = await createRecoveryCodes(backend, user);
    const { old_code: _, ...change } = await started();
    expect(
      await confirm({ ...change, recovery_code: recoveryCode, new_code: otherCode(change.new_code) }),
    ).toMatchObject(failed(4));
    expect((await as(backend, user, 'GET', 'recovery-codes')).body).toEqual({ recovery_codes_left: 10 });
    expect(await confirm({ ...change, recovery_code: recoveryCode })).toMatchObject({ status: 200 });
  });

  it('of another user is a wrong one', async () => {
    const stranger = await signInUser(backend, `stranger${players}@example.com`);
    const [theirs = ''] = await createRecoveryCodes(backend, stranger);
    const { old_code: _, ...change } = await started();
    expect(await confirm({ ...change, recovery_code: theirs })).toMatchObject(failed(4));
    expect((await as(backend, stranger, 'GET', 'recovery-codes')).body).toEqual({ recovery_codes_left: 10 });
  });
});

describe('start-change', () => {
  it('refuses the address that the account has, bad ones, and more mails than the limits allow', async () => {
    expect(await start(` ${user.email.toUpperCase()}`)).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_request', details: { fields: [{ field: 'new_email' }] } } },
    });
    expect(await start('nobody')).toMatchObject({ status: 400 });
    for (let i = 0; i < mailLimits.maxMailsPerNetwork; i += 1) expect((await start()).status).toBe(202);
    const before = await backend.snapshot();
    const refused = await start();
    expect(refused).toMatchObject({ status: 429, body: { error: { code: 'rate_limited' } } });
    expect(refused.headers.get('retry-after')).toBe('3600');
    expect(await backend.snapshot()).toEqual(before);
  });

  it('mails a code although strangers have used up the mails to the address', async () => {
    const askAs = (stranger: number) =>
      backend.request('POST', '/api/v1/public/auth/send-email-code', {
        headers: { 'X-Client-Address': `198.51.100.${stranger}` },
        body: { email: user.email },
      });
    let strangers = 1;
    while ((await askAs(strangers)).status === 202) strangers += 1;
    expect(strangers).toBe(mailLimits.maxMailsPerAddress);
    const change = await started();
    expect(await confirm(change)).toMatchObject({ status: 200, body: { email: newEmail } });
  });

  it('refuses blocked and deleted users, as confirm-change does', async () => {
    const change = await started();
    await backend.adminRequest('POST', `/api/v1/internal/users/${user.userId}/block`, {
      body: { reason_code: 'abuse' },
    });
    for (const refused of [await start(), await confirm(change)]) {
      expect(refused).toMatchObject({ status: 403, body: { error: { code: 'account_blocked' } } });
    }
    await backend.adminRequest('POST', `/api/v1/internal/users/${user.userId}/delete`, {
      body: { reason_code: 'requested' },
    });
    for (const refused of [await start(), await confirm(change)]) {
      expect(refused).toMatchObject({ status: 401, body: { error: { code: 'unauthenticated' } } });
    }
    const rows = Object.values(await backend.snapshot()).flat();
    expect(rows.filter((row) => row.includes(newEmail) || row.includes(user.email))).toEqual([]);
  });
});

describe('confirm-change', () => {
  it.each([
    ['no code of the old address', { old_code: undefined }],
    ['both kinds of it', { recovery_code: '7K3QZ-0M9RX-2PVTA-H48DC' }],
    ['no code of the new address', { new_code: undefined }],
    ['a recovery code that cannot be', { old_code: undefined, recovery_code: 'U'.repeat(20) }],
  ])('refuses %s, and counts no attempt', async (_, changes) => {
    const change = await started();
    const before = await backend.snapshot();
    expect(await confirm({ ...change, ...changes })).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_request' } },
    });
    expect(await backend.snapshot()).toEqual(before);
  });
});
