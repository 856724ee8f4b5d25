import type { Context } from 'hono';
import type { ServerKey } from '../../lib/gateway/commands/server-keys.ts';
import type { HttpEnv } from '../../lib/http/env.ts';

/** `GET /api/v1/public/auth/server-keys`: the keys that answers and events are signed with. */
export function serverKeys(keys: readonly ServerKey[]) {
  const body = { keys: keys.map(toServerKey) };
  return (c: Context<HttpEnv>): Response => {
    // An old list would make clients refuse what a new key has signed.
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
