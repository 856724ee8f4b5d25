import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { encodeBase64 } from 'hono/utils/encode';
import type { IdempotencyKey } from '../idempotency/store.ts';
import { type Caller, callerOf } from './caller.ts';
import type { HttpEnv } from './env.ts';

/** Headers of a route that changes something. */
export const mutationHeaders = z.object({
  'Idempotency-Key': z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, _ or -')
    .optional()
    .openapi({
      description:
        'A repeat with the same key gets the stored response; with another body, 409 idempotency_conflict. Bodies are ' +
        'compared as JSON, whatever their blanks and the order of their fields. ' +
        'Keys are stored for 24 hours, per actor.',
    }),
});

/** The key under which the response to this request is to be stored, if it has one. The body was validated. */
export async function idempotencyKeyOf(c: Context<HttpEnv>): Promise<IdempotencyKey | undefined> {
  const key = c.req.header('idempotency-key');
  if (key === undefined) return undefined;
  const request = [c.req.method, c.req.path, sameForSame(await c.req.text())].join('\n');
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(request));
  return { actor: actorScope(callerOf(c)), key, fingerprint: encodeBase64(digest) };
}

/** The body as a text that is the same for the same JSON. No body is `{}`, as on every route that may have none. */
function sameForSame(body: string): string {
  return JSON.stringify(body === '' ? {} : JSON.parse(body), (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

/** A text that is unique to one actor. */
function actorScope({ actor }: Caller): string {
  return actor.kind === 'user' ? `user:${actor.userId}` : `admin:${actor.adminId ?? ''}`;
}
