import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { OldestUnprocessed } from '../../../lib/streams/oldest-unprocessed.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('nothing is told of a consumer that nobody has looked at yet', () => {
  const oldest = new OldestUnprocessed();
  expect(oldest.ageMs('events')).toBe(undefined);
  oldest.markStale('events');
  expect(oldest.ageMs('events')).toBe(undefined);
});

test('an entry that waits gets older by itself between two looks', () => {
  const oldest = new OldestUnprocessed();
  oldest.measured('events', 500);
  expect(oldest.ageMs('events')).toBe(500);
  vi.advanceTimersByTime(1_000);
  expect(oldest.ageMs('events')).toBe(1_500);
  oldest.measured('events', 200);
  expect(oldest.ageMs('events')).toBe(200);
});

test('it is 0 while everything is handled, as long as that can be seen', () => {
  const oldest = new OldestUnprocessed();
  oldest.measured('events', 0);
  vi.advanceTimersByTime(60_000);
  expect(oldest.ageMs('events')).toBe(0);
});

test('it climbs while Redis cannot be asked, since the last look, and falls when that can be seen again', () => {
  const oldest = new OldestUnprocessed();
  oldest.measured('events', 0);
  oldest.measured('others', 4_000);
  vi.advanceTimersByTime(1_000);
  for (const name of ['events', 'others']) oldest.markStale(name);
  vi.advanceTimersByTime(9_000);
  for (const name of ['events', 'others']) oldest.markStale(name);
  expect([oldest.ageMs('events'), oldest.ageMs('others')]).toEqual([10_000, 14_000]);
  oldest.measured('events', 0);
  expect(oldest.ageMs('events')).toBe(0);
});
