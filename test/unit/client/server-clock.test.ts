import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ServerClock } from '../../../lib/client/server-clock.ts';

const device = 1_764_000_000_000;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: device });
});
afterEach(() => {
  vi.useRealTimers();
});

test('a clock that agrees with the gateway’s stays as it is, however long a response took', () => {
  const clock = new ServerClock();
  clock.learn(device - 14_000, device - 15_000, device);
  expect(clock.now()).toBe(device);
});

test.each([
  ['behind by an hour', 3_600_000, 3_600_000 - 2_000],
  ['ahead by a year', -31_536_000_000, -31_536_000_000],
])('a clock that is %s is set as little as what the gateway says allows', (_, skew, offset) => {
  const clock = new ServerClock();
  clock.learn(device + skew, device, device + 2_000);
  expect(clock.now()).toBe(device + offset);
});

test('a clock that was set wrongly is set again', () => {
  const clock = new ServerClock();
  clock.learn(device + 3_600_000, device, device);
  clock.learn(device, device, device + 20);
  expect(clock.now()).toBe(device);
});
