import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Rejection } from '../../../../lib/gateway/domain/rejection.ts';
import { RejectedError } from '../../../../lib/gateway/domain/rejection.ts';
import {
  SessionVerification,
  type SessionVerificationOptions,
} from '../../../../lib/gateway/push/session-verification.ts';
import { recordingLog } from '../../../support/run/log-lines.ts';

const second = 1_000;

type Stream = {
  deviceSessionId: string;
  userId: string;
  verifiedAt: number;
  end(rejection: Rejection): void;
  ended?: { reason: string; retryAfterMs: number | undefined; atMs: number };
};

/** A gateway's open streams, its push log and its backend, on a clock that the test moves. */
class Scene {
  readonly streams = new Set<Stream>();
  readonly lookedUp: { id: string; atMs: number }[] = [];
  readonly push = { coveredUntil: performance.now() };
  readonly kept = recordingLog();
  readonly verification: SessionVerification;
  readonly startedAt = performance.now();
  /** The backend's response. */
  backend: (id: string, signal: AbortSignal) => Promise<{ userId: string }> = async (id) => this.#owner(id);
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(more: Partial<SessionVerificationOptions> = {}) {
    this.verification = new SessionVerification({
      hub: { streams: () => this.streams },
      push: this.push,
      lookUp: (id, signal) => {
        this.lookedUp.push({ id, atMs: this.now });
        return this.backend(id, signal);
      },
      staleAfterMs: 15 * second,
      unverifiedAfterMs: 60 * second,
      log: this.kept.log,
      ...more,
    });
    this.#running = this.verification.run(this.#stop.signal);
  }

  get now(): number {
    return performance.now() - this.startedAt;
  }

  open(deviceSessionId: string = randomUUID(), userId: string = `user of ${deviceSessionId}`): Stream {
    const stream: Stream = {
      deviceSessionId,
      userId,
      verifiedAt: performance.now(),
      end: ({ reason, retryAfterMs }) => {
        stream.ended = { reason, retryAfterMs, atMs: this.now };
        this.streams.delete(stream);
      },
    };
    this.streams.add(stream);
    return stream;
  }

  /** Time passes, and a heartbeat comes through the log every 5 s. */
  async live(ms: number): Promise<void> {
    for (const end = performance.now() + ms; performance.now() < end; ) {
      await vi.advanceTimersByTimeAsync(Math.min(5 * second, end - performance.now()));
      this.push.coveredUntil = performance.now();
    }
  }

  /** Time passes, and nothing comes. */
  async silent(ms: number): Promise<void> {
    await vi.advanceTimersByTimeAsync(ms);
  }

  lookUpsOf(stream: Stream): number[] {
    return this.lookedUp.flatMap(({ id, atMs }) => (id === stream.deviceSessionId ? [atMs] : []));
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  #owner(id: string): { userId: string } {
    return { userId: `user of ${id}` };
  }
}

const rejected = (reason: 'SESSION_REVOKED' | 'SESSION_UNKNOWN' | 'UPSTREAM_UNAVAILABLE') =>
  new RejectedError({ reason, message: reason });

let scene: Scene;
beforeEach(() => {
  vi.useFakeTimers();
  scene = new Scene();
});
afterEach(async () => {
  await scene.stop();
  vi.useRealTimers();
});

describe('while heartbeats come', () => {
  test('no session is looked up', async () => {
    scene.open();
    await scene.live(600 * second);
    expect(scene.lookedUp).toEqual([]);
  });
});

