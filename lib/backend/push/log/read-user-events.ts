import {
  compareStreamIds,
  decodeEventId,
  encodeEventId,
  formatStreamId,
  parseStreamId,
} from '../../domain/log-position.ts';
import { type ClientEventEntry, readEntry } from './entry.ts';
import { type PushLog, readList, readLogState, readText, run, script } from './log.ts';
import { userPositions } from './user-positions.ts';

/** Bounds of one page; a reader asks for the next page after the last event until it has the head. */
const pageEvents = 200;
const pageBytes = 1024 * 1024;

export type UserEvents = {
  /** Whether the log still has everything after that event; if not, `events` is empty. */
  found: boolean;
  events: ClientEventEntry[];
  /**
   * The user's newest event, or, for a user without one, the log's newest position: all later events can be read
   * after it.
   */
  headEventId: string;
};

// KEYS 3 the user's positions.
// ARGV 2 stream id to read after, or '' for the head alone, 3 how many events, 4 how many bytes of payload.
// Returns {epoch, floor, head, user's head or '', whether the id was issued as an event id 0/1, whether an event after
// it was trimmed 0/1, entries}.
//
// Issued as event ids are the user's events, and for users without one the log's head.
const readScript = script(`${userPositions}
local epoch, floor = log_state()
local last = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
local head = last and last[1] or floor
make_list(KEYS[3])
local user_head = redis.call('LINDEX', KEYS[3], -1) or ''
local after = ARGV[2]
if after == '' then
  return {epoch, floor, head, user_head, 0, 0, {}}
end
local positions = redis.call('LRANGE', KEYS[3], 0, -1)
local first = #positions + 1
while first > 1 and is_after(positions[first - 1], after) do
  first = first - 1
end
local issued = 0
if after == floor or positions[first - 1] == after or #redis.call('XRANGE', KEYS[2], after, after) == 1 then
  issued = 1
end
local entries = {}
local bytes = 0
for at = first, math.min(#positions, first + tonumber(ARGV[3]) - 1) do
  local entry = redis.call('XRANGE', KEYS[2], positions[at], positions[at])[1]
  if not entry then
    return {epoch, floor, head, user_head, issued, 1, {}}
  end
  for _, value in ipairs(entry[2]) do
    bytes = bytes + #value
  end
  if #entries > 0 and bytes > tonumber(ARGV[4]) then
    break
  end
  entries[#entries + 1] = entry
end
return {epoch, floor, head, user_head, issued, 0, entries}
`);

/**
 * A page of one user's events after one of them, in order.
 * @param afterEventId empty to read the head alone; `found` is then false.
 * @throws PushLogUnavailable
 */
export async function readUserEvents(
  log: PushLog,
  userId: string,
  afterEventId: string,
): Promise<UserEvents> {
  const after = decodeEventId(afterEventId);
  const afterId = after === undefined ? '' : formatStreamId(after.id);
  const reply = await run(log, readScript, [log.userKey(userId)], [afterId, pageEvents, pageBytes]);
  const state = readLogState(reply);
  const userHead = readText(reply[3]);
  const headEventId = encodeEventId({
    epoch: state.epoch,
    id: userHead === '' ? state.head : parseStreamId(userHead),
  });

  const nothing = { found: false, events: [], headEventId };
  const [issued, trimmed] = [reply[4] === 1, reply[5] === 1];
  if (after?.epoch !== state.epoch || !issued || trimmed) return nothing;
  const entries = readList(reply[6]).map(readEntry);
  const events = entries.filter((entry) => entry.kind === 'client_event');
  if (events.length < entries.length) return nothing;
  // The user's list is bounded: where it has dropped events, the predecessor of its first one lies after the
  // position.
  const predecessor = events[0]?.prev;
  if (predecessor !== undefined && compareStreamIds(predecessor, after.id) > 0) return nothing;
  return { found: true, events, headEventId };
}
