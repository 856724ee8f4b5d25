// Devices that have signed in before: requests for codes that carry their signature have limits of their own.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type HttpResponse,
  mailLimits,
  otherCode,
  startTestBackend,
  type TestBackend,
  TestDevice,
  wrongCodeLimits,
} from '../../support/backend/backend.ts';

const { maxMailsPerAddress, maxMailsPerKnownDevice } = mailLimits;
const minuteMs = 60_000;

let backend: TestBackend;
beforeAll(async () => {
  backend = await startTestBackend();
});
afterAll(() => backend.close());

let email: string;
let device: TestDevice;
let session: { deviceSessionId: string; userId: string };
let players = 0;
beforeEach(async () => {
  players += 1;
  email = `player${players}@example.com`;
  device = new TestDevice(backend);
  session = await device.signIn(email);
  // Its sign-in counts for the address no more.
  backend.advance(mailLimits.windowMs);
});

const ask = (knownDevice?: unknown, from?: string, address = email): Promise<HttpResponse> =>
  backend.request('POST', '/api/v1/public/auth/send-email-code', {
    body: { email: address, ...(knownDevice === undefined ? {} : { known_device: knownDevice }) },
    headers: from === undefined ? {} : { 'X-Client-Address': from },
  });

const proof = () => device.knownDevice(email, session.deviceSessionId);

/** Strangers in three networks have all the mails sent to an address that it may get. */
async function useUpAddress(address = email): Promise<void> {
  for (let mail = 0; mail < maxMailsPerAddress; mail += 1) {
    expect((await ask(undefined, `198.51.100.${mail % 3}`, address)).status).toBe(202);
  }
  expect((await ask(undefined, '203.0.113.1', address)).status).toBe(429);
}

async function requestedBy(challengeId: unknown): Promise<string | null> {
  const { rows } = await backend.pool.query(
    'select known_device_session_id as id from backend.auth_challenges where challenge_id = $1',
    [challengeId],
  );
  return rows[0].id;
}

async function isKnown(knownDevice: unknown, address?: string): Promise<boolean> {
  const { status, body } = await ask(knownDevice, undefined, address);
  expect(status).toBe(202);
  expect(Object.keys(body)).toEqual(['challenge_id', 'expires_at']);
  return (await requestedBy(body.challenge_id)) !== null;
}

describe('a device that has signed in before', () => {
  it('signs in at once when strangers have used up the mails of its address', async () => {
    await useUpAddress();
    const { status, body } = await ask(proof(), '198.51.100.0');
    expect(status).toBe(202);
    expect(await requestedBy(body.challenge_id)).toBe(session.deviceSessionId);
    await backend.settled();
    const content = backend.mails.find(({ mailId }) => mailId === body.challenge_id)?.content;
    if (content?.kind !== 'sign_in_code') throw new Error('no code was mailed');
    expect((await device.confirm(String(body.challenge_id), content.code)).status).toBe(201);
  });

  it('has a share of mails for itself, and the limits of everyone past it', async () => {
    for (let mail = 0; mail < maxMailsPerKnownDevice; mail += 1) expect(await isKnown(proof())).toBe(true);
    // The share has not counted for the address.
    await useUpAddress();
    const refused = await ask(proof());
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('3600');
    backend.advance(mailLimits.windowMs);
    expect(await isKnown(proof())).toBe(true);
  });

  it('has a share apart from those of other devices of its account', async () => {
    const other = new TestDevice(backend);
    const { deviceSessionId } = await other.signIn(email);
    for (let mail = 0; mail < maxMailsPerKnownDevice; mail += 1) await ask(proof());
    expect(await isKnown(proof())).toBe(false);
    expect(await isKnown(other.knownDevice(email, deviceSessionId))).toBe(true);
  });

  it('gets no more than its share for one signature that is sent many times at the same time', async () => {
    await useUpAddress();
    const once = proof();
    const responses = await Promise.all(Array.from({ length: 12 }, () => ask(once)));
    const statuses = responses.map(({ status }) => status).toSorted();
    expect(statuses).toEqual([
      ...Array(maxMailsPerKnownDevice).fill(202),
      ...Array(12 - maxMailsPerKnownDevice).fill(429),
    ]);
  });

  it('confirms from a network that has used up its wrong codes', async () => {
    const network = `192.0.2.${players}`;
    const confirm = (challengeId: string, code: string) =>
      backend.request('POST', '/api/v1/public/auth/confirm-email-code', {
        body: device.confirmation(challengeId, code),
        headers: { 'X-Client-Address': network },
      });
    for (let wrong = 0; wrong < wrongCodeLimits.maxWrongCodesPerNetwork; wrong += 4) {
      const { challengeId, code } = await device.askForCode(`${crypto.randomUUID()}@example.com`);
      for (let attempt = 0; attempt < 4; attempt += 1) await confirm(challengeId, otherCode(code));
    }
    const unknown = await device.askForCode(email);
    expect((await confirm(unknown.challengeId, unknown.code)).status).toBe(429);
    const { body } = await ask(proof(), network);
    await backend.settled();
    const content = backend.mails.find(({ mailId }) => mailId === body.challenge_id)?.content;
    if (content?.kind !== 'sign_in_code') throw new Error('no code was mailed');
    const challengeId = String(body.challenge_id);
    expect((await confirm(challengeId, otherCode(content.code))).status).toBe(422);
    expect((await confirm(challengeId, content.code)).status).toBe(201);
  });
});

