// Where a consumer is in its stream: the id of the newest entry such that it and everything before it has taken effect.
// Kept in Redis under the consumer's own key.
//
// An offset is trusted only while the stream can be the one that it was taken from: the entry at the offset is there
// (trim.ts never cuts it), or nothing up to it is, since entries were lost. Any other has strayed: Redis came back
// emptied or older, or the stream was made again under a clock that is behind. Then only the beginning of the stream
// is sure to leave nothing out; what comes a second time is known by its id.
import type { RedisCommands } from '../redis/commands.ts';
import { compareEntryIds, entryTimeMs, streamStart } from './entry.ts';

/** A stream that one consumer reads, and the key under which the consumer stores its offset. */
export type ConsumedStream = { readonly stream: string; readonly offsetKey: string };

export type ConsumerStream = ConsumedStream & { readonly name: string };

/**
 * For Lua scripts. `known(text)`: the text, if it is an id; nil when there is none, and for anything else, which only a
 * person's hand can have written. `comesBefore(a, b)`: of two ids. `holds(stream, id)`: whether no entry of the stream
 * lies before this one without it being there.
 */
export const offsetFunctions = `
local function parts(id)
  local ms, number = string.match(id or '', '^(%d+)-(%d+)$')
  if ms and #ms <= 15 and #number <= 15 then return tonumber(ms), tonumber(number) end
end
local function known(text)
  if parts(text) then return text end
end
local function comesBefore(a, b)
  local aMs, aNumber = parts(a)
  local bMs, bNumber = parts(b)
  return aMs < bMs or (aMs == bMs and aNumber < bNumber)
end
local function holds(stream, id)
  local newest = redis.call('XREVRANGE', stream, id, '-', 'COUNT', 1)[1]
  return not newest or newest[1] == id
end
`;

// KEYS 1 the offset, 2 the stream. ARGV 1 the entry that the offset moves to, 2 where reading went on from.
// Gives 1 when the offset stands there or further, 0 when the stream is not the one that was read from.
const advanceScript = `${offsetFunctions}
if not holds(KEYS[2], ARGV[2]) then return 0 end
local current = known(redis.call('GET', KEYS[1]))
if not current or comesBefore(current, ARGV[1]) then redis.call('SET', KEYS[1], ARGV[1]) end
return 1
`;

/**
 * Moves the offset forwards, and never back: so does a process that works on although another has taken over no harm.
 * @returns false, without a change, when the stream is not the one any more that was read from `move.from` on.
 */
export async function advanceOffset(
  redis: RedisCommands,
  { stream, offsetKey }: ConsumedStream,
  move: { from: string; to: string },
): Promise<boolean> {
  return (await redis.call('EVAL', advanceScript, 2, offsetKey, stream, move.to, move.from)) === 1;
}

// KEYS 1 the offset, ARGV 1 what it was seen to be.
const forgetScript = `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 0
`;

/** Forgets an offset that has strayed, unless it has changed meanwhile. */
export async function forgetOffset(redis: RedisCommands, offsetKey: string, seen: string): Promise<void> {
  await redis.call('EVAL', forgetScript, 1, offsetKey, seen);
}

/** How a stream stands to the offset of its consumer. */
export type StreamState = {
  /** undefined while there is none. */
  readonly offset: string | undefined;
  /** The offset is none of this stream's. */
  readonly strayed: boolean;
  /** Entries were gone before they took effect: somebody else cut the stream, or deleted from it. */
  readonly lost: boolean;
  /** How old the oldest entry past the offset is, in milliseconds; 0 when there is none. Without an offset: the oldest. */
  readonly oldestUnprocessedAgeMs: number;
};

// KEYS 1 the offset, 2 the stream. Only reads, so that a replica can answer it, too.
// Gives {offset, last id that the stream generated, its first entry's id, 1 when the offset can be of this stream,
// id of the first entry past the offset, time in ms}; what there is none of is ''.
const stateScript = `${offsetFunctions}
local offset = known(redis.call('GET', KEYS[1]))
local last = '${streamStart}'
if redis.call('EXISTS', KEYS[2]) == 1 then
  local info = redis.call('XINFO', 'STREAM', KEYS[2])
  for at = 1, #info, 2 do
    if info[at] == 'last-generated-id' then last = info[at + 1] end
  end
end
local function firstFrom(id)
  local entry = redis.call('XRANGE', KEYS[2], id, '+', 'COUNT', 1)[1]
  return entry and entry[1] or ''
end
local held = offset and holds(KEYS[2], offset)
local time = redis.call('TIME')
return {
  offset or '', last, firstFrom('-'), held and 1 or 0, held and firstFrom('(' .. offset) or '',
  string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)),
}
`;

export async function readStreamState(
  redis: RedisCommands,
  { stream, offsetKey }: ConsumedStream,
): Promise<StreamState> {
  const reply = await redis.call('EVAL', stateScript, 2, offsetKey, stream);
  const [offset, last, first, held, next, nowMs] = reply as [string, string, string, number, string, string];
  const trusted = offset !== '' && held === 1 && compareEntryIds(offset, last) <= 0;
  const oldest = trusted ? next : first;
  return {
    offset: offset === '' ? undefined : offset,
    strayed: offset !== '' && !trusted,
    // A stream that holds nothing may have lost what came after the offset.
    lost: trusted && compareEntryIds(first === '' ? last : first, offset) > 0,
    oldestUnprocessedAgeMs: oldest === '' ? 0 : Math.max(0, Number(nowMs) - entryTimeMs(oldest)),
  };
}
