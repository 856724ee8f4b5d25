// The budgets of wrong codes: of an e-mail address over all its challenges, and of a network over all addresses.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type HttpResponse,
  otherCode,
  startTestBackend,
  type TestBackend,
  TestDevice,
  wrongCodeLimits,
} from '../../support/backend/backend.ts';

const { maxWrongCodesPerAddress, maxWrongCodesPerNetwork } = wrongCodeLimits;
const dayMs = 24 * 3_600_000;
const attempts = 5;

let backend: TestBackend;
let device: TestDevice;
beforeAll(async () => {
  backend = await startTestBackend();
  device = new TestDevice(backend);
});
afterAll(() => backend.close());

let email: string;
let network: string;
let players = 0;
beforeEach(() => {
  players += 1;
  email = `player${players}@example.com`;
  network = `192.0.2.${players}`;
  backend.mails.length = 0;
});

/** Confirms from a network. */
function confirm(challengeId: string, code: string, from: string | undefined): Promise<HttpResponse> {
  return backend.request('POST', '/api/v1/public/auth/confirm-email-code', {
    body: device.confirmation(challengeId, code),
    headers: from === undefined ? {} : { 'X-Client-Address': from },
  });
}

/** Enters wrong codes at new challenges of an address, as many as each takes. */
async function guess(address: string, times: number, from?: string): Promise<void> {
  for (let made = 0; made < times; ) {
    const { challengeId, code } = await device.askForCode(address);
    for (let attempt = 0; attempt < attempts && made < times; attempt += 1) {
      const { status } = await confirm(challengeId, otherCode(code), from);
      expect(status).toBe(422);
      made += 1;
    }
  }
}

/** The same for many addresses, so that no address uses up anything. */
async function guessAnywhere(times: number, from: string): Promise<void> {
  for (let made = 0; made < times; made += attempts) {
    await guess(`${crypto.randomUUID()}@example.com`, Math.min(attempts, times - made), from);
  }
}

const digitsOf = async (address: string) => (await device.askForCode(address)).code.length;

const notices = (address: string) =>
  backend.mails.filter(({ to, content }) => to === address && content.kind === 'wrong_codes');

async function countWrongCodes(): Promise<number> {
  const { rows } = await backend.pool.query('select count(*)::int as count from backend.wrong_codes');
  return rows[0].count;
}

const challengeFailed = (attemptsLeft: number) => ({
  error: expect.objectContaining({ code: 'challenge_failed', details: { attempts_left: attemptsLeft } }),
});

describe('an address', () => {
  it('gets longer codes once its budget is used up over all its challenges, and eight digits a day later', async () => {
    await guess(email, maxWrongCodesPerAddress - 1);
    expect(await digitsOf(email)).toBe(8);
    await guess(email, 1);
    expect(await digitsOf(email)).toBe(12);
    expect(await digitsOf(`un${email}`)).toBe(8);
    backend.advance(dayMs - 1);
    expect(await digitsOf(email)).toBe(12);
    backend.advance(1);
    expect(await digitsOf(email)).toBe(8);
  });

  it('is never refused: long codes sign its owner in, however they are grouped', async () => {
    await guess(email, maxWrongCodesPerAddress);
    const groups = (code: string, by: string) => code.replaceAll(/\d{4}(?=\d)/g, `$&${by}`);
    for (const written of [
      (code: string) => code,
      (code: string) => groups(code, ' '),
      (code: string) => ` ${groups(code, '\u00A0')}\n`,
    ]) {
      const { challengeId, code } = await device.askForCode(email);
      expect(code).toMatch(/^\d{12}$/);
      expect((await confirm(challengeId, otherCode(code), undefined)).body).toEqual(challengeFailed(4));
      expect((await confirm(challengeId, code.slice(0, 8), undefined)).body).toEqual(challengeFailed(3));
      expect((await confirm(challengeId, written(code), undefined)).status).toBe(201);
    }
  });

  it('takes an old short code that was mailed before', async () => {
    const { challengeId, code } = await device.askForCode(email);
    await guess(email, maxWrongCodesPerAddress);
    expect((await confirm(challengeId, code, undefined)).status).toBe(201);
  });

  it('counts wrong codes at live challenges alone', async () => {
    const { challengeId, code } = await device.askForCode(email);
    const counted = await countWrongCodes();
    for (let attempt = 0; attempt < 2 * maxWrongCodesPerAddress; attempt += 1) {
      await confirm(challengeId, otherCode(code), undefined);
    }
    expect(await countWrongCodes()).toBe(counted + attempts);
    expect(await digitsOf(email)).toBe(8);
  });

  it('counts each of five when many arrive at the same time', async () => {
    const challenges = [];
    for (let i = 0; i < 4; i += 1) challenges.push(await device.askForCode(email));
    const counted = await countWrongCodes();
    const statuses = await Promise.all(
      challenges.flatMap(({ challengeId, code }) =>
        Array.from(
          { length: 15 },
          async () => (await confirm(challengeId, otherCode(code), undefined)).status,
        ),
      ),
    );
    expect(new Set(statuses)).toEqual(new Set([422]));
    expect(await countWrongCodes()).toBe(counted + 4 * attempts);
    expect(await digitsOf(email)).toBe(12);
  });
});

