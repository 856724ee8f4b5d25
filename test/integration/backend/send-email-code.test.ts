import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mailLimits, startTestBackend, type TestBackend, TestDevice } from '../../support/backend/backend.ts';

const sendPath = '/api/v1/public/auth/send-email-code';

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

async function countChallenges(): Promise<number> {
  const { rows } = await backend.pool.query('select count(*)::int as count from backend.auth_challenges');
  return rows[0].count;
}

describe('send-email-code', () => {
  it('mails eight digits and returns a challenge that is valid for ten minutes', async () => {
    const { status, body } = await backend.request('POST', sendPath, { body: { email, locale: 'DE-at' } });
    expect(status).toBe(202);
    expect(body).toEqual({
      challenge_id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/),
      expires_at: new Date(backend.now().getTime() + 600_000).toISOString(),
    });
    await backend.settled();
    expect(backend.mails.at(-1)).toEqual({
      mailId: body.challenge_id,
      to: email,
      locale: 'de-AT',
      content: { kind: 'sign_in_code', code: expect.stringMatching(/^\d{8}$/) },
    });
  });

  it.each([
    ['en_US', 'en-US'],
    ['de_AT.UTF-8@euro', 'de-AT'],
    ['German!', 'en'],
    ['C', 'en'],
    ['', 'en'],
    [null, 'en'],
    [7, 'en'],
    ['x'.repeat(5_000), 'en'],
  ])('takes the locale %j for %s, and refuses no one for it', async (locale, used) => {
    const { status, body } = await backend.request('POST', sendPath, { body: { email, locale } });
    expect(status).toBe(202);
    await backend.settled();
    expect(backend.mails.find(({ mailId }) => mailId === body.challenge_id)?.locale).toBe(used);
  });

  it('writes to an account in its language unless another one is given, and to any other address in English', async () => {
    const mailedIn = async (address: string, locale?: string) => {
      const { challengeId } = await new TestDevice(backend).askForCode(address, locale);
      return backend.mails.find(({ mailId }) => mailId === challengeId)?.locale;
    };
    expect(await mailedIn(email)).toBe('en');
    const { userId } = await new TestDevice(backend).signIn(email);
    const headers = { 'X-User-ID': userId };
    expect((await backend.request('GET', '/api/v1/user/account', { headers })).body.locale).toBe('en');
    await backend.request('PATCH', '/api/v1/user/account', { headers, body: { locale: 'ru' } });
    expect(await mailedIn(email)).toBe('ru');
    expect(await mailedIn(email.toUpperCase(), 'not a tag')).toBe('ru');
    expect(await mailedIn(email, 'de')).toBe('de');
    expect(await mailedIn(`un${email}`)).toBe('en');
    await backend.pool.query('update backend.users set deleted_at = now() where user_id = $1', [userId]);
    expect(await mailedIn(email)).toBe('en');
  });

  it('does not look at accounts before it responds', async () => {
    const other = await startTestBackend();
    try {
      await other.pool.query('alter table backend.users rename to elsewhere');
      expect((await other.request('POST', sendPath, { body: { email } })).status).toBe(202);
    } finally {
      await other.close();
    }
  });

  it('keeps the code as a hash only', async () => {
    const { challengeId, code } = await new TestDevice(backend).askForCode(email);
    const { rows } = await backend.pool.query(
      'select * from backend.auth_challenges where challenge_id = $1',
      [challengeId],
    );
    const { code_hash: hash, ...others } = rows[0];
    expect(hash.length).toBe(32);
    expect(hash.toString('latin1')).not.toContain(code);
    expect(Object.values(others).map(String)).not.toContain(code);
  });

  it('gives the same response for an address with an account as for one without', async () => {
    await new TestDevice(backend).signIn(email);
    const known = await backend.request('POST', sendPath, { body: { email } });
    const unknown = await backend.request('POST', sendPath, { body: { email: `un${email}` } });
    expect(known.status).toBe(unknown.status);
    expect(Object.keys(known.body)).toEqual(Object.keys(unknown.body));
    expect(known.body.expires_at).toBe(unknown.body.expires_at);
    expect([...known.headers.keys()]).toEqual([...unknown.headers.keys()]);
  });

  it('takes the same address in other letters for the same address', async () => {
    const first = await new TestDevice(backend).signIn(email);
    const second = await new TestDevice(backend).signIn(` ${email.toUpperCase()} `);
    expect(second.userId).toBe(first.userId);
  });

  it('takes a domain in Unicode and in ASCII for the same one', async () => {
    const domain = `игра${players}.рф`;
    const ascii = new URL(`http://${domain}`).hostname;
    const first = await new TestDevice(backend).signIn(`u/dept@${domain}`);
    expect(backend.mails.at(-1)?.to).toBe(`u/dept@${ascii}`);
    const second = await new TestDevice(backend).signIn(`U/Dept@${ascii.toUpperCase()}`);
    expect(second.userId).toBe(first.userId);
    const account = await backend.request('GET', '/api/v1/user/account', {
      headers: { 'X-User-ID': first.userId },
    });
    expect(account.body.email).toBe(`u/dept@${ascii}`);
    for (const address of [`u/dept@${domain}`, `u/dept@${ascii}`]) {
      const found = await backend.adminRequest(
        'GET',
        `/api/v1/internal/users?email=${encodeURIComponent(address)}`,
      );
      expect(found.body).toMatchObject({ items: [{ user_id: first.userId }] });
    }
  });

  it('refuses more mails than one address may get, says when to come back, and lets it in then', async () => {
    for (let i = 0; i < mailLimits.maxMailsPerAddress; i++) {
      expect((await backend.request('POST', sendPath, { body: { email } })).status).toBe(202);
      backend.advance(1_000);
    }
    const before = await backend.snapshot();
    const mailsBefore = backend.mails.length;
    const refused = await backend.request('POST', sendPath, { body: { email: email.toUpperCase() } });
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('3592');
    expect(refused.body).toEqual({
      error: {
        code: 'rate_limited',
        message:
          'Too many codes were asked for with this address; use one that was mailed, or try again in 3592 seconds.',
        details: { retry_after_seconds: 3_592 },
      },
    });
    expect(await backend.snapshot()).toEqual(before);
    expect(backend.mails.length).toBe(mailsBefore);

    expect((await backend.request('POST', sendPath, { body: { email: `x${email}` } })).status).toBe(202);
    backend.advance(3_592_000);
    expect((await backend.request('POST', sendPath, { body: { email } })).status).toBe(202);
  });

  const ask = (clientAddress?: string) =>
    backend.request('POST', sendPath, {
      body: { email },
      headers: clientAddress === undefined ? {} : { 'X-Client-Address': clientAddress },
    });

  it('refuses more mails than one network may ask for, and does not affect other networks', async () => {
    for (let i = 0; i < mailLimits.maxMailsPerNetwork; i++) {
      expect((await ask(`2001:db8:7:7::${i}`)).status).toBe(202);
    }
    const refused = await ask('2001:db8:7:7:ffff::1');
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('3600');
    expect((await ask('2001:db8:7:8::1')).status).toBe(202);
    expect((await ask('192.0.2.1')).status).toBe(202);
    expect((await ask()).status).toBe(202);
    // Now the address has got all that it may get from anywhere.
    expect((await ask('198.51.100.1')).status).toBe(429);
    backend.advance(mailLimits.windowMs);
    expect((await ask('2001:db8:7:7::1')).status).toBe(202);
  });

  it('refuses more mails than one network may ask for to all addresses together, and no other network', async () => {
    const askFrom = (clientAddress: string, to: string) =>
      backend.request('POST', sendPath, {
        body: { email: to },
        headers: { 'X-Client-Address': clientAddress },
      });
    for (let i = 0; i < mailLimits.maxMailsFromNetwork; i++) {
      expect((await askFrom(`2001:db8:9:9::${i}`, `stranger${i}-${email}`)).status).toBe(202);
      backend.advance(1_000);
    }
    await new TestDevice(backend).signIn(email);
    const before = await backend.snapshot();
    // Whether the address has an account makes no difference.
    for (const to of [email, `nobody-${email}`]) {
      const refused = await askFrom('2001:db8:9:9:ffff::1', to);
      expect(refused.status).toBe(429);
      expect(refused.headers.get('retry-after')).toBe('3570');
      expect(refused.body).toEqual({
        error: {
          code: 'rate_limited',
          message:
            'Too many codes were asked for from this network; use one that was mailed, or try again in 3570 seconds.',
          details: { retry_after_seconds: 3_570 },
        },
      });
    }
    expect(await backend.snapshot()).toEqual(before);
    expect((await askFrom('2001:db8:9:a::1', email)).status).toBe(202);
    backend.advance(3_570_000);
    expect((await askFrom('2001:db8:9:9::1', email)).status).toBe(202);
  });

  it('holds the limit of a network when requests arrive at the same time', async () => {
    const responses = await Promise.all(
      Array.from({ length: mailLimits.maxMailsFromNetwork + 10 }, (_, i) =>
        backend.request('POST', sendPath, {
          body: { email: `stranger${i}-${email}` },
          headers: { 'X-Client-Address': '198.51.100.77' },
        }),
      ),
    );
    expect(responses.filter(({ status }) => status === 202).length).toBe(mailLimits.maxMailsFromNetwork);
    expect(responses.filter(({ status }) => status === 429).length).toBe(10);
  });

  it('refuses a client address that is none and changes nothing', async () => {
    const before = await backend.snapshot();
    const response = await ask('somewhere');
    expect(response.status).toBe(400);
    expect(response.body).toMatchObject({
      error: {
        code: 'invalid_request',
        details: { fields: [{ field: 'x-client-address', problem: 'must be an IP address' }] },
      },
    });
    expect(await backend.snapshot()).toEqual(before);
  });

  it('holds the limit when requests arrive at the same time', async () => {
    const responses = await Promise.all(
      Array.from({ length: 12 }, () => backend.request('POST', sendPath, { body: { email } })),
    );
    const statuses = responses.map((response) => response.status).toSorted();
    expect(statuses).toEqual([...Array(mailLimits.maxMailsPerAddress).fill(202), ...Array(4).fill(429)]);
  });

  it('forgets challenges that no rule asks for any more', async () => {
    await new TestDevice(backend).askForCode(email);
    backend.advance(mailLimits.windowMs + 1);
    while ((await countChallenges()) > 1) {
      const left = await countChallenges();
      await new TestDevice(backend).askForCode(`${uuidv7()}@example.com`);
      backend.advance(mailLimits.windowMs + 1);
      expect(await countChallenges()).toBeLessThan(left + 1);
    }
    const { rows } = await backend.pool.query('select email from backend.auth_challenges');
    expect(rows).not.toContainEqual({ email });
  });

  it.each([
    ['no e-mail', {}, 'email'],
    ['something else than an e-mail', { email: 'nobody' }, 'email'],
    ['a domain that cannot be', { email: 'ada@example-.com' }, 'email'],
    ['a number', { email: 7 }, 'email'],
    ['an unknown field', { email: 'a@example.com', admin: true }, 'admin'],
  ])('refuses %s and changes nothing', async (_, body, field) => {
    const before = await backend.snapshot();
    const mailsBefore = backend.mails.length;
    const response = await backend.request('POST', sendPath, { body });
    expect(response.status).toBe(400);
    expect(response.body).toMatchObject({
      error: { code: 'invalid_request', details: { fields: [{ field }] } },
    });
    expect(await backend.snapshot()).toEqual(before);
    expect(backend.mails.length).toBe(mailsBefore);
  });

  it.each([
    ['malformed JSON', '{"email":', 400, 'invalid_request'],
    ['JSON that is no object', '[]', 400, 'invalid_request'],
    ['an empty body', '', 400, 'invalid_request'],
    ['a body without end', JSON.stringify({ email: 'x'.repeat(70_000) }), 413, 'payload_too_large'],
  ])('refuses %s', async (_, body, status, code) => {
    const response = await backend.request('POST', sendPath, { body });
    expect(response.status).toBe(status);
    expect(response.body).toMatchObject({ error: { code } });
  });

  it('refuses a body that is not declared to be JSON', async () => {
    const body = JSON.stringify({ email });
    const response = await backend.request('POST', sendPath, {
      body,
      headers: { 'content-type': 'text/plain' },
    });
    expect(response.status).toBe(415);
    expect(response.body).toMatchObject({ error: { code: 'unsupported_media_type' } });
  });
});
