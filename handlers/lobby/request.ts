// What every route of the lobby reads from a request in addition to its own fields.
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { encodeBase64 } from 'hono/utils/encode';
import type { HttpEnv } from '../../lib/http/env.ts';
import { actorScope, type Caller } from '../../lib/lobby/caller.ts';
import type { IdempotencyKey } from '../../lib/lobby/store/idempotency-keys.ts';

/** Headers of a route that changes something. */
export const mutationHeaders = z.object({
  'Idempotency-Key': z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, _ or -')
    .optional()
    .openapi({
      description:
        'A repeat with the same key gets the stored response; with another body, 409 idempotency_conflict. ' +
        'Keys are stored for 24 hours, per actor.',
    }),
});

const revisionPattern = /^(?:\d{1,9}|"\d{1,9}")$/;

/** Headers of a route that changes a game. */
export const gameMutationHeaders = mutationHeaders.extend({
  'If-Match': z
    .string()
    .regex(revisionPattern, 'must be the revision of the game, such as 3 or "3"')
    .transform((revision) => Number(revision.replaceAll('"', '')))
    .optional()
    .openapi({
      type: 'string',
      pattern: revisionPattern.source,
      description:
        'The ETag or revision that the change is based on; 412 revision_mismatch if the game has another one now.',
    }),
});

/** The caller; the router has admitted the actor. */
export function callerOf(c: Context<HttpEnv>): Caller {
  const actor = c.get('actor');
  if (actor.kind === 'anonymous') throw new Error(`${c.req.path} is mounted without admitting an actor.`);
  return { actor, requestId: c.get('requestId'), traceparent: c.req.header('traceparent') };
}

/** The key under which the response to this request is to be stored, if it has one. */
export async function idempotencyKeyOf(c: Context<HttpEnv>): Promise<IdempotencyKey | undefined> {
  const key = c.req.header('idempotency-key');
  if (key === undefined) return undefined;
  const request = [c.req.method, c.req.path, await c.req.text()].join('\n');
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(request));
  return { actor: actorScope(callerOf(c)), key, fingerprint: encodeBase64(digest) };
}
