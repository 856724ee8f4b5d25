// What comes from the push service, checked before anything is done with it. The service is trusted to say what
// happened, not to be free of bugs: what cannot be used is told with its reason, and never ends a subscription that
// would only meet it again.
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
  /** Empty when it could not be read. */
  readonly cursor: string;
  /** None: the frame only tells its cursor, or cannot be used. */
  readonly event: PushEvent['event'];
  /** Why the frame cannot be used. */
  readonly problem?: string;
  /**
   * Who may have missed something by that: one user, `everyone` (it may have been a revocation), or nobody who could
   * be named.
   */
  readonly missedBy?: { readonly userId: string } | 'everyone';
};

/** Reads one serialised PushEvent; never throws. */
export function readFrame(bytes: Uint8Array): PushFrame {
  let frame: PushEvent;
  try {
    frame = PushEvent.decode(bytes);
  } catch {
    return { cursor: '', event: undefined, problem: 'it is no PushEvent', missedBy: 'everyone' };
  }
  const { cursor, event } = frame;
  if (cursor === '' || cursor.length > maxCursorLength) {
    return unusable('', event, `its cursor has ${cursor.length} characters`);
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
 * @returns the answer, or a sentence about what is wrong with it.
 */
export function readUserEventsResponse(bytes: Uint8Array): ReadUserEventsResponse | string {
  let answer: ReadUserEventsResponse;
  try {
    answer = ReadUserEventsResponse.decode(bytes);
  } catch {
    return 'it is no ReadUserEventsResponse';
  }
  if (!eventId.test(answer.headEventId)) return 'its head_event_id is no event id';
  if (!answer.found && answer.events.length > 0) return 'it holds events though their predecessor is gone';
  for (const event of answer.events) {
    const problem = clientEventProblem(event);
    if (problem !== undefined) return problem;
  }
  return answer;
}

function eventProblem(event: PushEvent['event']): string | undefined {
  switch (event?.$case) {
    case 'clientEvent':
      return clientEventProblem(event.value);
    case 'sessionInvalidation': {
      const { userId, deviceSessionIds } = event.value;
      if (!isUuid(userId)) return 'its user_id is no UUID';
      if (deviceSessionIds.length === 0) return 'it names no device session';
      if (deviceSessionIds.length > maxSessionIds) return `it names more than ${maxSessionIds} sessions`;
      return deviceSessionIds.every(isUuid) ? undefined : 'it names a device session that is no UUID';
    }
    default:
      return undefined;
  }
}

function clientEventProblem(event: ClientEvent): string | undefined {
  if (!eventId.test(event.eventId)) return 'its event_id is no event id';
  if (event.prevEventId !== '' && !eventId.test(event.prevEventId)) return 'its prev_event_id is no event id';
  if (!isUuid(event.recipientUserId)) return 'its recipient_user_id is no UUID';
  if (!eventType.test(event.eventType)) return 'its event_type is no event type';
  if (event.payloadBytes.length > maxPayloadBytes) {
    return `its payload has ${event.payloadBytes.length} bytes, more than ${maxPayloadBytes}`;
  }
  if (event.traceparent !== '' && !traceparent.test(event.traceparent)) return 'its traceparent is malformed';
  return undefined;
}
