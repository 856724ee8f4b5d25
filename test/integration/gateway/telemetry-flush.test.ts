// What the gateway could not export must not keep it from ending.
import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../../infra/local/child.ts';
import { startTestGateway } from '../../support/gateway/gateway.ts';
import { gatewayProcess } from '../../support/gateway/gateway-process.ts';
import { startOtlpReceiver } from '../../support/telemetry/otlp-receiver.ts';

/** The drain of an idle gateway, the bound of the flush (2 s), and a slow machine. */
const boundMs = 8_000;

/** Runs one command in a gateway that exports to this collector; gives how long it took to end, in milliseconds. */
async function commandAndStop(collectorUrl: string): Promise<number> {
  const gateway = await startTestGateway(
    {
      OTEL_EXPORTER_OTLP_ENDPOINT: collectorUrl,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      GATEWAY_SHUTDOWN_TIMEOUT: '10s',
    },
    gatewayProcess().run,
  );
  try {
    await gateway.newClient().execute('lobby.game.list', {});
    const stoppedAt = performance.now();
    // Rejects for another exit code than 0.
    await gateway.stop();
    return performance.now() - stoppedAt;
  } finally {
    await gateway[Symbol.asyncDispose]();
  }
}

describe('a gateway that receives SIGTERM', { timeout: 60_000 }, () => {
  let silent: Server;
  let silentUrl: string;
  beforeAll(async () => {
    silent = createServer(() => {});
    const port = await freePort();
    await new Promise<void>((resolve) => silent.listen(port, '127.0.0.1', resolve));
    silentUrl = `http://127.0.0.1:${port}`;
  });
  afterAll(() => {
    silent.close();
  });

  it('ends in time with exit code 0 though its collector cannot be reached', async () => {
    expect(await commandAndStop(`http://127.0.0.1:${await freePort()}`)).toBeLessThan(boundMs);
  });

  it('ends in time with exit code 0 though its collector takes everything and never responds', async () => {
    expect(await commandAndStop(silentUrl)).toBeLessThan(boundMs);
  });

  it('sends what it has not exported yet', async () => {
    const collector = await startOtlpReceiver();
    await commandAndStop(collector.url);
    const spans = collector.spans.map(({ name }) => name);
    const metrics = collector.metrics.map(({ name }) => name);
    await collector.close();
    expect(spans).toContain('gateway.sign');
    expect(metrics).toContain('galaxy_gateway_commands_total');
  });
});
