// Keeps a stream short without taking anything from those who consume it.
import type { Redis } from '../redis/client.ts';
import { offsetFunctions } from './offset.ts';

/** How long entries stay that every consumer has done with, for people who look at them. */
export const keptMs = 24 * 3_600_000;
/** Bounds how long one call keeps Redis busy. */
const trimmedAtOnce = 1_000;

// KEYS 1 the stream, then the offset of each of its consumers. ARGV 1 how long entries stay (ms), 2 how many may go.
// Gives the number of entries that went. Only whole nodes of the stream go, so some that may go stay.
const trimScript = `${offsetFunctions}
local time = redis.call('TIME')
local cut = string.format('%.0f-0', math.max(0, time[1] * 1000 - tonumber(ARGV[1])))
for at = 2, #KEYS do
  local offset = known(redis.call('GET', KEYS[at]))
  if not offset or not holds(KEYS[1], offset) then return 0 end
  if comesBefore(offset, cut) then cut = offset end
end
return redis.call('XTRIM', KEYS[1], 'MINID', '~', cut, 'LIMIT', ARGV[2])
`;

/**
 * Removes the entries that are older than `keptMs` and lie before the offsets of all consumers of the stream; never one
 * at an offset, and none at all while an offset is missing or has strayed. Any number of replicas may do it.
 * @param offsetKeys of everybody who consumes the stream.
 * @returns how many were removed.
 */
export async function trimStream(
  redis: Redis,
  { stream, offsetKeys }: { stream: string; offsetKeys: readonly string[] },
  olderThanMs: number,
): Promise<number> {
  const keys = [stream, ...offsetKeys];
  for (let total = 0; ; ) {
    const trimmed = await redis.eval(trimScript, keys.length, ...keys, olderThanMs, trimmedAtOnce);
    if (typeof trimmed !== 'number') throw new TypeError('trimming a stream gave no number');
    total += trimmed;
    if (trimmed === 0) return total;
  }
}
