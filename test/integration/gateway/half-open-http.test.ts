import type { Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startTestGateway, type TestGateway } from '../../support/gateway/gateway.ts';
import { openRaw } from '../../support/network/raw-http.ts';

let cleanUp = new AsyncDisposableStack();
afterEach(async () => {
  await cleanUp.disposeAsync();
  cleanUp = new AsyncDisposableStack();
});

async function startWith(variables: Record<string, string>): Promise<TestGateway> {
  return cleanUp.use(await startTestGateway(variables));
}

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

function memoryInUse(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const health = async (gateway: TestGateway) => (await fetch(`${gateway.httpUrl}/healthz`)).status;

/** Asks on a connection of its own; empty when that was cut. */
async function askHealth(gateway: TestGateway, from?: string): Promise<string> {
  const { socket, ended } = await openRaw(gateway.httpUrl, from);
  socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  return ended;
}

/** Connects and sends nothing. The sockets stay until the gateway ends them. */
async function openSilent(gateway: TestGateway, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  cleanUp.defer(() => {
    for (const socket of sockets) socket.destroy();
  });
  while (sockets.length < count) {
    // No more at once than the kernel keeps waiting for a server to accept them.
    const batch = Math.min(100, count - sockets.length);
    const opened = await Promise.all(Array.from({ length: batch }, () => openRaw(gateway.httpUrl)));
    sockets.push(...opened.map(({ socket }) => socket));
  }
  return sockets;
}

const open = (sockets: Socket[]) => sockets.filter(({ closed }) => !closed).length;

describe('two thousand connections that send nothing', () => {
  it('leave others served, are ended by the header time-out, and give their memory back', {
    timeout: 60_000,
  }, async () => {
    const gateway = await startWith({
      GATEWAY_PUBLIC_HTTP_READ_HEADER_TIMEOUT: '10s',
      GATEWAY_PUBLIC_HTTP_MAX_CONNECTIONS_PER_ADDRESS: '5000',
    });
    expect(await health(gateway)).toBe(200);
    const before = memoryInUse();

    const flood = await openSilent(gateway, 2_000);
    expect(open(flood)).toBe(2_000);
    for (let request = 0; request < 20; request += 1) expect(await health(gateway)).toBe(200);

    await vi.waitFor(() => expect(open(flood)).toBe(0), { timeout: 30_000, interval: 50 });
    expect(await health(gateway)).toBe(200);
    flood.length = 0;
    // Both ends live in this process, so this is what either of them has kept.
    await vi.waitFor(() => expect(memoryInUse() - before).toBeLessThan(4 * 1024 * 1024), { timeout: 20_000 });
  });
});

describe('connections over their bound', () => {
  it('make those give way that have asked for nothing yet, the oldest first', async () => {
    const gateway = await startWith({
      GATEWAY_PUBLIC_HTTP_MAX_CONNECTIONS: '20',
      GATEWAY_PUBLIC_HTTP_READ_HEADER_TIMEOUT: '1m',
      GATEWAY_PUBLIC_HTTP_READ_TIMEOUT: '1m',
    });
    const flood = await openSilent(gateway, 40);
    await vi.waitFor(() => expect(open(flood)).toBeLessThanOrEqual(20), { timeout: 10_000 });
    for (let client = 0; client < 10; client += 1) {
      expect(await askHealth(gateway)).toMatch(/^HTTP\/1\.1 200 /);
    }
    expect(flood[39]?.destroyed).toBe(false);
  });

  it('of one address are cut at once, and places are free again when its connections end', async () => {
    const gateway = await startWith({ GATEWAY_PUBLIC_HTTP_MAX_CONNECTIONS_PER_ADDRESS: '5' });
    const flood = await openSilent(gateway, 10);
    // One place may be that of the connection which `fetch` has kept.
    await vi.waitFor(() => expect([4, 5]).toContain(open(flood)), { timeout: 10_000 });
    expect(await askHealth(gateway)).toBe('');
    for (const socket of flood) socket.destroy();
    await vi.waitFor(async () => expect(await askHealth(gateway)).toMatch(/^HTTP\/1\.1 200 /), {
      timeout: 10_000,
    });
  });

  it('of a trusted proxy are not bounded by address', async () => {
    const gateway = await startWith({
      GATEWAY_PUBLIC_HTTP_MAX_CONNECTIONS_PER_ADDRESS: '1',
      GATEWAY_TRUSTED_PROXIES: '127.0.0.1',
    });
    const flood = await openSilent(gateway, 20);
    expect(await health(gateway)).toBe(200);
    expect(open(flood)).toBe(20);
  });

  // Other systems have one loopback address only.
  it.runIf(process.platform === 'linux')('of one address leave other addresses served', async () => {
    const gateway = await startWith({ GATEWAY_PUBLIC_HTTP_MAX_CONNECTIONS_PER_ADDRESS: '5' });
    await openSilent(gateway, 5);
    expect(await askHealth(gateway)).toBe('');
    expect(await askHealth(gateway, '127.0.0.2')).toMatch(/^HTTP\/1\.1 200 /);
  });
});
