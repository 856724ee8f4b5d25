import {
  faultOf,
  formatStreamId,
  type LogState,
  nextStreamId,
  type Place,
  type PositionFault,
} from '../../domain/log-position.ts';
import { type LogEntry, readEntry } from './entry.ts';
import { type PushLog, readList, readLogState, run, script } from './log.ts';

export type GlobalPage = {
  state: LogState;
  /** Why the log cannot be read on from that place; `entries` is then empty. */
  fault: PositionFault | undefined;
  entries: LogEntry[];
};

// ARGV 2 position to read after, or '' for the state alone, 3 the smallest position after it, 4 how many entries.
// Gives {epoch, floor, head, whether an entry is at that position 0/1, entries}.
const readScript = script(`
local epoch, floor = life()
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
 * Up to `count` entries after a place, in order.
 * @throws PushLogUnavailable
 */
export async function readGlobal(log: PushLog, after: Place, count: number): Promise<GlobalPage> {
  const position = formatStreamId(after.position);
  const next = formatStreamId(nextStreamId(after.position));
  const reply = await run(log, readScript, [], [position, next, count]);
  const state = readLogState(reply);
  const fault = faultOf(after, state, reply[3] === 1);
  return { state, fault, entries: fault === undefined ? readList(reply[4]).map(readEntry) : [] };
}
