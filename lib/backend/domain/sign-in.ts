// The rules of signing in by e-mail code. Every request for a code creates a challenge of its own, so that a client
// cannot use up another person's attempts. A challenge is alive until it expires, was used, or took `maxAttempts` wrong
// codes. The response for one that is not alive is the same as for one that never existed.
//
// Wrong codes have two budgets more. An address that has used up its own gets longer codes, and is never refused:
// strangers could lock its owner out. A network that has used up its own has to wait, whatever it confirms.
//
// Pure; the caller holds the challenge's row lock, so that attempts made at the same time are judged one by one.

export const codeLifetimeMs = 10 * 60_000;
export const maxAttempts = 5;
const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

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
  /** The device session that proved to have asked for it; null when none did. */
  readonly knownDeviceSessionId: string | null;
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

/** How many wrong codes there may be before an address gets longer codes, and a network has to wait. */
export type WrongCodeLimits = {
  /** Within a day, for all challenges of the address. */
  readonly maxWrongCodesPerAddress: number;
  /** Within an hour, for all addresses. */
  readonly maxWrongCodesPerNetwork: number;
};

export const wrongCodeWindowsMs = { address: dayMs, network: hourMs };

/** No rule asks for wrong codes that are older. */
export const wrongCodesKeptMs = dayMs;

/**
 * How long it takes until there is room for one more of something that may happen `max` times within a window; 0 when
 * there is room now.
 * @param oldest when the `max`th latest of them happened; undefined when there were fewer.
 */
export function waitForRoomMs(oldest: Date | undefined, windowMs: number, now: Date): number {
  return oldest === undefined ? 0 : Math.max(0, oldest.getTime() + windowMs - now.getTime());
}

/** How far the clock of a device may be from the backend's when it proves that it has signed in before. */
const knownDeviceSkewMs = 5 * 60_000;

export function isKnownDeviceProofFresh(timestampMs: number, now: Date): boolean {
  return Math.abs(timestampMs - now.getTime()) <= knownDeviceSkewMs;
}

/** How many mails may be requested within any window. */
export type MailLimits = {
  /** To one address from one network. */
  readonly maxMailsPerNetwork: number;
  /** To one address. Not below the limit above, so that one network cannot block an address for all others. */
  readonly maxMailsPerAddress: number;
  /** From one network, to all addresses together. */
  readonly maxMailsFromNetwork: number;
  /** Requested by one device that has signed in to the account of the address; these count for it alone. */
  readonly maxMailsPerKnownDevice: number;
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
  limits: Pick<MailLimits, 'maxMailsPerNetwork' | 'maxMailsPerAddress' | 'windowMs'>,
  network: string | null,
  now: Date,
): number {
  const fromNetwork = network === null ? [] : sent.filter((mail) => mail.network === network);
  // The mails that have to leave the window before there is room for another one.
  const blocking = [sent[limits.maxMailsPerAddress - 1], fromNetwork[limits.maxMailsPerNetwork - 1]];
  return Math.max(...blocking.map((mail) => waitForRoomMs(mail?.sentAt, limits.windowMs, now)));
}
