import { createHash } from 'node:crypto';
import { operatorPermissions, type Permission, servicePermissions } from '../../lib/operators/permissions.ts';
import type { ServiceCaller } from '../../lib/operators/service-callers.ts';

/** One caller of a listener, with every permission unless some are given. */
export function callerWith(
  token: string,
  permissions: readonly Permission[] = [...servicePermissions, ...operatorPermissions],
): ServiceCaller[] {
  return [
    { caller: 'the-caller', token_sha256: [createHash('sha256').update(token).digest('hex')], permissions },
  ];
}

/** The same, as the variable of the listener has it. */
export function callersText(...of: Parameters<typeof callerWith>): string {
  return JSON.stringify(callerWith(...of));
}
