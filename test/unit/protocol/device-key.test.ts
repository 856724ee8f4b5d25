import { readFileSync } from 'node:fs';
import { ed25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deviceKeyProblem, verifyWithDeviceKey } from '../../../lib/protocol/device-key.ts';

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'));
const littleEndian = (value: bigint) => bytes(value.toString(16).padStart(64, '0')).reverse();
const withSign = (key: Uint8Array) => Uint8Array.from(key, (byte, i) => (i === 31 ? byte | 0x80 : byte));

const fieldPrime = 2n ** 255n - 19n;
const seed = fc.uint8Array({ minLength: 32, maxLength: 32 });

// The points whose order divides 8, in their canonical encodings.
const smallOrderPoints = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000080',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
];

describe('a device key', () => {
  it('is accepted when it was made from a private key', () => {
    fc.assert(
      fc.property(seed, (secret) => {
        expect(deviceKeyProblem(ed25519.getPublicKey(secret))).toBeUndefined();
      }),
      { numRuns: 20 },
    );
  });

  it.each(smallOrderPoints)('is refused as the point %s of small order', (hex) => {
    expect(deviceKeyProblem(bytes(hex))).toBe('is a point of small order');
  });

  it('is refused in every encoding of a coordinate that is not reduced', () => {
    for (let excess = 0n; excess < 19n; excess++) {
      const key = littleEndian(fieldPrime + excess);
      expect(deviceKeyProblem(key)).toBe('is not the canonical encoding of an Ed25519 public key');
      expect(deviceKeyProblem(withSign(key))).toBe('is not the canonical encoding of an Ed25519 public key');
    }
  });

  it('is refused with a sign where x is 0, which has none', () => {
    for (const y of [1n, fieldPrime - 1n]) {
      expect(deviceKeyProblem(withSign(littleEndian(y)))).toBe(
        'is not the canonical encoding of an Ed25519 public key',
      );
    }
  });

  it('is refused when it is not a point of the curve', () => {
    expect(deviceKeyProblem(littleEndian(2n))).toBe('is not the canonical encoding of an Ed25519 public key');
  });

  it.each([0, 31, 33, 64])('is refused with %i bytes', (length) => {
    expect(deviceKeyProblem(new Uint8Array(length).fill(7))).toContain('32 raw bytes');
  });
});

describe('a signature', () => {
  it('of the published vector is verified', async () => {
    const { confirm } = JSON.parse(
      readFileSync(new URL('../../../proto/vectors/envelope-v1.json', import.meta.url), 'utf8'),
    );
    const [vector] = confirm;
    const key = bytes(vector.fields.client_public_key);
    expect(await verifyWithDeviceKey(key, bytes(vector.signed_bytes), bytes(vector.signature))).toBe(true);
  });

  it('is refused when one bit of it, of the message or of the key has changed', async () => {
    await fc.assert(
      fc.asyncProperty(
        seed,
        fc.uint8Array({ minLength: 1, maxLength: 80 }),
        fc.nat(),
        fc.constantFrom('signature', 'message', 'key'),
        async (secret, message, bit, where) => {
          const parts = {
            signature: ed25519.sign(message, secret),
            message: message.slice(),
            key: ed25519.getPublicKey(secret),
          };
          expect(await verifyWithDeviceKey(parts.key, parts.message, parts.signature)).toBe(true);
          const changed = parts[where];
          const index = bit % (changed.length * 8);
          changed[index >> 3] = (changed[index >> 3] ?? 0) ^ (1 << (index & 7));
          expect(await verifyWithDeviceKey(parts.key, parts.message, parts.signature)).toBe(false);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('is refused when its scalar is not reduced, though it is the same signature otherwise', async () => {
    const groupOrder = 2n ** 252n + 27742317777372353535851937790883648493n;
    const secret = new Uint8Array(32).fill(1);
    const message = new Uint8Array([1, 2, 3]);
    const signature = ed25519.sign(message, secret);
    const scalar = BigInt(`0x${Buffer.from(signature.slice(32)).reverse().toString('hex')}`);
    signature.set(littleEndian(scalar + groupOrder), 32);
    expect(await verifyWithDeviceKey(ed25519.getPublicKey(secret), message, signature)).toBe(false);
  });

  it.each([0, 63, 65])('is refused with %i bytes', async (length) => {
    const key = ed25519.getPublicKey(new Uint8Array(32).fill(1));
    expect(await verifyWithDeviceKey(key, new Uint8Array(1), new Uint8Array(length))).toBe(false);
  });
});
