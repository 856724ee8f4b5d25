// Frames are what a gateway receives: entries of the push log as PushEvents, serialised once for all subscribers.
import { type ClientEvent, PushEvent } from '../../protocol/generated/galaxy/push/v1/push.ts';
import {
  compareStreamIds,
  encodeCursor,
  encodeEventId,
  type LogPosition,
  type PositionFault,
} from '../domain/log-position.ts';
import type { ClientEventEntry, LogEntry } from './log/entry.ts';

export type Frame = {
  /** The subscriber's position once it has this frame. */
  readonly position: LogPosition;
  /** Whether frames may be missing before it. */
  readonly gap: boolean;
  /** Of a heartbeat, without its event. */
  readonly bytes: Buffer;
  /** When a heartbeat was written, by the clock of Redis. */
  readonly heartbeatMs?: number;
};

export function entryFrame(entry: LogEntry): Frame {
  const made = frame(entry.position, toEvent(entry));
  return entry.kind === 'heartbeat' ? { ...made, heartbeatMs: entry.timestampMs } : made;
}

/**
 * What a gateway is sent at this moment: a heartbeat is sent with its age.
 * @param nowMs the time by the clock of Redis. While it is unknown a heartbeat only carries its cursor, so that no
 * gateway takes it for a fresh one.
 */
export function bytesToSend({ position, bytes, heartbeatMs }: Frame, nowMs: number | undefined): Buffer {
  if (heartbeatMs === undefined || nowMs === undefined) return bytes;
  const ageMs = BigInt(Math.ceil(Math.max(nowMs - heartbeatMs, 0)));
  return encode(position, {
    $case: 'heartbeat',
    value: { timestampMs: BigInt(heartbeatMs), ageMs },
  });
}

export function gapFrame(position: LogPosition, reason: PositionFault): Frame {
  return { ...frame(position, { $case: 'gap', value: { reason } }), gap: true };
}

/** Carries only the cursor at which a subscription begins, so that it can be resumed before any event has come. */
export function startFrame(position: LogPosition): Frame {
  return frame(position, undefined);
}

/** Whether a frame is new to a subscriber at a position: neither delivered already nor of an older epoch. */
export function follows(position: LogPosition, { position: next, gap }: Frame): boolean {
  return next.epoch === position.epoch ? compareStreamIds(next.id, position.id) > 0 : gap;
}

export function toClientEvent(entry: ClientEventEntry): ClientEvent {
  const { epoch } = entry.position;
  return {
    eventId: encodeEventId(entry.position),
    prevEventId: entry.prev === undefined ? '' : encodeEventId({ epoch, id: entry.prev }),
    recipientUserId: entry.userId,
    eventType: entry.eventType,
    timestampMs: BigInt(entry.timestampMs),
    payloadBytes: entry.payload,
    traceparent: entry.traceparent,
  };
}

function frame(position: LogPosition, event: PushEvent['event']): Frame {
  return { position, gap: false, bytes: encode(position, event) };
}

function encode(position: LogPosition, event: PushEvent['event']): Buffer {
  const bytes = PushEvent.encode({ cursor: encodeCursor(position), event }).finish();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function toEvent(entry: LogEntry): PushEvent['event'] {
  switch (entry.kind) {
    case 'client_event':
      return { $case: 'clientEvent', value: toClientEvent(entry) };
    case 'session_invalidation': {
      const { userId, deviceSessionIds, reason } = entry;
      return {
        $case: 'sessionInvalidation',
        value: { userId, deviceSessionIds: [...deviceSessionIds], reason },
      };
    }
    case 'heartbeat':
    case 'unreadable':
      return undefined;
  }
}