describe('the owner of an address', () => {
  it('gets one mail a day about wrong codes, in the language of the account', async () => {
    const { userId } = await device.signIn(email);
    await backend.request('PATCH', '/api/v1/user/account', {
      headers: { 'X-User-ID': userId },
      body: { locale: 'de' },
    });
    await guess(email, maxWrongCodesPerAddress - 1);
    await backend.settled();
    expect(notices(email)).toEqual([]);
    await guess(email, 3);
    await backend.settled();
    expect(notices(email)).toEqual([
      { mailId: expect.any(String), to: email, locale: 'de', content: { kind: 'wrong_codes' } },
    ]);
    backend.advance(dayMs - 1);
    await guess(email, maxWrongCodesPerAddress);
    await backend.settled();
    expect(notices(email).length).toBe(1);
    backend.advance(1);
    await guess(email, 1);
    await backend.settled();
    expect(notices(email).length).toBe(2);
  });

  it('gets one when the wrong codes arrive at the same time', async () => {
    await device.signIn(email);
    const challenges = [];
    for (let i = 0; i < 3; i += 1) challenges.push(await device.askForCode(email));
    await Promise.all(
      challenges.flatMap(({ challengeId, code }) =>
        Array.from({ length: attempts }, () => confirm(challengeId, otherCode(code), undefined)),
      ),
    );
    await backend.settled();
    expect(notices(email).length).toBe(1);
  });

  it('is not mailed where there is none, and no request shows that', async () => {
    await device.signIn(`with${email}`);
    const responses = [];
    for (const address of [`with${email}`, email]) {
      await guess(address, maxWrongCodesPerAddress - 1);
      const { challengeId, code } = await device.askForCode(address);
      const before = await backend.pool.query('select count(*)::int as count from backend.mails');
      responses.push(await confirm(challengeId, otherCode(code), undefined));
      expect(before.rows).toEqual([{ count: 0 }]);
    }
    await backend.settled();
    expect(responses.map(({ status, body }) => ({ status, body }))).toEqual(
      Array(2).fill({ status: 422, body: challengeFailed(4) }),
    );
    expect(notices(`with${email}`).length).toBe(1);
    expect(notices(email)).toEqual([]);
    expect((await backend.pool.query('select * from backend.mails')).rows).toEqual([]);
  });

  it('is not looked for while a code is judged', async () => {
    const other = await startTestBackend();
    try {
      const asking = new TestDevice(other);
      const challenges = [await asking.askForCode(email), await asking.askForCode(email)];
      await other.pool.query('alter table backend.users rename to elsewhere');
      for (const { challengeId, code } of challenges) {
        for (let attempt = 0; attempt < attempts; attempt += 1) {
          expect((await asking.confirm(challengeId, otherCode(code))).status).toBe(422);
        }
      }
      expect((await other.pool.query('select recipient from backend.mails')).rows).toEqual([
        { recipient: email },
      ]);
    } finally {
      await other.close();
    }
  });
});

