// The operators' console: pages for people who run the platform. It has no state; it signs operators in at the backend and
// acts for them through the internal APIs of the services.
import { createConsoleApp } from '../handlers/console/router.ts';
import type { Environment } from '../lib/config/variables.ts';
import { startConsole } from '../lib/console/process/start.ts';
import { connectionsPerAddress } from '../lib/http/client-address.ts';
import { defaultBounds, listenHttp } from '../lib/node/http-listener.ts';
import { openListeners } from '../lib/node/listeners.ts';
import { runProcess, startUnlessStopped, untilStopped } from '../lib/node/process.ts';

export async function runConsole(environment: Environment, stop: AbortSignal): Promise<void> {
  const { config, console } = await startUnlessStopped(stop, () => startConsole(environment));
  const { log } = console;
  const app = createConsoleApp(console, () => !stop.aborted);
  const { http } = config;
  const bounds = {
    ...defaultBounds,
    connections: 2_000,
    connectionsPerAddress: connectionsPerAddress(200, config.trustedProxies),
  };
  const listeners = await openListeners(
    [
      {
        name: 'console',
        address: http.addr,
        variable: 'CONSOLE_HTTP_ADDR',
        open: (log) => listenHttp(app, http.addr, http, log, bounds),
      },
    ],
    log,
  );
  const ended = { config, log, close: async () => {} };
  await untilStopped(ended, stop, () => listeners.close(config.shutdownTimeoutMs));
}

if (import.meta.main) await runProcess('console', runConsole);
