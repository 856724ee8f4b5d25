// Trying again while what fails passes by itself.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { PublicHttpError } from '../../../lib/client/public-http.ts';
import { pauseMs, persistently } from '../../../lib/client/retry.ts';

const passing = (retryAfterMs = 0) => new PublicHttpError('busy', { isPassing: true, retryAfterMs });
const signal = new AbortController().signal;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  vi.spyOn(Math, 'random').mockReturnValue(1);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** @returns what became of it and after how many milliseconds. */
async function outcome(work: () => Promise<string>, patienceMs: number, stop = signal) {
  const startedAt = performance.now();
  const done = persistently(work, { patienceMs, signal: stop }).then(
    (value) => [value, performance.now() - startedAt],
    (error: Error) => [error.message, performance.now() - startedAt],
  );
  await vi.runAllTimersAsync();
  return done;
}

describe('the pause between two attempts', () => {
  test('doubles up to half a minute, and is random below that', () => {
    expect([0, 1, 2, 7, 8, 1_000].map((failures) => pauseMs(failures))).toEqual([
      200, 400, 800, 25_600, 30_000, 30_000,
    ]);
    vi.mocked(Math.random).mockReturnValue(0.25);
    expect(pauseMs(2)).toBe(200);
  });

  test('is not shorter than what was asked for, and not longer than five minutes', () => {
    expect(pauseMs(0, passing(7_000))).toBe(7_000);
    expect(pauseMs(0, passing(10 ** 12))).toBe(300_000);
  });
});

describe('what fails', () => {
  test('in a way that passes is done again until it succeeds', async () => {
    const failures = [passing(), passing(5_000), passing()];
    const work = async () => {
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      return 'done';
    };
    expect(await outcome(work, 60_000)).toEqual(['done', 200 + 5_000 + 800]);
  });

  test('in another way is not done again', async () => {
    const work = vi.fn(async () => Promise.reject(new Error('no')));
    expect(await outcome(work, 60_000)).toEqual(['no', 0]);
    expect(work).toHaveBeenCalledOnce();
  });

  test('for longer than the patience lasts reaches the caller', async () => {
    const work = vi.fn(async () => Promise.reject(passing()));
    expect(await outcome(work, 1_000)).toEqual(['busy', 600]);
    expect(work).toHaveBeenCalledTimes(3);
  });

  test('and asks for more patience than there is reaches the caller at once', async () => {
    const work = vi.fn(async () => Promise.reject(passing(3_600_000)));
    expect(await outcome(work, 60_000)).toEqual(['busy', 0]);
    expect(work).toHaveBeenCalledOnce();
  });

  test('is not done again once nobody wants it any more', async () => {
    const stop = new AbortController();
    const work = vi.fn(async () => {
      stop.abort();
      throw passing();
    });
    expect(await outcome(work, 60_000, stop.signal)).toEqual(['busy', 0]);
    expect(work).toHaveBeenCalledOnce();
  });
});
