// What goes over the wire to a gateway: entries of the push log as serialised PushEvents, made once for all
// subscribers.
import { type ClientEvent, PushEvent } from '../../protocol/generated/galaxy/push/v1/push.ts';
import {
  compareStreamIds,
  encodeCursor,
  encodeEventId,
  type Place,
  type PositionFault,
} from '../domain/log-position.ts';
import type { ClientEventEntry, LogEntry } from './log/entry.ts';

export type Frame = {
  /** Where a subscriber is once it has this frame. */
  readonly place: Place;
  /** Whether frames may be missing before it. */
  readonly gap: boolean;
  readonly bytes: Buffer;
};

export function entryFrame(entry: LogEntry): Frame {
  return frame(entry.place, toEvent(entry));
}

export function gapFrame(place: Place, reason: PositionFault): Frame {
  return { ...frame(place, { $case: 'gap', value: { reason } }), gap: true };
}

/** Only says where a subscription without a cursor begins, so that it can be resumed from its very first moment. */
export function startFrame(place: Place): Frame {
  return frame(place, undefined);
}

/** Whether a frame is news to a subscriber at a place, and not something that it has or that an older life said. */
export function follows(place: Place, { place: next, gap }: Frame): boolean {
  return next.epoch === place.epoch ? compareStreamIds(next.position, place.position) > 0 : gap;
}

export function toClientEvent(entry: ClientEventEntry): ClientEvent {
  const { epoch } = entry.place;
  return {
    eventId: encodeEventId(entry.place),
    prevEventId: entry.prev === undefined ? '' : encodeEventId({ epoch, position: entry.prev }),
    recipientUserId: entry.userId,
    eventType: entry.eventType,
    timestampMs: BigInt(entry.timestampMs),
    payloadBytes: entry.payload,
    traceparent: entry.traceparent,
  };
}

function frame(place: Place, event: PushEvent['event']): Frame {
  const bytes = PushEvent.encode({ cursor: encodeCursor(place), event }).finish();
  return { place, gap: false, bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
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
