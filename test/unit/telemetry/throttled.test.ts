import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { throttled } from '../../../lib/telemetry/throttled.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

it('what happens all the time is told at once, and then throttled, with how often it happened', () => {
  const told: number[] = [];
  const tell = throttled(1_000, (times) => told.push(times));
  for (let tenth = 0; tenth <= 25; tenth += 1) {
    tell();
    vi.advanceTimersByTime(100);
  }
  expect(told).toEqual([1, 10, 10]);
});
