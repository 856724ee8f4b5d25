// Which service sends a request, and whether it may: the callers of a listener are in lib/operators/service-callers.ts.
import type { MiddlewareHandler } from 'hono';
import { Refusal } from '../errors/table.ts';
import type { Permission } from '../operators/permissions.ts';
import { createCallerCheck, type ServiceCaller } from '../operators/service-callers.ts';
import type { HttpEnv } from './env.ts';

/** Requires the token of a caller for every route that is mounted after it. */
export function requireCaller(list: readonly ServiceCaller[]): MiddlewareHandler<HttpEnv> {
  const check = createCallerCheck(list);
  return async (c, next) => {
    const caller = await check(c.req.header('authorization'));
    if (caller === undefined) {
      // Distinguishes this refusal from those that concern a user (RFC 6750).
      c.header('www-authenticate', 'Bearer');
      throw new Refusal('unauthenticated', 'This listener requires the bearer token of one of its callers.');
    }
    c.set('serviceCaller', caller);
    c.set('log', c.get('log').child({ caller: caller.caller }));
    await next();
  };
}

/**
 * Refuses a caller that does not have the permission. A listener without callers admits all requests.
 * @throws Refusal 403 with a challenge (RFC 6750), so that it does not pass for a refusal of the user.
 */
export function refuseUnlessCallerMay(
  c: Parameters<MiddlewareHandler<HttpEnv>>[0],
  needed: Permission,
): void {
  const caller = c.get('serviceCaller');
  if (caller === undefined || caller.permissions.includes(needed)) return;
  c.header('www-authenticate', 'Bearer error="insufficient_scope"');
  throw new Refusal('forbidden', `The caller ${caller.caller} does not have the permission ${needed}.`, {
    permission: needed,
  });
}

/** For routes that one permission covers. */
export function requirePermission(needed: Permission): MiddlewareHandler<HttpEnv> {
  return (c, next) => {
    refuseUnlessCallerMay(c, needed);
    return next();
  };
}
