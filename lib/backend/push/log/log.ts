// The push log in Redis: the events of all users, in one order. This file holds what the other files of this folder
// share: keys, running scripts, and the log's epoch. See docs/push.md for keys and guarantees.
//
// Every operation on the log is one Lua script, so it is atomic and sees one state of the log. All keys carry one hash
// tag and are in one slot of a Redis Cluster. The clock is Redis's own.
import { type LogState, parseStreamId } from '../../domain/log-position.ts';

export type PushLog = {
  /** Runs a script on Redis; `parts` are what EVAL takes after it. */
  readonly evaluate: (lua: string, parts: readonly ScriptPart[]) => Promise<unknown>;
  /** Hash: `epoch`, `floor` (id of the newest entry that was trimmed), `heartbeat_at_ms`. */
  readonly epochKey: string;
  /** Stream: every entry, in the order in which gateways receive them. */
  readonly globalKey: string;
  /** List: the ids that one user's events have in the global stream, in order. */
  userKey(userId: string): string;
  /** String: the position of the first append with this idempotency key for this recipient. */
  onceKey(userId: string, idempotencyKey: string): string;
};

export type ScriptPart = string | number | Buffer;

/** @param evaluate how scripts run; binary-log.ts and text-log.ts provide one each. */
export function pushLogThrough(evaluate: PushLog['evaluate']): PushLog {
  // The hash tag that all keys of the log share.
  const prefix = '{backend:push}';
  return {
    evaluate,
    epochKey: `${prefix}:life`,
    globalKey: `${prefix}:global`,
    userKey: (userId) => `${prefix}:user:${userId.toLowerCase()}`,
    onceKey: (userId, idempotencyKey) => `${prefix}:once:${userId.toLowerCase()}:${idempotencyKey}`,
  };
}

/** Redis failed: unreachable, too slow, read-only, full. Whether the script ran is not known. */
export class PushLogUnavailable extends Error {
  constructor(cause: unknown) {
    super(`the push log is not available: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
    this.name = 'PushLogUnavailable';
  }
}

/** Texts as bytes, or as text where the log was opened for text alone. */
export type Reply = Buffer | string | number | null | Reply[];

/**
 * A script on the log. KEYS 1 is the epoch hash, 2 the global stream, ARGV 1 an epoch for the case that the log is
 * new. It may call `log_state()`, which returns epoch, floor and Redis's time in milliseconds.
 */
export function script(lua: string): string {
  return logState + lua;
}

/**
 * Finds the log's epoch or starts a new one. A new log begins with an empty stream that remembers an id, so that
 * entries get greater ones even if the clock steps back.
 */
const logState = `
local function log_state()
  local time = redis.call('TIME')
  local now = time[1] .. string.format('%03d', math.floor(tonumber(time[2]) / 1000))
  local known = redis.call('HMGET', KEYS[1], 'epoch', 'floor')
  if known[1] and known[2] then
    return known[1], known[2], tonumber(now)
  end
  local floor = now .. '-0'
  redis.call('DEL', KEYS[2])
  redis.call('XADD', KEYS[2], floor, 'kind', 'start')
  redis.call('XTRIM', KEYS[2], 'MAXLEN', 0)
  redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'floor', floor)
  redis.call('HDEL', KEYS[1], 'heartbeat_at_ms')
  return ARGV[1], floor, tonumber(now)
end
`;

/** @throws PushLogUnavailable */
export async function run(
  log: PushLog,
  lua: string,
  moreKeys: readonly string[],
  moreArguments: readonly ScriptPart[],
): Promise<Reply[]> {
  const keys = [log.epochKey, log.globalKey, ...moreKeys];
  try {
    return (await log.evaluate(lua, [keys.length, ...keys, newEpoch(), ...moreArguments])) as Reply[];
  } catch (error) {
    throw new PushLogUnavailable(error);
  }
}

/** 16 hexadecimal digits. */
function newEpoch(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function readText(reply: Reply | undefined): string {
  if (typeof reply === 'string') return reply;
  if (!Buffer.isBuffer(reply))
    throw new TypeError('a script of the push log did not return a text where one was expected');
  return reply.toString('utf8');
}

export function readList(reply: Reply | undefined): Reply[] {
  if (!Array.isArray(reply))
    throw new TypeError('a script of the push log did not return a list where one was expected');
  return reply;
}

/** The texts epoch, floor, head → the log's state. */
export function readLogState([epoch, floor, head]: readonly Reply[]): LogState {
  return {
    epoch: readText(epoch),
    floor: parseStreamId(readText(floor)),
    head: parseStreamId(readText(head)),
  };
}
