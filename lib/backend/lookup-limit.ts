// Limits how often a user may look up other players. The counts are in this process's memory, in a table of a fixed
// size: every replica counts for itself.
import type { Rate } from '../rate-limit/rate.ts';
import { TokenBuckets } from '../rate-limit/token-buckets.ts';

/**
 * @param now milliseconds of a monotonic clock.
 * @returns a function that counts a look-up and returns how long the user has to wait, in milliseconds; 0 allows it.
 */
export function createLookupLimit(
  rate: Rate | 'off',
  now: () => number = () => performance.now(),
): (userId: string) => number {
  if (rate === 'off') return () => 0;
  const buckets = new TokenBuckets(rate, crypto.getRandomValues(new Uint8Array(8)));
  return (userId) => buckets.take(userId, now());
}
