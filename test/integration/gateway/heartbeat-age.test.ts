// A gateway whose wall clock is wrong: whether it looks sessions up again depends on the age of heartbeats by the clock
// of Redis alone.
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { newGatewayId, PushClient } from '../../../lib/gateway/push/push-client.ts';
import { SessionVerification } from '../../../lib/gateway/push/session-verification.ts';
import { sleep } from '../../../lib/node/sleep.ts';
import { TestPushLog } from '../../support/backend/push-log.ts';
import { startTestPush } from '../../support/backend/push-process.ts';
import { recordingLog } from '../../support/run/log-lines.ts';

const staleAfterMs = 1_500;
const minute = 60_000;

const testLog = new TestPushLog();

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const close of closers.splice(0).reverse()) await close();
});

/** Appends heartbeats of an age in place of those of the push process. */
class Beats {
  ageMs = 0;
  readonly #stop = new AbortController();
  readonly #running = this.#run();

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { redis, log } = testLog;
    const { epoch } = await testLog.head();
    while (!this.#stop.signal.aborted) {
      const now = await testLog.nowMs();
      const writtenMs = now - this.ageMs;
      await redis
        .multi()
        .xadd(log.globalKey, '*', 'kind', 'heartbeat', 'epoch', epoch, 'timestamp_ms', writtenMs)
        .hset(log.epochKey, 'heartbeat_at_ms', now)
        .exec();
      await sleep(50, this.#stop.signal);
    }
  }
}

test.each([
  ['behind', -5 * minute],
  ['ahead', 5 * minute],
])(
  'a gateway whose clock is five minutes %s looks sessions up when heartbeats are old, not when they are fresh',
  async (_, wrongByMs) => {
    const push = await startTestPush(testLog.server);
    closers.push(() => push.stop());
    const beats = new Beats();
    closers.push(() => beats.stop());

    const now = Date.now.bind(Date);
    vi.spyOn(Date, 'now').mockImplementation(() => now() + wrongByMs);
    const { log, lines } = recordingLog();
    const [host = '', port] = push.addr.split(':');
    const client = new PushClient({
      addr: { host, port: Number(port) },
      token: undefined,
      gatewayId: newGatewayId(),
      timeoutMs: 2_000,
      log,
    });
    const userId = randomUUID();
    const stream = { deviceSessionId: randomUUID(), userId, verifiedAt: performance.now(), end: () => {} };
    let lookUps = 0;
    const verification = new SessionVerification({
      hub: { streams: () => [stream] },
      push: client,
      lookUp: async () => {
        lookUps += 1;
        return { userId };
      },
      staleAfterMs,
      unverifiedAfterMs: 3_000,
      log,
    });
    const stop = new AbortController();
    const ignore = () => {};
    const listener = { clientEvent: ignore, sessionInvalidation: ignore, gap: ignore, eventLost: ignore };
    const running = [client.run(listener, stop.signal), verification.run(stop.signal)];
    closers.push(() => {
      stop.abort();
      return Promise.all(running);
    });

    const freshFor = performance.now();
    while (performance.now() - freshFor < 2 * staleAfterMs) {
      await delay(50);
      expect(lines.filter(({ msg }) => msg.includes('stale'))).toEqual([]);
    }
    expect(client.state.heartbeatDelayMs).toBeLessThan(staleAfterMs);
    expect(lookUps).toBe(0);

    beats.ageMs = minute;
    await vi.waitFor(() => expect(lookUps).toBeGreaterThan(0), { timeout: 15_000 });
    expect(client.state.heartbeatDelayMs).toBeGreaterThanOrEqual(minute);

    beats.ageMs = 0;
    const freshAgain = () => expect(lines.at(-1)?.msg).toBe('the push log is fresh again');
    await vi.waitFor(freshAgain, { timeout: 10_000 });
  },
  40_000,
);
