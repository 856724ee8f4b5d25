// What proto/vectors/refused-v1.json holds is refused wherever the platform and its client verify.
import { readFileSync } from 'node:fs';
import { ed25519 } from '@noble/curves/ed25519.js';
import { describe, expect, it } from 'vitest';
import { verifyDeviceSignature } from '../../../lib/gateway/commands/device-signature.ts';
import { deviceKeyProblem, verifyWithDeviceKey } from '../../../lib/protocol/device-key.ts';

const path = new URL('../../../proto/vectors/refused-v1.json', import.meta.url);
const bytes = (hex: string) => Buffer.from(hex, 'hex');
const { signatures, keys } = JSON.parse(readFileSync(path, 'utf8')) as {
  signatures: { name: string; public_key: string; signed_bytes: string; signature: string }[];
  keys: { name: string; public_key: string }[];
};

describe('a signature that must be refused', () => {
  it.each(signatures)('is refused: $name', async ({ public_key, signed_bytes, signature }) => {
    const [key, message, wrong] = [bytes(public_key), bytes(signed_bytes), bytes(signature)];
    expect(wrong).toHaveLength(64);
    expect(verifyDeviceSignature(key, message, wrong)).toBe(false);
    expect(await verifyWithDeviceKey(key, message, wrong)).toBe(false);
  });

  it('is more than garbage: verifiers by the lax rules of ZIP 215 accept the one by a key of small order', () => {
    const accepted = signatures.filter(({ public_key, signed_bytes, signature }) =>
      ed25519.verify(bytes(signature), bytes(signed_bytes), bytes(public_key), { zip215: true }),
    );
    expect(accepted.map(({ name }) => name)).toEqual([
      'a key of small order, whose signature fits every message',
    ]);
  });
});

describe('a key that must be refused', () => {
  it.each(keys)('is refused: $name ($public_key)', ({ public_key }) => {
    expect(deviceKeyProblem(bytes(public_key))).toMatch(/^is (a point of small order|not the canonical)/);
  });
});
