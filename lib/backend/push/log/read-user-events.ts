import {
  compareStreamIds,
  decodeEventId,
  encodeEventId,
  formatStreamId,
  nextStreamId,
  parseStreamId,
} from '../../domain/log-position.ts';
import { type ClientEventEntry, readEntry } from './entry.ts';
import { type PushLog, readList, readLogState, readText, run, script } from './log.ts';

/** One answer's bounds; whoever reads asks again after the last event until it has the head. */
const pageEvents = 200;
const pageBytes = 1024 * 1024;

export type UserEvents = {
  /** Whether everything after that event is still there; if not, `events` is empty. */
  found: boolean;
  events: ClientEventEntry[];
  /**
   * The user's newest event, or, for a user without one, the log's newest place: in either case the id after which
   * everything that is yet to come can be read.
   */
  headEventId: string;
};

// KEYS 3 the user's stream.
// ARGV 2 position to read after, or '' for the head alone, 3 the smallest position after it, 4 how many events,
// 5 how many bytes of payload.
// Gives {epoch, floor, head, user's head or '', whether that position is one that was given out 0/1, whether an
// event after it is gone 0/1, entries}.
//
// The positions that are given out as event ids: the user's events, and for users without one the log's head.
const readScript = script(`
local epoch, floor = life()
local last = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
local head = last and last[1] or floor
local user_last = redis.call('XREVRANGE', KEYS[3], '+', '-', 'COUNT', 1)[1]
local user_head = user_last and user_last[1] or ''
local after = ARGV[2]
if after == '' then
  return {epoch, floor, head, user_head, 0, 0, {}}
end
local given = 0
if after == floor or #redis.call('XRANGE', KEYS[3], after, after) == 1
  or #redis.call('XRANGE', KEYS[2], after, after) == 1 then
  given = 1
end
local entries = {}
local bytes = 0
for _, place in ipairs(redis.call('XRANGE', KEYS[3], ARGV[3], '+', 'COUNT', ARGV[4])) do
  local entry = redis.call('XRANGE', KEYS[2], place[1], place[1])[1]
  if not entry then
    return {epoch, floor, head, user_head, given, 1, {}}
  end
  for _, value in ipairs(entry[2]) do
    bytes = bytes + #value
  end
  if #entries > 0 and bytes > tonumber(ARGV[5]) then
    break
  end
  entries[#entries + 1] = entry
end
return {epoch, floor, head, user_head, given, 0, entries}
`);

/**
 * A page of one user's events after one of them, in order.
 * @param afterEventId empty to learn the head alone; `found` is then false.
 * @throws PushLogUnavailable
 */
export async function readUserEvents(
  log: PushLog,
  userId: string,
  afterEventId: string,
): Promise<UserEvents> {
  const after = decodeEventId(afterEventId);
  const bounds =
    after === undefined
      ? ['', '']
      : [formatStreamId(after.position), formatStreamId(nextStreamId(after.position))];
  const reply = await run(log, readScript, [log.userKey(userId)], [...bounds, pageEvents, pageBytes]);
  const state = readLogState(reply);
  const userHead = readText(reply[3]);
  const headEventId = encodeEventId({
    epoch: state.epoch,
    position: userHead === '' ? state.head : parseStreamId(userHead),
  });

  const nothing = { found: false, events: [], headEventId };
  const [given, gone] = [reply[4] === 1, reply[5] === 1];
  if (after?.epoch !== state.epoch || !given || gone) return nothing;
  const entries = readList(reply[6]).map(readEntry);
  const events = entries.filter((entry) => entry.kind === 'client_event');
  if (events.length < entries.length) return nothing;
  // Events that the user's stream no longer lists show as a predecessor that lies after the place.
  const predecessor = events[0]?.prev;
  if (predecessor !== undefined && compareStreamIds(predecessor, after.position) > 0) return nothing;
  return { found: true, events, headEventId };
}
