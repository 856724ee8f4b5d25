// Checks device keys when they are registered. Many libraries (OpenSSL among them) accept encodings of Ed25519 public
// keys that are unsafe: with a point of small order one signature is valid for many messages, and with encodings that
// are not canonical one key has two encodings. Both are refused here, so no such key enters the platform. RFC 8032
// sections 5.1.3 and 5.1.7.
//
// Keys are checked in pure JavaScript and signatures by WebCrypto, a seventh of the time, so that both run on every runtime.
import { ed25519 } from '@noble/curves/ed25519.js';

type Bytes = Uint8Array<ArrayBuffer>;

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
 * Whether `key` can be used, and `signature` (64 bytes) over `message` was made with its private key, by the strict rules
 * of RFC 8032.
 */
export async function verifyWithDeviceKey(key: Bytes, message: Bytes, signature: Bytes): Promise<boolean> {
  if (signature.length !== 64 || deviceKeyProblem(key) !== undefined) return false;
  const imported = await crypto.subtle.importKey('raw', key, 'Ed25519', false, ['verify']);
  return crypto.subtle.verify('Ed25519', imported, signature, message);
}
