// The rules of signing in by e-mail code. Every request for a code makes a challenge of its own, so that nobody can
// spend another person's attempts. A challenge is alive until it expires, was used, or took `maxAttempts` wrong
// codes. One that is not alive answers like one that never was.
//
// Pure; the caller holds the challenge's row lock, so that attempts made at the same time are judged one by one.

export const codeDigits = 6;
export const codeLifetimeMs = 10 * 60_000;
export const maxAttempts = 5;

export type Challenge = {
  readonly challengeId: string;
  /** Normalised. */
  readonly email: string;
  readonly locale: string;
  readonly codeHash: Uint8Array<ArrayBuffer>;
  readonly failedAttempts: number;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly usedAt: Date | null;
};

export type Verdict =
  | { readonly kind: 'confirmed' }
  | { readonly kind: 'wrong_code'; readonly attemptsLeft: number }
  | { readonly kind: 'not_alive' };

/** Judges one attempt; a `wrong_code` has to be counted. */
export function judgeAttempt(
  challenge: Pick<Challenge, 'failedAttempts' | 'expiresAt' | 'usedAt'>,
  codeMatches: boolean,
  now: Date,
): Verdict {
  const alive =
    challenge.usedAt === null && challenge.failedAttempts < maxAttempts && now < challenge.expiresAt;
  if (!alive) return { kind: 'not_alive' };
  if (codeMatches) return { kind: 'confirmed' };
  return { kind: 'wrong_code', attemptsLeft: maxAttempts - challenge.failedAttempts - 1 };
}

export type MailLimit = {
  /** Mails to one address within any window. */
  readonly maxMails: number;
  readonly windowMs: number;
};

/**
 * How long an address has to wait for its next mail, in milliseconds; 0 when it may be sent at once.
 * @param sentAt when mails went to the address, newest first.
 */
export function mailWaitMs(sentAt: readonly Date[], limit: MailLimit, now: Date): number {
  // The mail that has to leave the window before there is room for another one.
  const blocking = sentAt[limit.maxMails - 1];
  if (blocking === undefined) return 0;
  return Math.max(0, blocking.getTime() + limit.windowMs - now.getTime());
}
