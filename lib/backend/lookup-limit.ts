// How often a user may look up other players. Kept in this process alone, in a table whose size never changes: every
// replica counts for itself.
import type { Rate } from '../config/types.ts';
import { TokenBuckets } from '../rate-limit/token-buckets.ts';

/**
 * @param now milliseconds of a clock that never goes back.
 * @returns counts a look-up; how long the user has to wait with it, in milliseconds, 0 when it may be now.
 */
export function createLookupLimit(
  rate: Rate | 'off',
  now: () => number = () => performance.now(),
): (userId: string) => number {
  if (rate === 'off') return () => 0;
  const buckets = new TokenBuckets(rate, crypto.getRandomValues(new Uint8Array(8)));
  return (userId) => buckets.take(userId, now());
}
