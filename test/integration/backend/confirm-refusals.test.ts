import { ed25519 } from '@noble/curves/ed25519.js';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { confirmBytes } from '../../../lib/protocol/envelope.ts';
import {
  base64,
  otherCode,
  startTestBackend,
  type TestBackend,
  TestDevice,
} from '../../support/backend/backend.ts';

const confirmPath = '/api/v1/public/auth/confirm-email-code';

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

describe('confirm-email-code refuses, costing no attempt and changing nothing,', () => {
  type Case = (device: TestDevice, challengeId: string) => { change: object; field: string };
  const secret = new Uint8Array(32).fill(9);
  const signedBy = (bytes: Uint8Array) => base64(ed25519.sign(bytes, secret));
  const cases: [string, Case][] = [
    [
      'a proof by another key',
      (device, challengeId) => ({
        change: { proof: signedBy(confirmBytes({ challengeId, clientPublicKey: device.publicKey })) },
        field: 'proof',
      }),
    ],
    [
      'a proof for another challenge',
      (device, _) => ({
        change: { proof: device.confirmation(uuidv7(), '12345678').proof },
        field: 'proof',
      }),
    ],
    [
      'a proof for another key',
      (_, challengeId) => ({
        change: {
          client_public_key: new TestDevice(backend).confirmation(challengeId, '1').client_public_key,
        },
        field: 'proof',
      }),
    ],
    ['a proof of zeros', () => ({ change: { proof: base64(new Uint8Array(64)) }, field: 'proof' })],
    ['a proof that is too short', () => ({ change: { proof: base64(new Uint8Array(63)) }, field: 'proof' })],
    [
      'a key of 31 bytes',
      () => ({
        change: { client_public_key: base64(new Uint8Array(31).fill(5)) },
        field: 'client_public_key',
      }),
    ],
    [
      'a key of 33 bytes',
      () => ({
        change: { client_public_key: base64(new Uint8Array(33).fill(5)) },
        field: 'client_public_key',
      }),
    ],
    [
      'a key in hex',
      (device) => ({
        change: { client_public_key: Buffer.from(device.publicKey).toString('hex') },
        field: 'client_public_key',
      }),
    ],
    ['a key that is not base64', () => ({ change: { client_public_key: '!' }, field: 'client_public_key' })],
    [
      'a key of small order',
      () => ({
        // The neutral element, under which this signature would fit every message.
        change: {
          client_public_key: base64(Uint8Array.of(1, ...new Uint8Array(31))),
          proof: base64(Uint8Array.of(1, ...new Uint8Array(63))),
        },
        field: 'client_public_key',
      }),
    ],
    [
      'a key in a non-canonical encoding',
      () => ({
        change: { client_public_key: base64(Uint8Array.of(0xee, ...Array(30).fill(0xff), 0x7f)) },
        field: 'client_public_key',
      }),
    ],
    ['a code of seven digits', () => ({ change: { code: '1234567' }, field: 'code' })],
    ['a code as a number', () => ({ change: { code: 12345678 }, field: 'code' })],
    ['a code in other digits', () => ({ change: { code: '١٢٣٤٥٦٧٨' }, field: 'code' })],
    ['an invalid challenge id', () => ({ change: { challenge_id: "' or 1=1" }, field: 'challenge_id' })],
    ['an unknown field', () => ({ change: { user_id: uuidv7() }, field: 'user_id' })],
    ['a missing proof', () => ({ change: { proof: undefined }, field: 'proof' })],
  ];

  it.each(cases)('%s', async (_, make) => {
    const device = new TestDevice(backend);
    const { challengeId, code } = await device.askForCode(email);
    const { change, field } = make(device, challengeId);
    const before = await backend.snapshot();
    const response = await device.confirm(challengeId, code, { ...change });
    expect(response.status).toBe(400);
    expect(response.body).toMatchObject({
      error: { code: 'invalid_request', details: { fields: [{ field, problem: expect.any(String) }] } },
    });
    expect(await backend.snapshot()).toEqual(before);
    expect((await device.confirm(challengeId, code)).status).toBe(201);
  });

  it('malformed JSON', async () => {
    const before = await backend.snapshot();
    const response = await backend.request('POST', confirmPath, { body: '{"challenge_id"' });
    expect(response.status).toBe(400);
    expect(response.body).toMatchObject({ error: { code: 'invalid_request' } });
    expect(await backend.snapshot()).toEqual(before);
  });
});

describe('the log', () => {
  it('holds no code, key or proof, not even when the database fails in the middle', async () => {
    const failing = await startTestBackend();
    try {
      const device = new TestDevice(failing);
      const { challengeId, code } = await device.askForCode(email);
      const { rows } = await failing.pool.query('select code_hash from backend.auth_challenges');
      await device.confirm(challengeId, otherCode(code));
      await failing.pool.query('alter table backend.device_sessions rename to gone');
      const before = failing.logLines.length;
      const response = await device.confirm(challengeId, code);
      expect(response.status).toBe(500);
      expect(response.body).toMatchObject({ error: { code: 'internal_error' } });
      expect(failing.logLines.slice(before).join('')).toContain('request failed');

      const written = failing.logLines.join('') + JSON.stringify(response.body);
      const { client_public_key: key, proof } = device.confirmation(challengeId, code);
      const hash: Buffer = rows[0].code_hash;
      for (const secret of [`"${code}"`, String(key), String(proof), base64(hash), hash.toString('hex')]) {
        expect(written).not.toContain(secret);
      }
      expect(written).not.toContain([...device.publicKey].join(','));
    } finally {
      await failing.close();
    }
  });
});
