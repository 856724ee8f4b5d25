// Refusals that several operations share.
import { Refusal } from '../errors/table.ts';

/** For an admin who names a user. */
export function userNotFound(userId: string): Refusal {
  return new Refusal('not_found', `There is no user ${userId}.`);
}

export function sessionNotFound(deviceSessionId: string): Refusal {
  return new Refusal('not_found', `There is no device session ${deviceSessionId}.`);
}

/** For a request on behalf of a user who does not exist, or was deleted. */
export function noSuchUser(): Refusal {
  return new Refusal('unauthenticated', 'X-User-ID names no user.');
}

export function accountBlocked(): Refusal {
  return new Refusal('account_blocked', 'This account is blocked.');
}
