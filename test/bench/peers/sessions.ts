// Device sessions of a load process, and how they sign.
import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  sign,
  verify,
} from 'node:crypto';
import type { SessionResponse } from './upstreams.ts';

export type Session = { deviceSessionId: string; userId: string; key: KeyObject };

/** @returns the session, and the backend's response about it. */
export function makeSession(userId: string = randomUUID()): { session: Session; response: SessionResponse } {
  const { privateKey: key, publicKey } = generateKeyPairSync('ed25519');
  const deviceSessionId = randomUUID();
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  return {
    session: { deviceSessionId, userId, key },
    response: { deviceSessionId, userId, publicKey: raw.toString('base64') },
  };
}

export function signWith({ key }: Pick<Session, 'key'>, bytes: Uint8Array): Buffer {
  return sign(null, bytes, key);
}

export function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

/** Verifies what the gateway signed. @param serverKey its public key, base64url. */
export function verifierOf(serverKey: string): (bytes: Uint8Array, signature: Uint8Array) => boolean {
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: serverKey }, format: 'jwk' });
  return (bytes, signature) => verify(null, bytes, key, signature);
}
