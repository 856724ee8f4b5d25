// Entries of the global stream: flat fields in Redis, one type here.
import { type LogPosition, parseStreamId, type StreamId } from '../../domain/log-position.ts';
import { type Reply, readList, readText } from './log.ts';

export type ClientEventEntry = {
  readonly kind: 'client_event';
  readonly position: LogPosition;
  readonly userId: string;
  /** The event before it in the same user's stream; undefined for the first. */
  readonly prev: StreamId | undefined;
  readonly eventType: string;
  readonly timestampMs: number;
  /** JSON in UTF-8. */
  readonly payload: Buffer;
  /** W3C trace context, or empty. */
  readonly traceparent: string;
};

export type LogEntry =
  | ClientEventEntry
  | {
      readonly kind: 'session_invalidation';
      readonly position: LogPosition;
      readonly userId: string;
      readonly deviceSessionIds: readonly string[];
      readonly reason: string;
    }
  | { readonly kind: 'heartbeat'; readonly position: LogPosition; readonly timestampMs: number }
  /** Written by a newer version, or damaged: only its position is used. */
  | { readonly kind: 'unreadable'; readonly position: LogPosition };

/** @throws TypeError or RangeError for an entry without a position: it is not of a push log. */
export function readEntry(reply: Reply): LogEntry {
  const [id, fieldList] = readList(reply);
  const fields = readFields(readList(fieldList));
  const position = {
    epoch: readText(fields.get('epoch')),
    id: parseStreamId(readText(id)),
  };
  try {
    return readKind(position, fields);
  } catch {
    return { kind: 'unreadable', position };
  }
}

function readKind(position: LogPosition, fields: Map<string, Buffer>): LogEntry {
  const text = (name: string) => readText(fields.get(name));
  const kind = text('kind');
  switch (kind) {
    case 'client_event': {
      const prev = text('prev');
      const payload = fields.get('payload');
      if (payload === undefined) throw new TypeError('a client event must have a payload');
      return {
        kind,
        position,
        userId: text('user_id'),
        prev: prev === '' ? undefined : parseStreamId(prev),
        eventType: text('event_type'),
        timestampMs: readMs(text('timestamp_ms')),
        payload,
        traceparent: text('traceparent'),
      };
    }
    case 'session_invalidation':
      return {
        kind,
        position,
        userId: text('user_id'),
        deviceSessionIds: text('device_session_ids').split(',').filter(Boolean),
        reason: text('reason'),
      };
    case 'heartbeat':
      return { kind, position, timestampMs: readMs(text('timestamp_ms')) };
    default:
      return { kind: 'unreadable', position };
  }
}

function readFields(list: readonly Reply[]): Map<string, Buffer> {
  const fields = new Map<string, Buffer>();
  for (let i = 0; i + 1 < list.length; i += 2) {
    const value = list[i + 1];
    if (Buffer.isBuffer(value)) fields.set(readText(list[i]), value);
  }
  return fields;
}

function readMs(text: string): number {
  const value = Number(text);
  if (text === '' || !Number.isSafeInteger(value))
    throw new RangeError(`${text} is not a time in milliseconds`);
  return value;
}
