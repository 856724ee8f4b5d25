import type { Context } from 'hono';
import type { ServerKey } from '../../lib/gateway/commands/server-keys.ts';
import type { HttpEnv } from '../../lib/http/env.ts';

/** `GET /api/v1/public/auth/server-keys`: the keys that sign responses and events. */
export function serverKeys(keys: readonly ServerKey[]) {
  const body = { keys: keys.map(toServerKey) };
  return (c: Context<HttpEnv>): Response => {
    // With an old list clients would reject what a new key has signed.
    c.header('cache-control', 'no-store');
    return c.json(body);
  };
}

function toServerKey({ keyId, publicKey, status, retiredAt }: ServerKey) {
  return {
    key_id: keyId,
    public_key: btoa(String.fromCharCode(...publicKey)),
    status,
    retired_at: retiredAt?.toISOString(),
  };
}
