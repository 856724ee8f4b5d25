// Since when it is not known whether a session that has open streams is still active. Pure.
//
// Revocations come through the push log. What was appended before `coveredUntil` has been handled, so a session that
// was active when it was looked up is active still, unless
//  - the log is stale: `coveredUntil` lies more than `staleAfterMs` back. Doubt begins when it has become stale, and
//    for a session that was looked up later, with that look-up;
//  - there was a gap: what lay in it is lost. Doubt begins with the gap, or earlier if the log was stale by then, for
//    sessions whose last look-up began before the gap.
// All times are milliseconds on one monotonic scale.

export type Gap = {
  readonly at: number;
  /** When doubt began about the sessions that were not looked up after it. */
  readonly doubtSince: number;
};

export type Coverage = {
  readonly coveredUntil: number;
  readonly staleAfterMs: number;
  /** In the order in which they came. */
  readonly gaps: readonly Gap[];
};

export function gapAt(now: number, { coveredUntil, staleAfterMs }: Omit<Coverage, 'gaps'>): Gap {
  return { at: now, doubtSince: Math.min(now, coveredUntil + staleAfterMs) };
}

/** @returns undefined while there is no doubt. */
export function doubtSince(verifiedAt: number, now: number, coverage: Coverage): number | undefined {
  const staleSince = coverage.coveredUntil + coverage.staleAfterMs;
  // The first gap that the look-up did not come after reaches back the farthest.
  const gap = coverage.gaps.find(({ at }) => verifiedAt <= at);
  const since = Math.min(
    gap?.doubtSince ?? Number.POSITIVE_INFINITY,
    now > staleSince ? staleSince : Number.POSITIVE_INFINITY,
  );
  return since === Number.POSITIVE_INFINITY ? undefined : Math.max(since, verifiedAt);
}

/** Whether a look-up would tell more than the last one did: not right after it while the log stays stale. */
export function worthLookingUp(
  verifiedAt: number,
  now: number,
  { coveredUntil, staleAfterMs, gaps }: Coverage,
  againAfterMs: number,
): boolean {
  if (gaps.some(({ at }) => verifiedAt <= at)) return true;
  const staleSince = coveredUntil + staleAfterMs;
  return now > staleSince && (verifiedAt <= staleSince || now - verifiedAt >= againAfterMs);
}
