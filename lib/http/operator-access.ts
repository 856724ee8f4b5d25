// Who may use a route of an internal listener. The bearer token says which service sends the request, and an assertion
// of the backend, where there is one, for which operator. Each route needs the permission that
// lib/operators/permissions.ts gives it.
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { Refusal } from '../errors/table.ts';
import {
  type Audience,
  assertionHeader,
  createAssertionCheck,
  InvalidAssertion,
  type OperatorIdentity,
  reasonHeader,
} from '../operators/assertion.ts';
import { changes, isForServices, may, type Permission, permissionFor } from '../operators/permissions.ts';
import type { HttpAppOptions } from './app.ts';
import type { HttpEnv } from './env.ts';
import { refuseUnlessCallerMay } from './require-caller.ts';

export type InternalAppOptions = HttpAppOptions & {
  /** Public keys of the backend, base64. Without any no assertion is asked for, and none accepted. */
  operatorKeys?: readonly string[];
  /** With keys: whether a request without an assertion may nevertheless do what operators may. */
  unnamedOperators?: boolean;
};

export type OperatorAccess = (operationId: string | undefined) => MiddlewareHandler<HttpEnv>;

const maxReason = 500;

/** @param audience the service that the listener belongs to. */
export function createOperatorAccess(
  audience: Audience,
  { operatorKeys = [], unnamedOperators = false }: InternalAppOptions,
): OperatorAccess {
  const check = operatorKeys.length === 0 ? undefined : createAssertionCheck(audience, operatorKeys);
  const identify = async (assertion: string): Promise<OperatorIdentity> => {
    if (check === undefined) {
      throw new Refusal('unauthenticated', 'This listener has no operator keys to check the assertion with.');
    }
    try {
      return await check(assertion, new Date());
    } catch (error) {
      if (!(error instanceof InvalidAssertion)) throw error;
      throw new Refusal('unauthenticated', `${assertionHeader} is not valid. ${error.message}`);
    }
  };
  return (operationId) => {
    const permission = permissionFor(operationId);
    return async (c, next) => {
      const assertion = c.req.header(assertionHeader);
      if (assertion === undefined) {
        if (check !== undefined && !unnamedOperators && !isForServices(permission)) {
          throw new Refusal(
            'unauthenticated',
            `${assertionHeader} is missing: this is for operators, who sign in to the console.`,
          );
        }
        refuseUnlessCallerMay(c, permission);
        c.set('actor', { kind: 'admin', adminId: undefined });
      } else {
        refuseUnlessCallerMay(c, 'operators.act');
        const { operatorId, sessionId, roles } = await identify(assertion);
        refuseUnlessMay(roles, permission);
        const reason = changes(permission) ? reasonIn(c.req.header(reasonHeader)) : undefined;
        c.set('log', c.get('log').child({ operator_id: operatorId }));
        c.set('actor', { kind: 'admin', adminId: operatorId, sessionId, reason });
      }
      await next();
    };
  };
}

/** Mounts routes, each behind the check of its permission. */
export function mountInternalRoutes<
  const Routes extends Parameters<OpenAPIHono<HttpEnv>['openapiRoutes']>[0],
>(app: OpenAPIHono<HttpEnv>, access: OperatorAccess, routes: Routes): void {
  for (const { route } of routes) {
    app.on(route.method, route.path.replaceAll(/\{(\w+)\}/g, ':$1'), access(route.operationId));
  }
  app.openapiRoutes(routes);
}

function refuseUnlessMay(roles: OperatorIdentity['roles'], permission: Permission): void {
  if (may(roles, permission)) return;
  const held = roles.length === 0 ? 'you have no role' : `you are ${roles.join(', ')}`;
  throw new Refusal('forbidden', `This needs the permission ${permission}; ${held}.`, { permission });
}

function reasonIn(encoded: string | undefined): string {
  const reason = decoded(encoded ?? '')?.trim();
  if (reason !== undefined && reason !== '' && reason.length <= maxReason && !/\p{Cc}/u.test(reason))
    return reason;
  throw new Refusal(
    'invalid_request',
    `${reasonHeader} must say why you do this, in 1 to ${maxReason} characters, percent-encoded.`,
  );
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
