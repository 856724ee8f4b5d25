// Device keys at the moment they are registered. Some encodings of Ed25519 public keys pass as keys in many
// libraries (OpenSSL among them) though nobody holds a private key for them: with a point of small order one
// signature fits many messages, and an encoding that is not canonical gives one key two names. Both are refused
// here, once, so that every key in the platform is a good one. RFC 8032 sections 5.1.3 and 5.1.7.
//
// Pure JavaScript, so that it runs on every runtime.
import { ed25519 } from '@noble/curves/ed25519.js';

/** What is wrong with a public key given as raw bytes, for a person; undefined when it can be used. */
export function deviceKeyProblem(key: Uint8Array): string | undefined {
  if (key.length !== 32) return 'must be base64 of the 32 raw bytes of an Ed25519 public key';
  try {
    return ed25519.Point.fromBytes(key, false).isSmallOrder() ? 'is a point of small order' : undefined;
  } catch {
    return 'is not the canonical encoding of an Ed25519 public key';
  }
}

/** Whether `signature` (64 bytes) over `message` was made with the private key of `key`, by the strict rules. */
export function verifyWithDeviceKey(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  return signature.length === 64 && ed25519.verify(signature, message, key, { zip215: false });
}