describe('the signature of a known device', () => {
  it('is good for five minutes before and after its time', async () => {
    const at = (ms: number) =>
      device.knownDevice(email, session.deviceSessionId, new Date(backend.now().getTime() + ms));
    expect(await isKnown(at(-5 * minuteMs))).toBe(true);
    expect(await isKnown(at(5 * minuteMs))).toBe(true);
    expect(await isKnown(at(-5 * minuteMs - 1))).toBe(false);
    expect(await isKnown(at(5 * minuteMs + 1))).toBe(false);
  });

  it('takes the address as it is stored, however the request writes it', async () => {
    expect(await isKnown(proof(), ` ${email.toUpperCase()} `)).toBe(true);
    expect(await isKnown(device.knownDevice(email.toUpperCase(), session.deviceSessionId))).toBe(false);
  });

  type Case = () => unknown | Promise<unknown>;
  const cases: [string, Case][] = [
    ['by another key', () => new TestDevice(backend).knownDevice(email, session.deviceSessionId)],
    ['for another address', () => device.knownDevice(`un${email}`, session.deviceSessionId)],
    ['for another time', () => ({ ...proof(), timestamp_ms: backend.now().getTime() - 1 })],
    ['of zeros', () => ({ ...proof(), signature: Buffer.alloc(64).toString('base64') })],
    ['for a session that does not exist', () => device.knownDevice(email, crypto.randomUUID())],
    [
      'for a session of another account',
      async () => {
        const { deviceSessionId } = await device.signIn(`other${email}`);
        return device.knownDevice(email, deviceSessionId);
      },
    ],
    [
      'for a session that was revoked',
      async () => {
        const path = `/api/v1/user/sessions/${session.deviceSessionId}/revoke`;
        await backend.request('POST', path, { headers: { 'X-User-ID': session.userId } });
        return proof();
      },
    ],
    [
      'of a blocked user',
      async () => {
        await backend.pool.query('update backend.users set blocked_at = now() where user_id = $1', [
          session.userId,
        ]);
        return proof();
      },
    ],
    ['that is too short', () => ({ ...proof(), signature: Buffer.alloc(63).toString('base64') })],
    ['without a time', () => ({ ...proof(), timestamp_ms: undefined })],
    ['with a time that is not a whole number', () => ({ ...proof(), timestamp_ms: 1.5 })],
    ['with a time beyond all times', () => ({ ...proof(), timestamp_ms: 1e300 })],
    ['with a session that is not an id', () => ({ ...proof(), device_session_id: "' or 1=1" })],
    ['that is a text', () => 'yes'],
    ['that is a list', () => [proof()]],
    ['that is null', () => null],
  ];

  it.each(cases)('%s counts as not given, under the limits of everyone', async (_, make) => {
    const given = await make();
    expect(await isKnown(given)).toBe(false);
    await backend.pool.query('delete from backend.auth_challenges');
    await useUpAddress();
    expect((await ask(given)).status).toBe(429);
  });
});
