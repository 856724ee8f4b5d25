// The offset of a consumer in its stream: the id of the newest entry such that it and everything before it has taken
// effect. Redis stores it under the consumer's own key.
//
// An offset is trusted only while the stream can be the one that it was taken from: either the entry at the offset
// exists (trim.ts never removes it), or no entry up to it does, since entries were lost. Otherwise the offset is
// invalid: Redis came back empty or with older data, or the stream was created again under a clock that is behind. Then
// the consumer begins at the start of the stream, so that nothing is left out; repeats are detected by their ids.
import type { RedisCommands } from '../redis/commands.ts';
import { compareEntryIds, entryTimeMs, streamStart } from './entry.ts';

/** A stream that one consumer reads, and the key under which the consumer stores its offset. */
export type ConsumedStream = { readonly stream: string; readonly offsetKey: string };

export type ConsumerStream = ConsumedStream & { readonly name: string };

/**
 * For Lua scripts. `validId(text)`: the text if it is an id, otherwise nil (only a manual change can have written
 * anything else). `comesBefore(a, b)`: compares two ids. `matches(stream, id)`: whether the stream has the entry `id`,
 * or no entry before it.
 */
export const offsetFunctions = `
local function parts(id)
  local ms, number = string.match(id or '', '^(%d+)-(%d+)$')
  if ms and #ms <= 15 and #number <= 15 then return tonumber(ms), tonumber(number) end
end
local function validId(text)
  if parts(text) then return text end
end
local function comesBefore(a, b)
  local aMs, aNumber = parts(a)
  local bMs, bNumber = parts(b)
  return aMs < bMs or (aMs == bMs and aNumber < bNumber)
end
local function matches(stream, id)
  local newest = redis.call('XREVRANGE', stream, id, '-', 'COUNT', 1)[1]
  return not newest or newest[1] == id
end
`;

// KEYS 1 the offset, 2 the stream. ARGV 1 the entry that the offset moves to, 2 the id after which entries were read.
// Returns 1 when the offset is there or further, 0 when the stream is not the one that was read from.
const advanceScript = `${offsetFunctions}
if not matches(KEYS[2], ARGV[2]) then return 0 end
local current = validId(redis.call('GET', KEYS[1]))
if not current or comesBefore(current, ARGV[1]) then redis.call('SET', KEYS[1], ARGV[1]) end
return 1
`;

/**
 * Moves the offset forwards, and never back, so that a process that continues after another took over does no harm.
 * @returns false, without a change, when the stream is no longer the one that was read after `move.from`.
 */
export async function advanceOffset(
  redis: RedisCommands,
  { stream, offsetKey }: ConsumedStream,
  move: { from: string; to: string },
): Promise<boolean> {
  return (await redis.call('EVAL', advanceScript, 2, offsetKey, stream, move.to, move.from)) === 1;
}

// KEYS 1 the offset, ARGV 1 its value when it was read.
const deleteScript = `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 0
`;

/** Deletes an invalid offset, unless it has changed since it was read. */
export async function deleteOffset(redis: RedisCommands, offsetKey: string, read: string): Promise<void> {
  await redis.call('EVAL', deleteScript, 1, offsetKey, read);
}

/** A stream as its consumer's offset sees it. */
export type StreamState = {
  /** undefined while there is none. */
  readonly offset: string | undefined;
  /** The offset does not belong to this stream. */
  readonly invalid: boolean;
  /** Entries were lost before they took effect: something other than trim.ts trimmed the stream, or deleted from it. */
  readonly lost: boolean;
  /** Age of the oldest entry after the offset, in milliseconds; 0 when there is none. Without an offset: of all. */
  readonly oldestUnprocessedAgeMs: number;
};

// KEYS 1 the offset, 2 the stream. Only reads, so that a read replica can run it, too.
// Returns {offset, last id that the stream generated, its first entry's id, 1 when the offset can be of this stream,
// id of the first entry after the offset, time in ms}, with '' for each that is missing.
const stateScript = `${offsetFunctions}
local offset = validId(redis.call('GET', KEYS[1]))
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
local matching = offset and matches(KEYS[2], offset)
local time = redis.call('TIME')
return {
  offset or '', last, firstFrom('-'), matching and 1 or 0, matching and firstFrom('(' .. offset) or '',
  string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)),
}
`;

export async function readStreamState(
  redis: RedisCommands,
  { stream, offsetKey }: ConsumedStream,
): Promise<StreamState> {
  const reply = await redis.call('EVAL', stateScript, 2, offsetKey, stream);
  const [offset, last, first, matching, next, nowMs] = reply as [
    string,
    string,
    string,
    number,
    string,
    string,
  ];
  const trusted = offset !== '' && matching === 1 && compareEntryIds(offset, last) <= 0;
  const oldest = trusted ? next : first;
  return {
    offset: offset === '' ? undefined : offset,
    invalid: offset !== '' && !trusted,
    // An empty stream may have lost what came after the offset.
    lost: trusted && compareEntryIds(first === '' ? last : first, offset) > 0,
    oldestUnprocessedAgeMs: oldest === '' ? 0 : Math.max(0, Number(nowMs) - entryTimeMs(oldest)),
  };
}
