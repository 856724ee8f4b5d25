// An HTTP listener on Deno for a fetch-style app. Deno has no time-outs for slow or idle clients: put a proxy before it
// where strangers can reach it.
import { bind } from '../../lib/node/bind.ts';
import type { ListenHttp } from '../../lib/node/listeners.ts';

export const listenDeno: ListenHttp = async (app, address) => {
  const cut = new AbortController();
  const server = await bind(address, (hostname) =>
    Deno.serve(
      { hostname, port: address.port, onListen() {}, signal: cut.signal },
      (request, { remoteAddr }) => app.fetch(request, { peerAddress: remoteAddr.hostname }),
    ),
  );
  return {
    port: server.addr.port,
    async close(timeoutMs) {
      const timer = setTimeout(() => cut.abort(), timeoutMs);
      await server.shutdown();
      clearTimeout(timer);
    },
  };
};
