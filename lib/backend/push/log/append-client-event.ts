import { isUuid } from '../../../protocol/ids.ts';
import { encodeCursor, encodeEventId, parseStreamId } from '../../domain/log-position.ts';
import { type PushLog, readText, run, script } from './log.ts';
import { userPositions } from './user-positions.ts';

/** Larger than any event of the platform; a queue of a thousand stays within tens of megabytes. */
export const maxEventPayloadBytes = 64 * 1024;

/** A user's list is short: a client that has missed more than this reloads instead. */
export const maxUserEvents = 1_000;

/**
 * How long a user's last event is remembered, so that the chain of predecessors also holds for users who get no events
 * for a long time.
 */
const userPositionsLifetimeMs = 30 * 24 * 3_600_000;

/**
 * An event is appended again when its first append was not recorded in PostgreSQL, which knows the recipients of an
 * intent for longer than outboxes can repeat it: at the next attempt, or when the consumer runs again.
 */
export const repeatsKnownForMs = 24 * 3_600_000;

export type NewClientEvent = {
  recipientUserId: string;
  /** 1 to 256 characters; the same key for the same recipient is the same event. */
  idempotencyKey: string;
  eventType: string;
  /** When it happened, by its producer's clock. */
  timestampMs: number;
  /** JSON in UTF-8, at most `maxEventPayloadBytes`. */
  payload: Uint8Array;
  /** W3C trace context of what caused it. */
  traceparent?: string | undefined;
};

export type AppendedEvent = {
  eventId: string;
  /** Empty for the user's first event. */
  prevEventId: string;
  /** Its position in the global stream. */
  cursor: string;
  /** Whether it had been appended before; the ids are then those of the first append. */
  repeated: boolean;
};

// KEYS 3 the user's positions, 4 what is remembered of this (idempotency key, recipient).
// ARGV 2 user id, 3 event type, 4 timestamp_ms, 5 payload, 6 traceparent, 7 how long repeats are known (ms), 8 how
// long the user's positions live (ms), 9 how many of them there are.
// Returns {repeated 0/1, epoch, stream id, predecessor's stream id or ''}.
//
// The user's positions are trimmed here. The newest one at or below the floor remains, so that a client whose last event
// it was is known to have missed nothing.
const appendScript = script(`${userPositions}
local first = redis.call('GET', KEYS[4])
if first then
  local epoch, id, prev = string.match(first, '^(%S+) (%S+) (%S*)$')
  return {1, epoch, id, prev}
end
local epoch, floor = log_state()
make_list(KEYS[3])
local prev = redis.call('LINDEX', KEYS[3], -1) or ''
local id = redis.call('XADD', KEYS[2], '*', 'kind', 'client_event', 'epoch', epoch, 'user_id', ARGV[2],
  'prev', prev, 'event_type', ARGV[3], 'timestamp_ms', ARGV[4], 'payload', ARGV[5], 'traceparent', ARGV[6])
redis.call('RPUSH', KEYS[3], id)
redis.call('LTRIM', KEYS[3], -tonumber(ARGV[9]), -1)
for _ = 1, 100 do
  local second = redis.call('LINDEX', KEYS[3], 1)
  if not second or is_after(second, floor) then break end
  redis.call('LPOP', KEYS[3])
end
redis.call('PEXPIRE', KEYS[3], ARGV[8])
redis.call('SET', KEYS[4], epoch .. ' ' .. id .. ' ' .. prev, 'PX', ARGV[7])
return {0, epoch, id, prev}
`);

/**
 * Appends an event, once: a repeat of (idempotency key, recipient) changes nothing and returns the first one's ids.
 * After PushLogUnavailable it is safe to append the same event again.
 * @throws PushLogUnavailable; RangeError for an event that the log does not take.
 */
export async function appendClientEvent(log: PushLog, event: NewClientEvent): Promise<AppendedEvent> {
  requireFit(event);
  const [repeated, epochReply, idReply, prevReply] = await run(
    log,
    appendScript,
    [log.userKey(event.recipientUserId), log.onceKey(event.recipientUserId, event.idempotencyKey)],
    [
      event.recipientUserId,
      event.eventType,
      event.timestampMs,
      Buffer.from(event.payload),
      event.traceparent ?? '',
      repeatsKnownForMs,
      userPositionsLifetimeMs,
      maxUserEvents,
    ],
  );
  const epoch = readText(epochReply);
  const position = { epoch, id: parseStreamId(readText(idReply)) };
  const prev = readText(prevReply);
  return {
    eventId: encodeEventId(position),
    prevEventId: prev === '' ? '' : encodeEventId({ epoch, id: parseStreamId(prev) }),
    cursor: encodeCursor(position),
    repeated: repeated === 1,
  };
}

function requireFit(event: NewClientEvent): void {
  if (!isUuid(event.recipientUserId)) {
    throw new RangeError(
      `the recipient of an event must be a user id, not ${JSON.stringify(event.recipientUserId)}`,
    );
  }
  if (event.idempotencyKey.length < 1 || event.idempotencyKey.length > 256) {
    throw new RangeError('the idempotency key of an event must have 1 to 256 characters');
  }
  if (event.eventType === '') throw new RangeError('an event must have a type');
  if (!Number.isSafeInteger(event.timestampMs)) {
    throw new RangeError('the time of an event must be a whole number of milliseconds');
  }
  if (event.payload.byteLength > maxEventPayloadBytes) {
    throw new RangeError(
      `the payload of an event may have ${maxEventPayloadBytes} bytes at most, not ${event.payload.byteLength}`,
    );
  }
}
