import {
  faultOf,
  formatStreamId,
  type LogPosition,
  type LogState,
  nextStreamId,
  type PositionFault,
} from '../../domain/log-position.ts';
import { type LogEntry, readEntry } from './entry.ts';
import { type PushLog, readList, readLogState, run, script } from './log.ts';

export type GlobalPage = {
  state: LogState;
  /** Why reading cannot continue from that position; `entries` is then empty. */
  fault: PositionFault | undefined;
  entries: LogEntry[];
};

// ARGV 2 stream id to read after, or '' for the state alone, 3 the smallest id after it, 4 how many entries.
// Returns {epoch, floor, head, whether an entry has that id 0/1, entries}.
const readScript = script(`
local epoch, floor = log_state()
local last = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
local head = last and last[1] or floor
if ARGV[2] == '' then
  return {epoch, floor, head, 0, {}}
end
local exists = #redis.call('XRANGE', KEYS[2], ARGV[2], ARGV[2])
return {epoch, floor, head, exists, redis.call('XRANGE', KEYS[2], ARGV[3], '+', 'COUNT', ARGV[4])}
`);

/** @throws PushLogUnavailable */
export async function readState(log: PushLog): Promise<LogState> {
  return readLogState(await run(log, readScript, [], ['', '', 0]));
}

/**
 * Up to `count` entries after a position, in order.
 * @throws PushLogUnavailable
 */
export async function readGlobal(log: PushLog, after: LogPosition, count: number): Promise<GlobalPage> {
  const id = formatStreamId(after.id);
  const next = formatStreamId(nextStreamId(after.id));
  const reply = await run(log, readScript, [], [id, next, count]);
  const state = readLogState(reply);
  const fault = faultOf(after, state, reply[3] === 1);
  return { state, fault, entries: fault === undefined ? readList(reply[4]).map(readEntry) : [] };
}