describe('while nothing comes', () => {
  test('every session is looked up, again and again, and streams of active ones notice nothing', async () => {
    const streams = Array.from({ length: 50 }, () => scene.open());
    await scene.silent(600 * second);
    for (const stream of streams) {
      const times = scene.lookUpsOf(stream);
      expect(stream.ended).toBeUndefined();
      expect(times[0]).toBeGreaterThan(15 * second);
      expect(times[0]).toBeLessThan(31 * second);
      const between = times.slice(1).map((time, i) => time - (times[i] ?? 0));
      expect(Math.min(...between)).toBeGreaterThanOrEqual(20 * second);
      expect(Math.max(...between)).toBeLessThan(36 * second);
    }
  });

  test('look-ups are spread over a quarter of the time within which they have to succeed', async () => {
    for (let i = 0; i < 100; i++) scene.open();
    await scene.silent(31 * second);
    const times = scene.lookedUp.map(({ atMs }) => atMs - 15 * second);
    expect(times).toHaveLength(100);
    const thirds = Map.groupBy(times, (time) => Math.floor(time / (5.2 * second)));
    expect([...thirds.keys()].toSorted()).toEqual([0, 1, 2]);
    for (const third of thirds.values()) expect(third.length).toBeGreaterThan(10);
  });

  test('ten thousand sessions are looked up in time', async () => {
    scene.backend = async (id) => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      return { userId: `user of ${id}` };
    };
    for (let i = 0; i < 10_000; i++) scene.open();
    await scene.silent(76 * second);
    expect(scene.streams.size).toBe(10_000);
    expect(new Set(scene.lookedUp.map(({ id }) => id)).size).toBe(10_000);
  });

  test('at most 16 sessions are looked up at once, however many there are', async () => {
    let atOnce = 0;
    let most = 0;
    scene.backend = async (id) => {
      atOnce += 1;
      most = Math.max(most, atOnce);
      await new Promise((resolve) => setTimeout(resolve, 900));
      atOnce -= 1;
      return { userId: `user of ${id}` };
    };
    for (let i = 0; i < 300; i++) scene.open();
    await scene.silent(60 * second);
    expect(most).toBe(16);
    expect(scene.lookedUp.length).toBeGreaterThan(300);
    expect([...scene.streams]).toHaveLength(300);
  });

  test('all streams of a session share one look-up', async () => {
    const first = scene.open();
    const second2 = scene.open(first.deviceSessionId);
    await scene.silent(32 * second);
    expect(scene.lookUpsOf(first)).toHaveLength(1);
    expect(second2.verifiedAt).toBe(first.verifiedAt);
  });

  test.each(['SESSION_REVOKED', 'SESSION_UNKNOWN'] as const)(
    'the streams of a session that is %s end with that, and no others',
    async (reason) => {
      const other = scene.open();
      const gone = [scene.open('gone'), scene.open('gone')];
      scene.backend = async (id) => {
        if (id === 'gone') throw rejected(reason);
        return { userId: `user of ${id}` };
      };
      await scene.silent(32 * second);
      expect(gone.map(({ ended }) => ended?.reason)).toEqual([reason, reason]);
      expect(other.ended).toBeUndefined();
    },
  );

  test.each([0, 14, 20, 33, 47, 61, 200].map((s) => s * second))(
    'a session that is revoked %i ms after the last heartbeat has no stream 75 s later',
    async (revokedAt) => {
      const streams = Array.from({ length: 30 }, () => scene.open());
      await scene.silent(revokedAt);
      scene.backend = async () => {
        throw rejected('SESSION_REVOKED');
      };
      await scene.silent(75 * second);
      expect(scene.streams.size).toBe(0);
      for (const { ended } of streams) expect(ended?.reason).toBe('SESSION_REVOKED');
    },
  );

  test('streams end with UNVERIFIED when the backend does not respond for 60 s', async () => {
    const stream = scene.open();
    scene.backend = async () => {
      throw rejected('UPSTREAM_UNAVAILABLE');
    };
    await scene.silent(74 * second);
    expect(stream.ended).toBeUndefined();
    expect(scene.lookUpsOf(stream).length).toBeGreaterThanOrEqual(2);
    await scene.silent(2 * second);
    expect(stream.ended?.reason).toBe('UNVERIFIED');
    const line = scene.kept.lines.find(({ msg }) => msg.includes('could not be verified'));
    expect(line).toMatchObject({ level: 'warn' });
  });

  test('streams that end with UNVERIFIED together come back one after the other', async () => {
    const streams = Array.from({ length: 1_000 }, () => scene.open());
    scene.backend = async () => {
      throw rejected('UPSTREAM_UNAVAILABLE');
    };
    await scene.silent(76 * second);
    const pauses = streams.map(({ ended }) => ended?.retryAfterMs ?? Number.NaN);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(2_000);
    expect(Math.max(...pauses)).toBeGreaterThan(1_800);
    expect(pauses.filter((pause) => pause < 1_000).length).toBeGreaterThan(300);
  });

  test('a stream ends 60 s after its last look-up that succeeded', async () => {
    const stream = scene.open();
    await scene.silent(100 * second);
    const verified = stream.verifiedAt - scene.startedAt;
    expect(verified).toBeGreaterThan(60 * second);
    scene.backend = () => new Promise(() => {});
    await scene.silent(80 * second);
    expect(stream.ended?.reason).toBe('UNVERIFIED');
    expect(stream.ended?.atMs).toBeGreaterThanOrEqual(verified + 60 * second);
    expect(stream.ended?.atMs).toBeLessThan(verified + 61 * second);
  });

  test('a stream that is opened meanwhile is not looked up at once', async () => {
    await scene.silent(30 * second);
    const stream = scene.open();
    await scene.silent(19 * second);
    expect(scene.lookUpsOf(stream)).toEqual([]);
    await scene.silent(17 * second);
    expect(scene.lookUpsOf(stream)).toHaveLength(1);
  });

  test('a session that belongs to another user is not verified', async () => {
    const stream = scene.open();
    scene.backend = async () => ({ userId: 'another user' });
    await scene.silent(76 * second);
    expect(stream.ended?.reason).toBe('UNVERIFIED');
  });
});

