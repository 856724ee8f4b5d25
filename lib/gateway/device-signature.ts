import { createPublicKey, type KeyObject, verify } from 'node:crypto';

// SubjectPublicKeyInfo of an Ed25519 key up to the key's 32 raw bytes, RFC 8410 section 4.
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex');

/** @param publicKey 32 raw bytes. */
export function verifyDeviceSignature(
  publicKey: Uint8Array,
  bytes: Uint8Array,
  signature: Uint8Array,
): boolean {
  return verify(null, bytes, importKey(publicKey), signature);
}

function importKey(publicKey: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([spkiPrefix, publicKey]), format: 'der', type: 'spki' });
}
