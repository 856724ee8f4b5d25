import type { Role } from '../../operators/roles.ts';

export type Operator = {
  readonly operatorId: string;
  readonly name: string;
  /** Normalised. */
  readonly email: string;
  readonly roles: Role[];
  /** null for one whom the command line added. */
  readonly createdBy: string | null;
  readonly createdAt: Date;
  readonly disabledAt: Date | null;
};

export type LinkPurpose = 'enrol' | 'sign_in';

export const linkLifeMs = 15 * 60_000;
export const challengeLifeMs = 5 * 60_000;
/** Of a sign-in at an issuer, where people may have to type a password and find a second factor. */
export const oidcChallengeLifeMs = 10 * 60_000;
export const sessionLifeMs = 12 * 3_600_000;
/** How precisely the last use of a session is known. */
export const useIntervalMs = 60_000;
