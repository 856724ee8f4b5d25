// libsodium signs and verifies for the gateway, OpenSSL and @noble/curves for clients and the backend. They have to
// agree, on what is published and on what an attacker would make.
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
} from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ed25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verifyDeviceSignature } from '../../../lib/gateway/commands/device-signature.ts';
import { ResponseSigner } from '../../../lib/gateway/commands/response-signer.ts';

type Vector = { name: string; signed_bytes: string; signature: string };
type Vectors = Record<'command' | 'subscription' | 'response' | 'hello' | 'event', Vector[]> & {
  keys: Record<'client' | 'server', { seed: string; public_key: string; key_id?: string }>;
};

const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../../../proto/vectors/envelope-v1.json', import.meta.url), 'utf8'),
);
const bytes = (hex: string) => Buffer.from(hex, 'hex');

const { Point } = ed25519;
const groupOrder = Point.Fn.ORDER;
const littleEndian = (value: bigint) => bytes(value.toString(16).padStart(64, '0')).reverse();
const fromLittleEndian = (value: Buffer) => BigInt(`0x${Buffer.from(value).reverse().toString('hex')}`);
const message = Buffer.from('a message');

function verifyWithOpenSsl(publicKey: Uint8Array, signed: Uint8Array, signature: Uint8Array): boolean {
  const x = Buffer.from(publicKey).toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  return verify(null, signed, key, signature);
}

function privateKeyOf(seed: Uint8Array) {
  const der = Buffer.concat([bytes('302e020100300506032b657004220420'), seed]);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

/** The challenge of a signature, RFC 8032 section 5.1.7, reduced as implementations do. */
function challenge(encodedR: Uint8Array, publicKey: Uint8Array): bigint {
  const hash = createHash('sha512').update(encodedR).update(publicKey).update(message).digest();
  return fromLittleEndian(hash) % groupOrder;
}

/** Signs with chosen secrets, so that points of small order can be mixed in. */
function signWith(secret: bigint, nonce: bigint, keyTorsion = Point.ZERO, nonceTorsion = Point.ZERO) {
  const publicKey = Buffer.from(Point.BASE.multiply(secret).add(keyTorsion).toBytes());
  const encodedR = Buffer.from(Point.BASE.multiply(nonce).add(nonceTorsion).toBytes());
  const h = challenge(encodedR, publicKey);
  const scalar = (nonce + h * secret) % groupOrder;
  return { publicKey, signature: Buffer.concat([encodedR, littleEndian(scalar)]), challenge: h };
}

const pointOfOrder8 = Point.fromBytes(
  bytes('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'),
);

describe('the verification of device signatures', () => {
  it.each([...vectors.command, ...vectors.subscription])(
    'accepts the vector "$name", and nothing near it',
    (vector) => {
      const publicKey = bytes(vectors.keys.client.public_key);
      const [signed, signature] = [bytes(vector.signed_bytes), bytes(vector.signature)];
      expect(verifyDeviceSignature(publicKey, signed, signature)).toBe(true);
      const bit = fc.nat({ max: 8 * (signed.length + signature.length) - 1 });
      fc.assert(
        fc.property(bit, (index) => {
          const changed = Buffer.concat([signed, signature]);
          changed[index >> 3] = (changed[index >> 3] ?? 0) ^ (1 << (index & 7));
          const [otherSigned, otherSignature] = [
            changed.subarray(0, signed.length),
            changed.subarray(signed.length),
          ];
          expect(verifyDeviceSignature(publicKey, otherSigned, otherSignature)).toBe(false);
        }),
      );
    },
  );

  it('agrees with OpenSSL on every signature of every key', () => {
    const seed = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(seed, fc.uint8Array({ maxLength: 300 }), (secret, signed) => {
        const key = privateKeyOf(secret);
        const publicKey = new ResponseSigner(key).publicKey;
        expect(verifyDeviceSignature(publicKey, signed, sign(null, signed, key))).toBe(true);
      }),
    );
  });

  it('refuses a second signature made from a first one by adding the group order to S', () => {
    const { publicKey, signature } = signWith(777n, 5n);
    expect(verifyDeviceSignature(publicKey, message, signature)).toBe(true);
    const scalar = fromLittleEndian(signature.subarray(32)) + groupOrder;
    const second = Buffer.concat([signature.subarray(0, 32), littleEndian(scalar)]);
    expect(verifyDeviceSignature(publicKey, message, second)).toBe(false);
  });

  it('decides without cofactor, as OpenSSL does, where keys or signatures carry a part of small order', () => {
    let accepted = 0;
    for (let nonce = 1n; nonce <= 64n; nonce += 1n) {
      const mixedKey = signWith(12_345n, nonce, pointOfOrder8);
      const decision = verifyDeviceSignature(mixedKey.publicKey, message, mixedKey.signature);
      expect(decision).toBe(mixedKey.challenge % 8n === 0n);
      expect(decision).toBe(verifyWithOpenSsl(mixedKey.publicKey, message, mixedKey.signature));
      accepted += decision ? 1 : 0;

      const mixedNonce = signWith(12_345n, nonce, Point.ZERO, pointOfOrder8);
      expect(verifyDeviceSignature(mixedNonce.publicKey, message, mixedNonce.signature)).toBe(false);
      expect(verifyWithOpenSsl(mixedNonce.publicKey, message, mixedNonce.signature)).toBe(false);
    }
    expect(accepted).toBeGreaterThan(0);
  });

  it('refuses keys of small order, for which one signature would fit many messages', () => {
    for (let times = 1n; times <= 8n; times += 1n) {
      const publicKey = Buffer.from(pointOfOrder8.multiplyUnsafe(times).toBytes());
      for (let nonce = 1n; nonce <= 32n; nonce += 1n) {
        const encodedR = Buffer.from(Point.BASE.multiply(nonce).toBytes());
        const signature = Buffer.concat([encodedR, littleEndian(nonce)]);
        expect(verifyDeviceSignature(publicKey, message, signature)).toBe(false);
      }
    }
  });

  it('refuses signatures of another length', () => {
    const { publicKey, signature } = signWith(777n, 5n);
    expect(verifyDeviceSignature(publicKey, message, signature.subarray(0, 63))).toBe(false);
    expect(verifyDeviceSignature(publicKey, message, Buffer.concat([signature, Buffer.of(0)]))).toBe(false);
    expect(verifyDeviceSignature(publicKey, message, Buffer.alloc(0))).toBe(false);
  });
});

describe('the response signer', () => {
  it('makes the published signatures with the published key', () => {
    const { seed, public_key, key_id } = vectors.keys.server;
    const signer = new ResponseSigner(privateKeyOf(bytes(seed)));
    expect(Buffer.from(signer.publicKey).toString('hex')).toBe(public_key);
    expect(signer.keyId).toBe(key_id);
    for (const vector of [...vectors.response, ...vectors.hello, ...vectors.event]) {
      expect(signer.sign(bytes(vector.signed_bytes)).toString('hex')).toBe(vector.signature);
    }
  });

  it('signs what OpenSSL verifies', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const signer = new ResponseSigner(privateKey);
    expect(verify(null, message, publicKey, signer.sign(message))).toBe(true);
  });
});
