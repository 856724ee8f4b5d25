import { type PushLog, run, script } from './log.ts';

/** Bounds how long one call keeps Redis busy. */
const batch = 500;

// ARGV 2 retention (ms), 3 maximum number of entries.
// Returns {number of trimmed entries}. The floor becomes the id of the last one.
const trimScript = script(`
local _, _, now_ms = log_state()
local newest = string.format('%.0f', now_ms - tonumber(ARGV[2]) - 1)
local old = redis.call('XRANGE', KEYS[2], '-', newest, 'COUNT', ARGV[3])
if #old > 0 then
  redis.call('HSET', KEYS[1], 'floor', old[#old][1])
  redis.call('XTRIM', KEYS[2], 'MAXLEN', redis.call('XLEN', KEYS[2]) - #old)
end
return {#old}
`);

/**
 * Removes all entries that were appended more than `retentionMs` ago. Any number of replicas may do it.
 * @returns how many were removed.
 * @throws PushLogUnavailable
 */
export async function trimOlderThan(log: PushLog, retentionMs: number): Promise<number> {
  for (let total = 0; ; ) {
    const [trimmed] = await run(log, trimScript, [], [retentionMs, batch]);
    if (typeof trimmed !== 'number') throw new TypeError('trimming the push log did not return a number');
    total += trimmed;
    if (trimmed < batch) return total;
  }
}
