// An HTTP listener on Bun for a fetch-style app. Of the time-outs Bun has one: how long a connection may send nothing.
import { bind } from '../../lib/node/bind.ts';
import type { ListenHttp } from '../../lib/node/listeners.ts';

const longestIdleSeconds = 255;

export const listenBun: ListenHttp = async (app, address, { idleTimeoutMs }) => {
  const server = await bind(address, (hostname) =>
    Bun.serve({
      hostname,
      port: address.port,
      idleTimeout: Math.min(Math.ceil(idleTimeoutMs / 1_000), longestIdleSeconds),
      fetch: (request, bun) => app.fetch(request, { peerAddress: bun.requestIP(request)?.address }),
    }),
  );
  return {
    port: server.port,
    async close(timeoutMs) {
      const cut = setTimeout(() => server.stop(true), timeoutMs);
      await server.stop();
      clearTimeout(cut);
    },
  };
};
