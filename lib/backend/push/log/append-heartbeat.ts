import { type PushLog, run, script } from './log.ts';

// ARGV 2 interval (ms).
// Returns {appended 0/1, milliseconds until the next one is due}.
const appendScript = script(`
local epoch, _, now_ms = log_state()
local interval = tonumber(ARGV[2])
local passed = now_ms - tonumber(redis.call('HGET', KEYS[1], 'heartbeat_at_ms') or 0)
if passed >= 0 and passed < interval then
  return {0, interval - passed}
end
local now = string.format('%.0f', now_ms)
redis.call('XADD', KEYS[2], '*', 'kind', 'heartbeat', 'epoch', epoch, 'timestamp_ms', now)
redis.call('HSET', KEYS[1], 'heartbeat_at_ms', now)
return {1, interval}
`);

/**
 * Appends a heartbeat unless any process appended one less than `intervalMs` ago. Replicas that call again after
 * `nextInMs` write one heartbeat per interval together.
 * @throws PushLogUnavailable
 */
export async function appendHeartbeat(
  log: PushLog,
  intervalMs: number,
): Promise<{ appended: boolean; nextInMs: number }> {
  const [appended, nextInMs] = await run(log, appendScript, [], [intervalMs]);
  return { appended: appended === 1, nextInMs: typeof nextInMs === 'number' ? nextInMs : intervalMs };
}
