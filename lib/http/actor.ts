// The actor of a request. Public listeners trust `X-User-ID`, which the gateway injects after it has verified a signature;
// internal listeners admit the admin actor, whom `X-Admin-ID` may name for the records.
import type { MiddlewareHandler } from 'hono';
import { Refusal } from '../errors/table.ts';
import { isUuid } from '../protocol/ids.ts';
import type { Actor, HttpEnv, UserActor } from './env.ts';

/** Admits a user by `X-User-ID`; missing or malformed is `401 unauthenticated`. */
export const admitUser: MiddlewareHandler<HttpEnv> = async (c, next) => {
  const userId = c.req.header('x-user-id');
  if (userId === undefined || !isUuid(userId)) {
    throw new Refusal('unauthenticated', 'X-User-ID is missing or is not a user id.');
  }
  c.set('actor', { kind: 'user', userId: userId.toLowerCase() });
  await next();
};

export const admitAdmin: MiddlewareHandler<HttpEnv> = async (c, next) => {
  const adminId = c.req.header('x-admin-id');
  if (adminId !== undefined && !/^[\w.@-]{1,64}$/.test(adminId)) {
    throw new Refusal('invalid_request', 'X-Admin-ID must be 1 to 64 letters, digits, _ . @ or -.');
  }
  if (adminId !== undefined) c.set('log', c.get('log').child({ admin_id: adminId }));
  c.set('actor', { kind: 'admin', adminId });
  await next();
};

/** The user behind a request on a route that is for users only. */
export function userOf(actor: Actor): UserActor {
  if (actor.kind === 'user') return actor;
  throw new Refusal('forbidden', 'Only a user can do this for themselves.');
}
