const firstBoundMs = 200;
const longestBoundMs = 30_000;

/** The longest pause after this number of failures in a row: 0.2 s, doubling up to 30 s. */
export function backoffBoundMs(failures: number): number {
  return Math.min(firstBoundMs * 2 ** Math.min(Math.max(failures, 0), 30), longestBoundMs);
}

/**
 * The pause before the next attempt, with full jitter: between zero and the bound, so that gateways which lost the same
 * server do not reconnect at the same moment.
 * @param random in [0, 1).
 */
export function backoffMs(failures: number, random: number): number {
  return random * backoffBoundMs(failures);
}
