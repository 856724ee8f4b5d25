// Checks messages of the push service before the gateway uses them. The gateway trusts the service, but not that it is
// free of bugs: a message that cannot be used is reported with the reason. It never ends the subscription, since the
// next subscription would only get the same message again.
import {
  type ClientEvent,
  PushEvent,
  ReadUserEventsResponse,
} from '../../protocol/generated/galaxy/push/v1/push.ts';
import { isUuid } from '../../protocol/ids.ts';

const maxPayloadBytes = 64 * 1024;
const maxSessionIds = 10_000;
const maxCursorLength = 128;

const eventId = /^[A-Za-z0-9_-]{1,128}$/;
const eventType = /^[A-Za-z0-9_.-]{1,128}$/;
const traceparent = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

export type PushFrame = {
  /** Empty when it cannot be read. */
  readonly cursor: string;
  /** Absent when the frame only carries its cursor, or cannot be used. */
  readonly event: PushEvent['event'];
  /** Why the frame cannot be used. */
  readonly problem?: string;
  /**
   * Who may have missed something: one user, or `everyone` (the frame may have been a revocation). Absent when the
   * frame names no user.
   */
  readonly missedBy?: { readonly userId: string } | 'everyone';
};

/** Reads one serialised PushEvent; never throws. */
export function readFrame(bytes: Uint8Array): PushFrame {
  let frame: PushEvent;
  try {
    frame = PushEvent.decode(bytes);
  } catch {
    return { cursor: '', event: undefined, problem: 'it is not a PushEvent', missedBy: 'everyone' };
  }
  const { cursor, event } = frame;
  if (cursor === '' || cursor.length > maxCursorLength) {
    return unusable('', event, `its cursor has ${cursor.length} characters, not 1 to ${maxCursorLength}`);
  }
  const problem = eventProblem(event);
  return problem === undefined ? { cursor, event } : unusable(cursor, event, problem);
}

function unusable(cursor: string, event: PushEvent['event'], problem: string): PushFrame {
  const frame = { cursor, event: undefined, problem };
  switch (event?.$case) {
    case 'clientEvent': {
      const userId = event.value.recipientUserId;
      return isUuid(userId) ? { ...frame, missedBy: { userId } } : frame;
    }
    case 'sessionInvalidation':
    case 'gap':
      return { ...frame, missedBy: 'everyone' };
    default:
      return frame;
  }
}

/**
 * Reads a serialised ReadUserEventsResponse; never throws.
 * @returns the response, or a sentence that says what is wrong with it.
 */
export function readUserEventsResponse(bytes: Uint8Array): ReadUserEventsResponse | string {
  let response: ReadUserEventsResponse;
  try {
    response = ReadUserEventsResponse.decode(bytes);
  } catch {
    return 'it is not a ReadUserEventsResponse';
  }
  if (!eventId.test(response.headEventId)) return 'its head_event_id is not a valid event id';
  if (!response.found && response.events.length > 0)
    return 'it contains events although their predecessor was not found';
  for (const event of response.events) {
    const problem = clientEventProblem(event);
    if (problem !== undefined) return problem;
  }
  return response;
}

function eventProblem(event: PushEvent['event']): string | undefined {
  switch (event?.$case) {
    case 'clientEvent':
      return clientEventProblem(event.value);
    case 'sessionInvalidation': {
      const { userId, deviceSessionIds } = event.value;
      if (!isUuid(userId)) return 'its user_id is not a valid UUID';
      if (deviceSessionIds.length === 0) return 'it names no device session';
      if (deviceSessionIds.length > maxSessionIds) return `it names more than ${maxSessionIds} sessions`;
      return deviceSessionIds.every(isUuid)
        ? undefined
        : 'it names a device session that is not a valid UUID';
    }
    case 'heartbeat':
      // It would count as written in the future, so that the log never seems stale.
      return (event.value.ageMs ?? 0n) < 0n ? 'its age_ms is negative' : undefined;
    default:
      return undefined;
  }
}

function clientEventProblem(event: ClientEvent): string | undefined {
  if (!eventId.test(event.eventId)) return 'its event_id is not a valid event id';
  if (event.prevEventId !== '' && !eventId.test(event.prevEventId))
    return 'its prev_event_id is not a valid event id';
  if (!isUuid(event.recipientUserId)) return 'its recipient_user_id is not a valid UUID';
  if (!eventType.test(event.eventType)) return 'its event_type is not a valid event type';
  if (event.payloadBytes.length > maxPayloadBytes) {
    return `its payload has ${event.payloadBytes.length} bytes, more than ${maxPayloadBytes}`;
  }
  if (event.traceparent !== '' && !traceparent.test(event.traceparent)) return 'its traceparent is malformed';
  return undefined;
}
