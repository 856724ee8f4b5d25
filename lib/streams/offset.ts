// Where a consumer is in its stream: the id of the newest entry such that it and everything before it has taken effect.
// Kept in Redis under the consumer's own key.
import type { Redis } from '../redis/client.ts';
import { compareEntryIds, entryTimeMs, readEntry, streamStart } from './entry.ts';

export type StreamPlace = { readonly stream: string; readonly offsetKey: string };

// KEYS 1 the offset, ARGV 1 the new one. Gives 1 when it was written, 0 when a later one stands there already.
const advanceScript = `
local function parts(id)
  local ms, number = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(number)
end
local current = redis.call('GET', KEYS[1])
if current then
  local ms, number = parts(current)
  local newMs, newNumber = parts(ARGV[1])
  if ms and (newMs < ms or (newMs == ms and newNumber <= number)) then return 0 end
end
redis.call('SET', KEYS[1], ARGV[1])
return 1
`;

/** Moves the offset forwards; a process that works on although another has taken over cannot move it back. */
export async function advanceOffset(redis: Redis, offsetKey: string, entryId: string): Promise<void> {
  await redis.eval(advanceScript, 1, offsetKey, entryId);
}

// KEYS 1 the offset, ARGV 1 what it was seen to be.
const forgetScript = `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 0
`;

/** Forgets an offset that points beyond its stream, unless it has changed meanwhile. */
export async function forgetOffset(redis: Redis, offsetKey: string, seen: string): Promise<void> {
  await redis.eval(forgetScript, 1, offsetKey, seen);
}

/** How a stream stands to the offset of its consumer. */
export type StreamState = {
  /** undefined while there is none. */
  readonly offset: string | undefined;
  /** Entries that were gone before they took effect: the stream was cut, or entries of it deleted, by somebody else. */
  readonly lost: boolean;
  /** The offset lies beyond everything that the stream ever held: Redis came back empty or older. */
  readonly beyondEnd: boolean;
  /** How old the oldest entry past the offset is, in milliseconds; 0 when there is none. */
  readonly oldestUnprocessedAgeMs: number;
};

/** Rests on trimming that never cuts the entry at an offset: see trim.ts. */
export async function readStreamState(
  redis: Redis,
  { stream, offsetKey }: StreamPlace,
): Promise<StreamState> {
  const offset = await readOffset(redis, offsetKey);
  const from = offset ?? streamStart;
  const [lastId, [first], [next], [seconds]] = await Promise.all([
    lastGeneratedId(redis, stream),
    redis.xrange(stream, '-', '+', 'COUNT', 1),
    redis.xrange(stream, `(${from}`, '+', 'COUNT', 1),
    redis.time(),
  ]);
  const firstId = first?.[0];
  return {
    offset,
    lost:
      offset !== undefined &&
      (firstId === undefined ? compareEntryIds(lastId, offset) > 0 : compareEntryIds(firstId, offset) > 0),
    beyondEnd: offset !== undefined && compareEntryIds(offset, lastId) > 0,
    oldestUnprocessedAgeMs:
      next === undefined ? 0 : Math.max(0, Number(seconds) * 1_000 - entryTimeMs(readEntry(next).id)),
  };
}

/** Anything that is no id, which nobody but a person's hand can have written, counts as none. */
export async function readOffset(redis: Redis, offsetKey: string): Promise<string | undefined> {
  const text = await redis.get(offsetKey);
  return text !== null && /^\d{1,15}-\d{1,15}$/.test(text) ? text : undefined;
}

async function lastGeneratedId(redis: Redis, stream: string): Promise<string> {
  try {
    const reply = (await redis.xinfo('STREAM', stream)) as unknown[];
    const at = reply.indexOf('last-generated-id');
    return String(reply[at + 1]);
  } catch (error) {
    if (error instanceof Error && error.message.includes('no such key')) return streamStart;
    throw error;
  }
}
