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

/** The same for every reason. @param details while the challenge is alive. */
export function challengeFailed(details?: { attempts_left: number }): Refusal {
  return new Refusal(
    'challenge_failed',
    'The code is not right, or the challenge is unknown, expired or used; check the code or ask for a new one.',
    details,
  );
}

/** The same for a link that never was. */
export function linkNotUsable(): Refusal {
  return new Refusal(
    'challenge_failed',
    'This link was used, or is older than 15 minutes; make another one with: npm run operator -- reset EMAIL.',
  );
}

/** The same for every reason. */
export function passkeyRefused(): Refusal {
  return new Refusal('challenge_failed', 'The passkey was not accepted, or it took too long; try again.');
}

/** The same for every reason. */
export function issuerSignInRefused(): Refusal {
  return new Refusal(
    'challenge_failed',
    'The sign-in at the issuer was not completed, was used before, or took longer than ten minutes; try again.',
  );
}

/** The same whether there is no such operator, they are disabled, or the address is not verified. */
export function accountRefused(): Refusal {
  return new Refusal(
    'challenge_failed',
    'The issuer has signed you in, but no operator may sign in with this account; ask an owner of the console.',
  );
}

export function issuerUnavailable(): Refusal {
  return new Refusal(
    'service_unavailable',
    'The issuer does not respond; try again shortly, or sign in with a passkey.',
  );
}