describe('when heartbeats come again', () => {
  test('streams whose sessions could not be verified live on, since nothing was missed', async () => {
    const stream = scene.open();
    scene.backend = async () => {
      throw rejected('UPSTREAM_UNAVAILABLE');
    };
    await scene.silent(60 * second);
    scene.push.coveredUntil = performance.now();
    const lookedUp = scene.lookedUp.length;
    await scene.live(300 * second);
    expect(stream.ended).toBeUndefined();
    expect(scene.lookedUp).toHaveLength(lookedUp);
    expect(scene.kept.lines.map(({ msg }) => msg)).toContain('the push log is fresh again');
  });
});

describe('after a gap', () => {
  test('every session that was looked up before it is looked up once, and later ones are not', async () => {
    const before = Array.from({ length: 20 }, () => scene.open());
    await scene.live(20 * second);
    scene.verification.gap();
    await scene.live(1);
    const after = scene.open();
    await scene.live(200 * second);
    for (const stream of before) expect(scene.lookUpsOf(stream)).toHaveLength(1);
    expect(scene.lookUpsOf(after)).toEqual([]);
  });

  test('a stream that was being opened then is looked up, too', async () => {
    await scene.live(20 * second);
    const stream = scene.open();
    scene.streams.delete(stream);
    await scene.live(second);
    scene.verification.gap();
    await scene.live(3 * second);
    scene.streams.add(stream);
    await scene.live(20 * second);
    expect(scene.lookUpsOf(stream)).toHaveLength(1);
  });

  test('a session that was revoked within it has no stream 75 s after its revocation', async () => {
    const stream = scene.open();
    await scene.live(20 * second);
    scene.backend = async () => {
      throw rejected('SESSION_REVOKED');
    };
    await scene.silent(14 * second);
    scene.verification.gap();
    await scene.live(75 * second);
    expect(stream.ended?.reason).toBe('SESSION_REVOKED');
    expect(stream.ended?.atMs).toBeLessThanOrEqual(95 * second);
  });

  test('streams end with UNVERIFIED when the backend does not respond, though heartbeats come', async () => {
    const stream = scene.open();
    await scene.live(20 * second);
    scene.backend = async () => {
      throw rejected('UPSTREAM_UNAVAILABLE');
    };
    scene.verification.gap();
    await scene.live(62 * second);
    expect(stream.ended?.reason).toBe('UNVERIFIED');
  });

  test('one gap after the other does not put the end off', async () => {
    const stream = scene.open();
    scene.backend = async () => {
      throw rejected('UPSTREAM_UNAVAILABLE');
    };
    for (let i = 0; i < 8; i++) {
      scene.verification.gap();
      await scene.live(10 * second);
    }
    expect(stream.ended?.reason).toBe('UNVERIFIED');
    expect(stream.ended?.atMs).toBeLessThan(61 * second);
  });
});

describe('a stop', () => {
  test('ends look-ups that are under way and returns', async () => {
    vi.useRealTimers();
    const quick = new Scene({ staleAfterMs: 10, unverifiedAfterMs: 10_000 });
    let aborted = false;
    quick.backend = (_, signal) =>
      new Promise((_, reject) =>
        signal.addEventListener('abort', () => {
          aborted = true;
          reject(signal.reason);
        }),
      );
    for (let i = 0; i < 100; i++) quick.open();
    for (const end = Date.now() + 10_000; quick.lookedUp.length === 0 && Date.now() < end; ) await delay(5);
    await quick.stop();
    expect(aborted).toBe(true);
    expect(quick.kept.lines.filter(({ msg }) => msg.includes('could not'))).toEqual([]);
  });
});
