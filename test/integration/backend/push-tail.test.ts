import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { encodeEventId } from '../../../lib/backend/domain/log-position.ts';
import type { Frame } from '../../../lib/backend/push/frames.ts';
import { pushLog } from '../../../lib/backend/push/log/binary-log.ts';
import { PushLogUnavailable } from '../../../lib/backend/push/log/log.ts';
import { PushTail, type TailListener } from '../../../lib/backend/push/tail.ts';
import { openRedis } from '../../../lib/redis/client.ts';
import { createLogger } from '../../../lib/telemetry/logger.ts';
import { TestPushLog } from '../../support/backend/push-log.ts';
import { startTcpProxy } from '../../support/network/tcp-proxy.ts';

const testLog = new TestPushLog();
const blockMs = 100;

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

class Listener implements TailListener {
  readonly got: Frame[] = [];
  losses = 0;

  get ids(): string[] {
    return this.got.map((frame) => encodeEventId(frame.position));
  }

  frames(frames: readonly Frame[]): void {
    this.got.push(...frames);
  }

  lost(): void {
    this.losses += 1;
  }
}

async function startTail() {
  const { host, port, password, db } = testLog.server;
  const proxy = await startTcpProxy({ host, port });
  closers.push(() => proxy.close());
  const addr = { host, port: Number(proxy.addr.split(':')[1]) };
  const redis = await openRedis({ addr, password, db, operationTimeoutMs: 1_000 }, () => {});
  closers.push(() => redis.disconnect());
  const reader = redis.duplicate({ commandTimeout: blockMs + 1_000 });
  reader.on('error', () => {});
  await reader.connect();
  const logger = createLogger({ service: 'test', level: 'silent' });
  const tail = new PushTail({ log: pushLog(redis), reader, blockMs, logger });
  const stop = new AbortController();
  const running = tail.run(stop.signal);
  closers.push(async () => {
    stop.abort();
    await running;
  });
  await tail.found;
  return { tail, proxy };
}

async function until(condition: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 10_000; !condition(); await delay(5)) {
    if (Date.now() > deadline) throw new Error('not within 10 s');
  }
}

describe('the tail of the push log', () => {
  test('passes every entry to attached listeners, in order, and none to detached ones', async () => {
    const { tail } = await startTail();
    const [stays, leaves] = [new Listener(), new Listener()];
    tail.attach(stays);
    tail.attach(leaves);
    const userId = randomUUID();
    const first = await testLog.append(userId);
    await until(() => leaves.got.length === 1);
    tail.detach(leaves);
    const second = await testLog.append(userId);
    await until(() => stays.got.length === 2);
    expect(stays.ids).toEqual([first.eventId, second.eventId]);
    expect(leaves.ids).toEqual([first.eventId]);
  });

  test('calls `lost` of its listeners when Redis does not respond any more, and finds the head again', async () => {
    const { tail, proxy } = await startTail();
    const listener = new Listener();
    tail.attach(listener);
    proxy.stall();
    await until(() => listener.losses === 1);
    expect(() => tail.attach(new Listener())).toThrow(PushLogUnavailable);

    await testLog.append(randomUUID());
    proxy.heal();
    const next = new Listener();
    await until(() => {
      try {
        tail.attach(next);
        return true;
      } catch (error) {
        if (error instanceof PushLogUnavailable) return false;
        throw error;
      }
    });
    const { eventId } = await testLog.append(randomUUID());
    await until(() => next.got.length === 1);
    expect(next.ids).toEqual([eventId]);
    expect(listener.got).toEqual([]);
  });

  test('notices a new epoch of the log whose clock is behind that of the old one', async () => {
    const { tail } = await startTail();
    const listener = new Listener();
    tail.attach(listener);
    await testLog.append(randomUUID());
    await until(() => listener.got.length === 1);

    const { redis, log } = testLog;
    const epoch = '0123456789abcdef';
    await redis
      .multi()
      .flushdb()
      .hset(log.epochKey, 'epoch', epoch, 'floor', '1000-0')
      .xadd(log.globalKey, '1001-0', 'kind', 'heartbeat', 'epoch', epoch, 'timestamp_ms', '1001')
      .exec();
    await until(() => listener.got.some(({ gap }) => gap));
    expect(listener.got.at(-1)?.position).toEqual({ epoch, id: { ms: 1_001, seq: 0 } });
    const { eventId } = await testLog.append(randomUUID());
    await until(() => listener.ids.includes(eventId));
  });

  test('stays where it is while nothing is written', async () => {
    const { tail } = await startTail();
    const listener = new Listener();
    tail.attach(listener);
    await delay(4 * blockMs);
    const { eventId } = await testLog.append(randomUUID());
    await until(() => listener.got.length > 0);
    expect(listener.ids).toEqual([eventId]);
    expect(listener.losses).toBe(0);
  });
});
