// Parts of the local platform that end by themselves.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { keepRunning } from '../../infra/local/keep-running.ts';

class FakePart {
  readonly #lost = Promise.withResolvers<string>();
  readonly lost = this.#lost.promise;
  stopped = false;

  end(how: string): void {
    this.#lost.resolve(how);
  }

  async stop(): Promise<void> {
    this.stopped = true;
  }
}

let parts: FakePart[];
let lines: string[];
let failing: number;
const start = async () => {
  if (parts.length > 0 && failing-- > 0) throw new Error('backend ended (exit code 1) before it was ready');
  const part = new FakePart();
  parts.push(part);
  return part;
};
const keep = () => keepRunning('backend', start, (line) => lines.push(line));

beforeEach(() => {
  vi.useFakeTimers();
  parts = [];
  lines = [];
  failing = 0;
});
afterEach(() => {
  vi.useRealTimers();
});

/** Ends the part that runs, and lets time pass. */
async function end(afterMs = 0): Promise<void> {
  await vi.advanceTimersByTimeAsync(afterMs);
  parts.at(-1)?.end('backend ended (exit code SIGKILL)');
  await vi.advanceTimersByTimeAsync(0);
}

describe('a part that ends by itself', () => {
  test('is started again, which is reported', async () => {
    const kept = await keep();
    await end();
    expect(lines).toEqual([
      'backend ended (exit code SIGKILL)',
      'starting backend again',
      'backend runs again',
    ]);
    expect(parts).toHaveLength(2);
    await kept.stop();
    expect(parts.map(({ stopped }) => stopped)).toEqual([false, true]);
  });

  test('is given up when it ends after five restarts within a minute', async () => {
    const kept = await keep();
    for (let times = 0; times < 6; times += 1) await end(11_000);
    expect(await kept.lost).toBe(
      'backend ended more than 5 times within a minute: backend ended (exit code SIGKILL)',
    );
    expect(parts).toHaveLength(6);
    await kept.stop();
  });

  test('is not given up when it ends less often', async () => {
    const kept = await keep();
    for (let times = 0; times < 20; times += 1) await end(13_000);
    expect(parts).toHaveLength(21);
    await kept.stop();
  });

  test('counts a start that fails, and pauses after it', async () => {
    const kept = await keep();
    failing = 4;
    await end();
    expect(parts).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(4_000);
    expect(parts).toHaveLength(2);
    await end();
    expect(await kept.lost).toMatch(/^backend ended more than 5 times within a minute: /);
    await kept.stop();
  });

  test('is not started again once it is to stop', async () => {
    const kept = await keep();
    failing = 1;
    await end();
    const stopped = kept.stop();
    await vi.advanceTimersByTimeAsync(1_000);
    await stopped;
    expect(parts).toHaveLength(1);
  });
});
