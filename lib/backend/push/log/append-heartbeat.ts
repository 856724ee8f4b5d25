import { type PushLog, run, script } from './log.ts';

// ARGV 2 interval (ms).
// Returns {appended 0/1, milliseconds until the next one is due, Redis's time in milliseconds}.
const appendScript = script(`
local epoch, _, now_ms = log_state()
local interval = tonumber(ARGV[2])
local passed = now_ms - tonumber(redis.call('HGET', KEYS[1], 'heartbeat_at_ms') or 0)
if passed >= 0 and passed < interval then
  return {0, interval - passed, now_ms}
end
local now = string.format('%.0f', now_ms)
redis.call('XADD', KEYS[2], '*', 'kind', 'heartbeat', 'epoch', epoch, 'timestamp_ms', now)
redis.call('HSET', KEYS[1], 'heartbeat_at_ms', now)
return {1, interval, now_ms}
`);

/**
 * Appends a heartbeat unless any process appended one less than `intervalMs` ago. Replicas that call again after
 * `nextInMs` write one heartbeat per interval together.
 * @throws PushLogUnavailable
 */
export async function appendHeartbeat(
  log: PushLog,
  intervalMs: number,
): Promise<{ appended: boolean; nextInMs: number; redisMs: number }> {
  const [appended, nextInMs, redisMs] = await run(log, appendScript, [], [intervalMs]);
  if (typeof nextInMs !== 'number' || typeof redisMs !== 'number') {
    throw new TypeError('the script that appends a heartbeat did not return numbers');
  }
  return { appended: appended === 1, nextInMs, redisMs };
}
