import type { Context } from 'hono';
import type { HttpEnv } from '../../lib/http/env.ts';

export type ServerKey = {
  /** The first 16 hex digits of the key's SHA-256. */
  readonly keyId: string;
  /** 32 raw bytes of an Ed25519 public key. */
  readonly publicKey: Uint8Array;
};

/** `GET /api/v1/public/auth/server-keys`: the keys that answers and events are signed with. */
export function serverKeys(active: ServerKey) {
  const body = {
    keys: [
      {
        key_id: active.keyId,
        public_key: btoa(String.fromCharCode(...active.publicKey)),
        status: 'active',
      },
    ],
  };
  return (c: Context<HttpEnv>): Response => c.json(body);
}
