import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { throttled } from '../../../lib/telemetry/throttled.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

it('a repeated event is reported at once, and then throttled, with the number of events', () => {
  const reported: number[] = [];
  const report = throttled(1_000, (times) => reported.push(times));
  for (let tenth = 0; tenth <= 25; tenth += 1) {
    report();
    vi.advanceTimersByTime(100);
  }
  expect(reported).toEqual([1, 10, 10]);
});
