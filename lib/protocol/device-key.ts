// Checks device keys when they are registered. Many libraries (OpenSSL among them) accept encodings of Ed25519 public
// keys that are unsafe: with a point of small order one signature is valid for many messages, and with encodings that
// are not canonical one key has two encodings. Both are refused here, so no such key enters the platform. RFC 8032
// sections 5.1.3 and 5.1.7.
//
// Pure JavaScript, so that it runs on every runtime.
import { ed25519 } from '@noble/curves/ed25519.js';

/** A readable problem of a public key, given as raw bytes; undefined when the key can be used. */
export function deviceKeyProblem(key: Uint8Array): string | undefined {
  if (key.length !== 32) return 'must be base64 of the 32 raw bytes of an Ed25519 public key';
  try {
    return ed25519.Point.fromBytes(key, false).isSmallOrder() ? 'is a point of small order' : undefined;
  } catch {
    return 'is not the canonical encoding of an Ed25519 public key';
  }
}

/**
 * Whether `signature` (64 bytes) over `message` was made with the private key of `key`, by the strict rules of RFC
 * 8032.
 */
export function verifyWithDeviceKey(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  return signature.length === 64 && ed25519.verify(signature, message, key, { zip215: false });
}
