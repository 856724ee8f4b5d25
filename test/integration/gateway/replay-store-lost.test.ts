import { describe, expect, inject, it, vi } from 'vitest';
import { GatewayError } from '../../../lib/client/gateway-error.ts';
import { startTestGateway } from '../../support/gateway/gateway.ts';
import type { TestClient } from '../../support/gateway/test-client.ts';
import { startTcpProxy, type TcpProxy } from '../../support/network/tcp-proxy.ts';

const reasonOf = (client: TestClient): Promise<string> =>
  client.execute('lobby.game.list', {}).then(
    ({ resultCode }) => resultCode,
    (error: unknown) => {
      if (error instanceof GatewayError) return error.reason;
      throw error;
    },
  );

describe('a gateway whose Redis is away', () => {
  const losses: [string, (proxy: TcpProxy) => void][] = [
    ['refuses connections', (proxy) => proxy.cut()],
    ['does not respond', (proxy) => proxy.stall()],
  ];
  it.each(losses)('lets nothing pass while it %s, and serves again without a restart', async (_, lose) => {
    const proxy = await startTcpProxy({ host: '127.0.0.1', port: inject('redis').port });
    const gateway = await startTestGateway({
      GATEWAY_REDIS_ADDR: proxy.addr,
      GATEWAY_REDIS_OPERATION_TIMEOUT: '300ms',
    });
    try {
      const client = gateway.newClient();
      expect(await reasonOf(client)).toBe('ok');
      gateway.lobby.received.length = 0;

      lose(proxy);
      expect(await reasonOf(client)).toBe('REPLAY_STORE_UNAVAILABLE');
      expect(gateway.lobby.received).toEqual([]);

      proxy.heal();
      await vi.waitFor(async () => expect(await reasonOf(client)).toBe('ok'), {
        timeout: 10_000,
        interval: 100,
      });
    } finally {
      await gateway[Symbol.asyncDispose]();
      await proxy.close();
    }
  });
});
