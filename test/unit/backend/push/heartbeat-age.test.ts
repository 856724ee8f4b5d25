import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { bytesToSend, entryFrame } from '../../../../lib/backend/push/frames.ts';
import { LogClock } from '../../../../lib/backend/push/log-clock.ts';
import { PushEvent } from '../../../../lib/protocol/generated/galaxy/push/v1/push.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance', 'Date'] }));
afterEach(() => void vi.useRealTimers());

const redisMs = 1_764_000_000_000;

describe('the clock of the log', () => {
  test('is unknown before it was read, and then goes on with the monotonic clock alone', () => {
    const clock = new LogClock();
    expect(clock.nowMs).toBeUndefined();
    const askedAt = performance.now();
    vi.advanceTimersByTime(100);
    clock.set(redisMs, askedAt);
    expect(clock.nowMs).toBeCloseTo(redisMs + 100, 3);
    vi.advanceTimersByTime(2_000);
    vi.setSystemTime(0);
    expect(clock.nowMs).toBeCloseTo(redisMs + 2_100, 3);
  });

  test('follows Redis when it steps, but not a reading that took long', () => {
    const clock = new LogClock();
    clock.set(redisMs, performance.now());
    clock.set(redisMs - 60_000, performance.now());
    expect(clock.nowMs).toBeCloseTo(redisMs - 60_000, 3);
    const askedAt = performance.now();
    vi.advanceTimersByTime(3_000);
    clock.set(redisMs - 60_000, askedAt);
    expect(clock.nowMs).toBeCloseTo(redisMs - 57_000, 3);
  });
});

describe('a heartbeat', () => {
  const position = { epoch: '0123456789abcdef', id: { ms: redisMs, seq: 0 } };
  const frame = entryFrame({ kind: 'heartbeat', position, timestampMs: redisMs });
  const sentAt = (nowMs: number | undefined) => PushEvent.decode(bytesToSend(frame, nowMs)).event;

  test('is sent with its age at that moment', () => {
    const value = (ageMs: bigint) => ({
      $case: 'heartbeat',
      value: { timestampMs: BigInt(redisMs), ageMs },
    });
    expect(sentAt(redisMs)).toEqual(value(0n));
    expect(sentAt(redisMs + 60_000.2)).toEqual(value(60_001n));
    expect(sentAt(redisMs - 5)).toEqual(value(0n));
  });

  test('only carries its cursor while its age is unknown, so that nobody takes it for fresh', () => {
    expect(sentAt(undefined)).toBeUndefined();
    const { cursor } = PushEvent.decode(bytesToSend(frame, undefined));
    expect(cursor).toBe(PushEvent.decode(bytesToSend(frame, redisMs)).cursor);
  });
});
