import { type PushLog, run, script } from './log.ts';

/** Bounds how long one call keeps Redis busy. */
const batch = 500;

// ARGV 2 retention (ms), 3 how many entries at most.
// Gives {number of trimmed entries}. The floor becomes the last one's position.
const trimScript = script(`
local _, _, now_ms = life()
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
    if (typeof trimmed !== 'number') throw new TypeError('trimming the push log gave no number');
    total += trimmed;
    if (trimmed < batch) return total;
  }
}
