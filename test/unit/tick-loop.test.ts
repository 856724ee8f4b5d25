import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { backoffMs, runTicks } from '../../lib/node/tick-loop.ts';

beforeEach(() => {
  vi.useFakeTimers();
  // The middle of the jitter: pauses last exactly as long as they are meant to.
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function loop(tick: (stop: AbortSignal) => Promise<void>, intervalMs = 30_000, quietFailures = 0) {
  const lines: { level: number; msg: string; worker?: string; failures?: number }[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line)) });
  const stop = new AbortController();
  const ended = runTicks({ name: 'sweeper', intervalMs, tick, quietFailures, log }, stop.signal);
  return { ended, stop, lines };
}

test('ticks once at the start and then at the interval', async () => {
  const tick = vi.fn(async () => {});
  const { ended, stop } = loop(tick);
  await vi.advanceTimersByTimeAsync(0);
  expect(tick).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(29_999);
  expect(tick).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(tick).toHaveBeenCalledTimes(2);
  stop.abort();
  await ended;
});

test('spreads the pauses by a tenth', async () => {
  vi.mocked(Math.random).mockReturnValue(1);
  const tick = vi.fn(async () => {});
  const { ended, stop } = loop(tick, 10_000);
  await vi.advanceTimersByTimeAsync(10_999);
  expect(tick).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(tick).toHaveBeenCalledTimes(2);
  stop.abort();
  await ended;
});

test('runs one tick at a time, however long it takes', async () => {
  let running = 0;
  let most = 0;
  const tick = vi.fn(async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setTimeout(resolve, 100_000));
    running -= 1;
  });
  const { ended, stop } = loop(tick);
  await vi.advanceTimersByTimeAsync(260_000);
  expect(most).toBe(1);
  expect(tick).toHaveBeenCalledTimes(3);
  stop.abort();
  await vi.advanceTimersByTimeAsync(100_000);
  await ended;
});

test('tells a running tick to stop and waits for it', async () => {
  let told = false;
  let finish = () => {};
  const { ended, stop } = loop(async (signal) => {
    signal.addEventListener('abort', () => {
      told = true;
    });
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
  });
  let over = false;
  void ended.then(() => {
    over = true;
  });
  await vi.advanceTimersByTimeAsync(0);
  stop.abort();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(told).toBe(true);
  expect(over).toBe(false);
  finish();
  await ended;
});

test('a stop during the pause ends it at once and leaves no timer', async () => {
  const { ended, stop } = loop(async () => {});
  await vi.advanceTimersByTimeAsync(10);
  expect(vi.getTimerCount()).toBe(1);
  stop.abort();
  await ended;
  expect(vi.getTimerCount()).toBe(0);
});

test('does not tick at all when it is told to stop before it starts', async () => {
  const tick = vi.fn(async () => {});
  const log = pino({ level: 'silent' });
  await runTicks({ name: 'sweeper', intervalMs: 1_000, tick, log }, AbortSignal.abort());
  expect(tick).not.toHaveBeenCalled();
});

test('logs a failing tick, backs off, and returns to the interval once one succeeds', async () => {
  const at: number[] = [];
  const { ended, stop, lines } = loop(async () => {
    at.push(Date.now());
    if (at.length <= 3) throw new Error('database is down');
  });
  await vi.advanceTimersByTimeAsync(40_000);
  const pauses = at.slice(1).map((time, index) => time - (at[index] ?? 0));
  expect(pauses).toEqual([1_000, 2_000, 4_000, 30_000]);
  const errors = lines.filter(({ msg }) => msg === 'tick failed');
  expect(errors.map(({ failures }) => failures)).toEqual([1, 2, 3]);
  expect(errors.every(({ worker, level }) => worker === 'sweeper' && level === 50)).toBe(true);
  stop.abort();
  await ended;
});

test('makes no fuss of the first failures where a peer may still be starting, each time anew', async () => {
  let ticks = 0;
  const { ended, stop, lines } = loop(
    async () => {
      ticks += 1;
      if (ticks !== 4) throw new Error('nobody answers yet');
    },
    1_000,
    2,
  );
  await vi.advanceTimersByTimeAsync(1_000 + 2_000 + 4_000 + 1_000);
  const levels = lines.filter(({ msg }) => msg === 'tick failed').map(({ level }) => level);
  expect(levels).toEqual([30, 30, 50, 30]);
  stop.abort();
  await ended;
});

test('the pause after failures grows to a minute and starts no longer than the interval', () => {
  expect([1, 2, 6, 7, 8, 1_000].map((failures) => backoffMs(failures, 3_600_000))).toEqual([
    1_000, 2_000, 32_000, 60_000, 60_000, 60_000,
  ]);
  expect(backoffMs(1, 200)).toBe(200);
});
