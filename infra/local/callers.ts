// The tokens of a local stack's services: each has its own, so that here, too, a service can do with another one what it
// has permission for and nothing else. Tools (the demo, curl) send the token of secrets.json itself.
import { createHash, createHmac } from 'node:crypto';
import type { Permission } from '../../lib/operators/permissions.ts';
import type { ServiceCaller } from '../../lib/operators/service-callers.ts';

export const callers = ['gateway', 'backend', 'lobby', 'game-master', 'console', 'tools'] as const;

export type Caller = (typeof callers)[number];

type Secrets = { readonly serviceToken: string };

export function callerToken({ serviceToken }: Secrets, caller: Caller): string {
  return caller === 'tools'
    ? serviceToken
    : createHmac('sha256', serviceToken).update(`token of ${caller}`).digest('base64url');
}

/** What a listener's variable `…_CALLERS` says. */
export function callersOf(
  secrets: Secrets,
  permissions: Readonly<Partial<Record<Caller, readonly Permission[]>>>,
): string {
  const list = Object.entries(permissions).map(([caller, granted]): ServiceCaller => {
    const token = callerToken(secrets, caller as Caller);
    return {
      caller,
      token_sha256: [createHash('sha256').update(token).digest('hex')],
      permissions: granted,
    };
  });
  return JSON.stringify(list);
}
