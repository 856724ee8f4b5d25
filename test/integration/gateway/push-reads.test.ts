// The channel on which a gateway reads users' events, against replicas behind one name whose addresses change.
import { promises as dns } from 'node:dns';
import { setTimeout as delay } from 'node:timers/promises';
import { Metadata, Server, ServerCredentials, type sendUnaryData, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { freePort } from '../../../infra/local/child.ts';
import { PushReads } from '../../../lib/gateway/push/push-reads.ts';
import {
  PushService,
  type ReadUserEventsResponse,
} from '../../../lib/protocol/generated/galaxy/push/v1/push.ts';

const userId = '0b9a6f0e-6f0c-4c6e-9d6c-1f2e3d4c5b6a';
const never = new AbortController().signal;

let port: number;
/** What the name of the push service resolves to. */
let addresses: string[];

const closers: (() => void)[] = [];
beforeEach(async () => {
  port = await freePort();
  const lookup = async () => addresses.map((address) => ({ address, family: 4 }));
  vi.spyOn(dns, 'lookup').mockImplementation(lookup as unknown as typeof dns.lookup);
});
afterEach(() => {
  for (const close of closers.splice(0)) close();
  vi.restoreAllMocks();
});

/** A replica of the push service. Its connections live, whatever it does with reads. */
class Replica {
  readonly address: string;
  reads = 0;
  /** Longest time to a response, chosen by chance; `never` keeps every read waiting. */
  respondsAfterMs: number | 'never' = 0;
  status: status = status.OK;
  readonly #server = new Server({ 'grpc.enable_channelz': 0 });

  constructor(address: string) {
    this.address = address;
    const { readUserEvents } = PushService;
    this.#server.addService(
      { readUserEvents },
      {
        readUserEvents: async (_: unknown, callback: sendUnaryData<ReadUserEventsResponse>) => {
          this.reads += 1;
          if (this.respondsAfterMs === 'never') return;
          await delay(Math.random() * this.respondsAfterMs);
          if (this.status !== status.OK) callback({ code: this.status, details: 'it is sick' });
          else callback(null, { found: false, events: [], headEventId: 'e1' });
        },
      },
    );
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve, reject) =>
      this.#server.bindAsync(`${this.address}:${port}`, ServerCredentials.createInsecure(), (error) =>
        error === null ? resolve() : reject(error),
      ),
    );
    closers.push(() => this.stop());
    return this;
  }

  stop(): void {
    this.#server.forceShutdown();
  }
}

function openReads(options: { timeoutMs?: number; lifetimeMs?: number } = {}): PushReads {
  const target = `push.galaxy.test:${port}`;
  const reads = new PushReads({
    target,
    metadata: new Metadata(),
    timeoutMs: 3_000,
    lifetimeMs: 60_000,
    ...options,
  });
  closers.push(() => reads.close());
  return reads;
}

const read = (reads: PushReads) => reads.read({ userId, afterEventId: '' }, never);

describe('reads of users’ events', () => {
  test('follow the service to another address, at once', async () => {
    const old = await new Replica('127.0.0.2').start();
    addresses = [old.address];
    const reads = openReads();
    await read(reads);
    const moved = await new Replica('127.0.0.3').start();
    addresses = [moved.address];
    old.stop();
    await vi.waitFor(() => read(reads), { timeout: 10_000, interval: 100 });
    expect(moved.reads).toBe(1);
  });

  test('go to another replica, within their time, when theirs lives but does not respond', async () => {
    const sick = await new Replica('127.0.0.2').start();
    addresses = [sick.address];
    const reads = openReads();
    await read(reads);
    const healthy = await new Replica('127.0.0.3').start();
    addresses = [healthy.address];
    sick.respondsAfterMs = 'never';
    await read(reads);
    await read(reads);
    expect([sick.reads, healthy.reads]).toEqual([2, 2]);
  });

  test('go to another replica when theirs says that it is unavailable', async () => {
    const sick = await new Replica('127.0.0.2').start();
    addresses = [sick.address];
    const reads = openReads();
    await read(reads);
    const healthy = await new Replica('127.0.0.3').start();
    addresses = [healthy.address];
    sick.status = status.UNAVAILABLE;
    await vi.waitFor(() => read(reads), { timeout: 10_000, interval: 100 });
    expect(healthy.reads).toBe(1);
  });

  test('do not flood a service that refuses them all with connections', async () => {
    const sick = await new Replica('127.0.0.2').start();
    addresses = [sick.address];
    sick.status = status.UNAVAILABLE;
    const reads = openReads();
    const before = vi.mocked(dns.lookup).mock.calls.length;
    const began = performance.now();
    for (let i = 0; i < 200; i++) {
      await expect(read(reads)).rejects.toMatchObject({ retryable: true, unreachable: true });
    }
    const seconds = (performance.now() - began) / 1_000;
    expect(vi.mocked(dns.lookup).mock.calls.length - before).toBeLessThanOrEqual(1 + Math.ceil(seconds));
  });

  test('spread over the replicas behind one name as channels are replaced, and none fails', async () => {
    const replicas = [await new Replica('127.0.0.2').start(), await new Replica('127.0.0.3').start()];
    addresses = replicas.map(({ address }) => address);
    // Many reads run longer than their channel is used.
    for (const replica of replicas) replica.respondsAfterMs = 400;
    const reads = openReads({ lifetimeMs: 250 });
    const spread = () => replicas.every((replica) => replica.reads >= 20);
    const deadline = Date.now() + 20_000;
    const readOn = async () => {
      while (!spread() && Date.now() < deadline) await read(reads);
    };
    await Promise.all(Array.from({ length: 16 }, readOn));
    expect(replicas.map((replica) => replica.reads >= 20)).toEqual([true, true]);
  });

  test('end when the gateway stops', async () => {
    const replica = await new Replica('127.0.0.2').start();
    addresses = [replica.address];
    replica.respondsAfterMs = 200;
    const reads = openReads();
    const running = read(reads);
    reads.close();
    await expect(running).resolves.toMatchObject({ headEventId: 'e1' });
    await expect(read(reads)).rejects.toThrow();
  });
});
