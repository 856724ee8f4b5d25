// The actor of a request to a public listener, which trusts `X-User-ID`: the gateway injects it after it has verified a
// signature. Internal listeners have lib/http/operator-access.ts.
import type { MiddlewareHandler } from 'hono';
import { Refusal } from '../errors/table.ts';
import { isUuid } from '../protocol/ids.ts';
import type { Actor, HttpEnv, UserActor } from './env.ts';
import { refuseUnlessCallerMay } from './require-caller.ts';

/** Admits a user by `X-User-ID`, from a caller that may act as users; missing or malformed is `401 unauthenticated`. */
export const admitUser: MiddlewareHandler<HttpEnv> = async (c, next) => {
  refuseUnlessCallerMay(c, 'users.act');
  const userId = c.req.header('x-user-id');
  if (userId === undefined || !isUuid(userId)) {
    throw new Refusal('unauthenticated', 'X-User-ID is missing or is not a user id.');
  }
  c.set('actor', { kind: 'user', userId: userId.toLowerCase() });
  await next();
};

/** The user behind a request on a route that is for users only. */
export function userOf(actor: Actor): UserActor {
  if (actor.kind === 'user') return actor;
  throw new Refusal('forbidden', 'Only a user can do this for themselves.');
}
