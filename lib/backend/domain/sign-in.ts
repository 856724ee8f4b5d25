// The rules of signing in by e-mail code. Every request for a code creates a challenge of its own, so that a client
// cannot use up another person's attempts. A challenge is alive until it expires, was used, or took `maxAttempts` wrong
// codes. The response for one that is not alive is the same as for one that never existed.
//
// Pure; the caller holds the challenge's row lock, so that attempts made at the same time are judged one by one.

export const codeLifetimeMs = 10 * 60_000;
export const maxAttempts = 5;

/** What the code of a challenge allows. */
export const purposes = ['sign_in', 'leave_address', 'take_address', 'recovery_codes'] as const;
export type Purpose = (typeof purposes)[number];

export type Challenge = {
  readonly challengeId: string;
  /** Normalised. */
  readonly email: string;
  readonly locale: string;
  /** The network of the request; null when it is not known. */
  readonly clientNetwork: string | null;
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

/** How many mails may be requested within any window. */
export type MailLimits = {
  /** To one address from one network. */
  readonly maxMailsPerNetwork: number;
  /** To one address. Not below the limit above, so that one network cannot block an address for all others. */
  readonly maxMailsPerAddress: number;
  /** From one network, to all addresses together. */
  readonly maxMailsFromNetwork: number;
  readonly windowMs: number;
};

export type SentMail = {
  readonly sentAt: Date;
  /** null when it is not known. */
  readonly network: string | null;
};

/**
 * How long an address has to wait for its next mail, in milliseconds; 0 when it may be sent at once.
 * @param sent mails to the address, newest first; at least those of the window, or `maxMailsPerAddress` of them.
 * @param network of the request; null counts against the limit of the address alone.
 */
export function mailWaitMs(
  sent: readonly SentMail[],
  limits: Omit<MailLimits, 'maxMailsFromNetwork'>,
  network: string | null,
  now: Date,
): number {
  const fromNetwork = network === null ? [] : sent.filter((mail) => mail.network === network);
  // The mails that have to leave the window before there is room for another one.
  const blocking = [sent[limits.maxMailsPerAddress - 1], fromNetwork[limits.maxMailsPerNetwork - 1]];
  return Math.max(0, ...blocking.map((mail) => leavesWindowMs(mail?.sentAt, limits, now)));
}

/**
 * The same for the next mail that a network requests, to whatever address.
 * @param blocking when the mail was requested that is `maxMailsFromNetwork` back from now, if there is one.
 */
export function networkWaitMs(
  blocking: Date | undefined,
  limits: Pick<MailLimits, 'windowMs'>,
  now: Date,
): number {
  return Math.max(0, leavesWindowMs(blocking, limits, now));
}

function leavesWindowMs(
  sentAt: Date | undefined,
  { windowMs }: Pick<MailLimits, 'windowMs'>,
  now: Date,
): number {
  return sentAt === undefined ? 0 : sentAt.getTime() + windowMs - now.getTime();
}
