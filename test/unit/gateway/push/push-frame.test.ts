import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readFrame, readUserEventsResponse } from '../../../../lib/gateway/push/push-frame.ts';
import {
  type ClientEvent,
  PushEvent,
  ReadUserEventsResponse,
} from '../../../../lib/protocol/generated/galaxy/push/v1/push.ts';

const userId = randomUUID();
const clientEvent: ClientEvent = {
  eventId: 'e-2',
  prevEventId: 'e-1',
  recipientUserId: userId,
  eventType: 'lobby.application.approved',
  timestampMs: 1_764_000_000_000n,
  payloadBytes: Buffer.from('{}'),
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
};
const written = (event: PushEvent['event'], cursor = 'c-1') => PushEvent.encode({ cursor, event }).finish();
const withEvent = (more: Partial<ClientEvent>) =>
  readFrame(written({ $case: 'clientEvent', value: { ...clientEvent, ...more } }));
const invalidation = (deviceSessionIds: string[], user: string = userId) =>
  readFrame(
    written({
      $case: 'sessionInvalidation',
      value: { userId: user, deviceSessionIds, reason: 'revoked' },
    }),
  );

describe('a frame of the push service', () => {
  test('is read as it was written', () => {
    expect(withEvent({})).toEqual({ cursor: 'c-1', event: { $case: 'clientEvent', value: clientEvent } });
    expect(withEvent({ prevEventId: '', traceparent: '' }).problem).toBeUndefined();
    expect(invalidation([randomUUID()]).problem).toBeUndefined();
    expect(readFrame(written(undefined))).toEqual({ cursor: 'c-1', event: undefined });
  });

  test.each([
    ['event_id', { eventId: '' }],
    ['event_id', { eventId: 'e 1' }],
    ['event_id', { eventId: 'e'.repeat(129) }],
    ['prev_event_id', { prevEventId: 'é' }],
    ['recipient_user_id', { recipientUserId: 'ada' }],
    ['event_type', { eventType: '' }],
    ['event_type', { eventType: 'x'.repeat(129) }],
    ['payload', { payloadBytes: Buffer.alloc(64 * 1024 + 1) }],
    ['traceparent', { traceparent: 'trace' }],
  ])('that has no good %s is not used, but its cursor counts', (field, more) => {
    const { cursor, event, problem, missedBy } = withEvent(more);
    expect({ cursor, event }).toEqual({ cursor: 'c-1', event: undefined });
    expect(missedBy).toEqual(field === 'recipient_user_id' ? undefined : { userId });
    expect(problem).toContain(field);
  });

  test('that names no session, or something else than sessions, is not used', () => {
    expect(invalidation([]).problem).toContain('no device session');
    expect(invalidation([randomUUID(), 'x']).problem).toContain('device session');
    expect(invalidation([randomUUID()], 'x').problem).toContain('user_id');
    expect(invalidation([randomUUID(), 'x']).missedBy).toBe('everyone');
  });

  test('that is a heartbeat from the future is reported as wrong, and is missed by nobody', () => {
    const heartbeat = (ageMs: bigint | undefined) =>
      readFrame(written({ $case: 'heartbeat', value: { timestampMs: 1n, ageMs } }));
    expect(heartbeat(-1n)).toEqual({ cursor: 'c-1', event: undefined, problem: 'its age_ms is negative' });
    expect(heartbeat(0n).event).toEqual({ $case: 'heartbeat', value: { timestampMs: 1n, ageMs: 0n } });
    expect(heartbeat(undefined).problem).toBeUndefined();
  });

  test('without a valid cursor returns none', () => {
    expect(readFrame(written(undefined, '')).problem).toContain('cursor');
    expect(readFrame(written(undefined, 'c'.repeat(129)))).toMatchObject({ cursor: '' });
    const event = { $case: 'clientEvent', value: clientEvent } as const;
    expect(readFrame(written(event, '')).missedBy).toEqual({ userId });
  });

  test('never throws, whatever its bytes', () => {
    expect(readFrame(Buffer.from([0x0a, 0xff]))).toMatchObject({
      problem: 'it is not a PushEvent',
      missedBy: 'everyone',
    });
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void readFrame(bytes)));
  });
});

describe('a response of ReadUserEvents', () => {
  const read = (response: Partial<ReadUserEventsResponse>) =>
    readUserEventsResponse(
      ReadUserEventsResponse.encode({
        found: true,
        events: [clientEvent],
        headEventId: 'e-2',
        ...response,
      }).finish(),
    );

  test('is read as it was written', () => {
    expect(read({})).toEqual({ found: true, events: [clientEvent], headEventId: 'e-2' });
  });

  test('is reported as wrong when it has no head, events without their predecessor, or an invalid event', () => {
    expect(read({ headEventId: '' })).toContain('head_event_id');
    expect(read({ found: false })).toContain('predecessor');
    expect(read({ events: [{ ...clientEvent, eventId: '' }] })).toContain('event_id');
  });

  test('never throws, whatever its bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void readUserEventsResponse(bytes)));
  });
});
