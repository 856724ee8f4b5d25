// Trims a stream without removing anything that a consumer still needs.
import type { Redis } from '../redis/client.ts';
import { offsetFunctions } from './offset.ts';

/** How long entries stay after every consumer has handled them, for people who inspect them. */
export const retentionMs = 24 * 3_600_000;
/** Bounds how long one call occupies Redis. */
const trimmedAtOnce = 1_000;

// KEYS 1 the stream, then the offset of each of its consumers. ARGV 1 how long entries stay (ms), 2 how many may go.
// Returns the number of removed entries. Redis removes whole nodes of a stream only, so some old entries may stay.
const trimScript = `${offsetFunctions}
local time = redis.call('TIME')
local cut = string.format('%.0f-0', math.max(0, time[1] * 1000 - tonumber(ARGV[1])))
for at = 2, #KEYS do
  local offset = validId(redis.call('GET', KEYS[at]))
  if not offset or not matches(KEYS[1], offset) then return 0 end
  if comesBefore(offset, cut) then cut = offset end
end
return redis.call('XTRIM', KEYS[1], 'MINID', '~', cut, 'LIMIT', ARGV[2])
`;

/**
 * Removes the entries that are older than `olderThanMs` and before the offsets of all consumers of the stream; never an
 * entry at an offset, and none at all while an offset is missing or invalid. Any number of replicas may do it.
 * @param offsetKeys of all consumers of the stream.
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
    if (typeof trimmed !== 'number') throw new TypeError('trimming a stream did not return a number');
    total += trimmed;
    if (trimmed === 0) return total;
  }
}
