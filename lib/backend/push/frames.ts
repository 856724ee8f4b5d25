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
  readonly bytes: Buffer;
};

export function entryFrame(entry: LogEntry): Frame {
  return frame(entry.position, toEvent(entry));
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
  const bytes = PushEvent.encode({ cursor: encodeCursor(position), event }).finish();
  return { position, gap: false, bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
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
      return { $case: 'heartbeat', value: { timestampMs: BigInt(entry.timestampMs) } };
    case 'unreadable':
      return undefined;
  }
}
