import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { freePort } from '../../../infra/local/child.ts';
import { startTestGateway, type TestGateway } from '../../support/gateway/gateway.ts';
import { gatewayProcess } from '../../support/gateway/gateway-process.ts';
import { preface, RawHttp2 } from '../../support/network/raw-http2.ts';
import { scrape } from '../../support/telemetry/prometheus-text.ts';

const count = 2_000;
const mebibyte = 1024 * 1024;

let gateway: TestGateway;
let metricsUrl: string;
let flood: RawHttp2[];
beforeEach(async () => {
  flood = [];
  const adminPort = await freePort();
  metricsUrl = `http://127.0.0.1:${adminPort}/metrics`;
  // A process of its own: the memory is then the gateway's and not the clients'.
  gateway = await startTestGateway(
    {
      GATEWAY_ADMIN_HTTP_ADDR: `127.0.0.1:${adminPort}`,
      GATEWAY_GRPC_MAX_CONNECTIONS_PER_ADDRESS: '5000',
      // Long enough for a busy machine to open all of them in.
      GATEWAY_GRPC_HANDSHAKE_TIMEOUT: '10s',
      GATEWAY_RATE_LIMIT_SESSION_READ: 'off',
      GATEWAY_RATE_LIMIT_USER_READ: 'off',
    },
    gatewayProcess().run,
  );
});
afterEach(async () => {
  for (const connection of flood) connection.destroy();
  await gateway[Symbol.asyncDispose]();
});

async function measured() {
  const { value } = await scrape(metricsUrl);
  return {
    connections: value('galaxy_gateway_connections_open', { listener: 'authenticated-grpc' }),
    bytes: value('galaxy_gateway_memory_bytes', { kind: 'rss' }),
  };
}

/** @param greeting what each client sends before it falls silent. */
async function openSilent(greeting: Buffer): Promise<void> {
  const others = (await measured()).connections;
  while (flood.length < count) {
    const batch = Array.from({ length: 100 }, () => RawHttp2.connect(gateway.grpcAddr));
    flood.push(...(await Promise.all(batch)));
    // Connected means in the kernel's queue only. When that is full, those who knock again wait for seconds.
    await vi.waitFor(
      async () => expect((await measured()).connections).toBeGreaterThanOrEqual(others + flood.length),
      { timeout: 20_000, interval: 10 },
    );
  }
  for (const connection of flood) connection.send(greeting);
}

describe.each([
  ['nothing', Buffer.alloc(0)],
  ['half of the preface', preface.subarray(0, 12)],
])('two thousand connections that send %s', (_, greeting) => {
  it('leave others served, are ended by the time-out, and give their memory back', {
    timeout: 60_000,
  }, async () => {
    const player = gateway.newClient();
    const command = () => player.execute('lobby.game.list', {});
    for (let warmUp = 0; warmUp < 50; warmUp += 1) await command();
    const before = await measured();

    await openSilent(greeting);
    const startedAt = performance.now();
    for (let request = 0; request < 20; request += 1) expect((await command()).resultCode).toBe('ok');
    // Long before the flood is over.
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect((await measured()).bytes - before.bytes).toBeLessThan(60 * mebibyte);

    await vi.waitFor(
      async () => expect((await measured()).connections).toBeLessThanOrEqual(before.connections),
      { timeout: 20_000, interval: 100 },
    );
    const open = () => flood.filter(({ closed }) => !closed).length;
    await vi.waitFor(() => expect(open()).toBe(0), { timeout: 20_000 });
    expect((await command()).resultCode).toBe('ok');

    // A second flood finds the room that the first one left.
    const afterOne = await measured();
    flood = [];
    await openSilent(greeting);
    expect((await measured()).bytes - afterOne.bytes).toBeLessThan(25 * mebibyte);
  });
});
