// Since when a session that has open streams is unverified: the gateway does not know whether it is still active.
//
// Revocations come through the push log. Everything that was appended before `coveredUntil` has been handled, so a
// session that was active at its last look-up is still active, unless
//  - the log is stale: `coveredUntil` lies more than `staleAfterMs` back. Sessions are unverified from the moment at
//    which the log became stale; a session that was looked up later, from that look-up on;
//  - there was a gap: the entries in it are lost. Sessions whose last look-up began before the gap are unverified from
//    the gap on, or earlier if the log was already stale.
// All times are milliseconds on one monotonic scale.

export type Gap = {
  readonly at: number;
  /** Since when the sessions that were not looked up after the gap are unverified. */
  readonly unverifiedSince: number;
};

export type Coverage = {
  readonly coveredUntil: number;
  readonly staleAfterMs: number;
  /** In order of time. */
  readonly gaps: readonly Gap[];
};

export function gapAt(now: number, { coveredUntil, staleAfterMs }: Omit<Coverage, 'gaps'>): Gap {
  return { at: now, unverifiedSince: Math.min(now, coveredUntil + staleAfterMs) };
}

/** @returns undefined while the session counts as verified. */
export function unverifiedSince(verifiedAt: number, now: number, coverage: Coverage): number | undefined {
  const staleSince = coverage.coveredUntil + coverage.staleAfterMs;
  // The first gap after the look-up reaches back the farthest.
  const gap = coverage.gaps.find(({ at }) => verifiedAt <= at);
  const since = Math.min(
    gap?.unverifiedSince ?? Number.POSITIVE_INFINITY,
    now > staleSince ? staleSince : Number.POSITIVE_INFINITY,
  );
  return since === Number.POSITIVE_INFINITY ? undefined : Math.max(since, verifiedAt);
}

/** Whether another look-up is useful: not right after the last one while the log stays stale. */
export function needsLookUp(
  verifiedAt: number,
  now: number,
  { coveredUntil, staleAfterMs, gaps }: Coverage,
  againAfterMs: number,
): boolean {
  if (gaps.some(({ at }) => verifiedAt <= at)) return true;
  const staleSince = coveredUntil + staleAfterMs;
  return now > staleSince && (verifiedAt <= staleSince || now - verifiedAt >= againAfterMs);
}
