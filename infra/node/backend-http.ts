// The backend's HTTP side on Node: sign-in, sessions, accounts and eligibility, for the gateway and the lobby.
// Stateless; any number of replicas.
import { createBackendServiceApp } from '../../handlers/backend/service-router.ts';
import { openServiceListener } from '../../lib/backend/service-listener.ts';
import { startBackend } from '../../lib/backend/start.ts';
import type { Environment } from '../../lib/config/variables.ts';
import { aborted, runProcess, within } from '../../lib/node/process.ts';

export async function runBackendHttp(environment: Environment, stop: AbortSignal): Promise<void> {
  const { config, context, log, close } = await startBackend(environment);
  const { httpUrl, ...lobby } = config.lobby;
  const app = createBackendServiceApp(
    { ...config.http, log, ready: () => !stop.aborted },
    context,
    httpUrl === undefined ? undefined : { httpUrl, ...lobby },
  );
  const listener = await openServiceListener(app, config.http, log);

  await aborted(stop);
  log.info('draining');
  const ended = listener.close(config.shutdownTimeoutMs);
  const drained = await within(config.shutdownTimeoutMs, ended.then(close));
  log.info({ drained }, 'stopped');
}

if (import.meta.main) await runProcess('backend-http', runBackendHttp);