describe('a network', () => {
  it('is refused past its budget over all addresses, before the code is judged and at no cost', async () => {
    const { challengeId, code } = await device.askForCode(email);
    await guessAnywhere(maxWrongCodesPerNetwork - 1, network);
    expect((await confirm(challengeId, otherCode(code), network)).body).toEqual(challengeFailed(4));

    backend.advance(60_500);
    const before = await backend.snapshot();
    const refused = [
      await confirm(challengeId, code, network),
      await confirm(challengeId, otherCode(code), network),
      await confirm(crypto.randomUUID(), code, network),
    ];
    for (const response of refused) {
      expect(response.status).toBe(429);
      expect(response.headers.get('retry-after')).toBe('3540');
      expect(response.body).toEqual({
        error: {
          code: 'rate_limited',
          message:
            'Too many wrong codes came from this network; try again in 3540 seconds, or from another network.',
          details: { retry_after_seconds: 3_540 },
        },
      });
    }
    expect(await backend.snapshot()).toEqual(before);
    const elsewhere = '198.51.100.77';
    expect((await confirm(challengeId, otherCode(code), elsewhere)).body).toEqual(challengeFailed(3));
    expect((await confirm(challengeId, code, elsewhere)).status).toBe(201);
  });

  it('may confirm again when the first of its wrong codes is an hour old', async () => {
    await guessAnywhere(1, network);
    backend.advance(30 * 60_000);
    await guessAnywhere(maxWrongCodesPerNetwork - 1, network);
    backend.advance(30 * 60_000 - 1);
    const { challengeId, code } = await device.askForCode(email);
    expect((await confirm(challengeId, code, network)).status).toBe(429);
    backend.advance(1);
    expect((await confirm(challengeId, code, network)).status).toBe(201);
  });

  it('is the /64 of an IPv6 address', async () => {
    const prefix = `2001:db8:${players}:1`;
    await guessAnywhere(maxWrongCodesPerNetwork, `${prefix}::1`);
    const { challengeId, code } = await device.askForCode(email);
    expect((await confirm(challengeId, code, `${prefix}:ffff::2`)).status).toBe(429);
    expect((await confirm(challengeId, code, `2001:db8:${players}:2::1`)).status).toBe(201);
  });

  it('that is not known has no budget of its own', async () => {
    for (let i = 0; i <= maxWrongCodesPerNetwork; i += attempts) {
      await guess(`${crypto.randomUUID()}@example.com`, attempts);
    }
    const { challengeId, code } = await device.askForCode(email);
    expect((await confirm(challengeId, code, undefined)).status).toBe(201);
  });

  it('has exactly its budget of codes judged when many arrive at the same time', async () => {
    await guessAnywhere(maxWrongCodesPerNetwork - 7, network);
    const challenges = [];
    for (let i = 0; i < 6; i += 1) {
      challenges.push(await device.askForCode(`${crypto.randomUUID()}@example.com`));
    }
    const responses = await Promise.all(
      challenges.flatMap(({ challengeId, code }) =>
        Array.from({ length: 5 }, () => confirm(challengeId, otherCode(code), network)),
      ),
    );
    const statuses = responses.map(({ status }) => status).toSorted();
    expect(statuses).toEqual([...Array(7).fill(422), ...Array(23).fill(429)]);
  });
});

describe('wrong codes', () => {
  it('are forgotten in small steps when no rule asks for them any more', async () => {
    await guess(email, 15);
    backend.advance(dayMs + 1);
    for (;;) {
      const before = await countWrongCodes();
      if (before === 0) break;
      await device.askForCode(`${crypto.randomUUID()}@example.com`);
      expect(await countWrongCodes()).toBe(Math.max(0, before - 10));
    }
  });

  it('are forgotten with the account', async () => {
    const { userId } = await device.signIn(email);
    await guess(email, 3, network);
    await backend.request('DELETE', '/api/v1/user/account', { headers: { 'X-User-ID': userId } });
    const stored = JSON.stringify(await backend.snapshot());
    expect(stored).not.toContain(email);
    expect(stored).not.toContain(network);
  });
});
