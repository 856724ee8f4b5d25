// The backend's HTTP side on Node: sign-in, sessions, accounts and eligibility for gateway and lobby, users for
// admins. Stateless; any number of replicas. Workers are processes of their own (workers/backend-….ts).
import { createBackendApps } from '../../handlers/backend/apps.ts';
import { openBackendListeners } from '../../lib/backend/process/listeners.ts';
import { startBackendHttp } from '../../lib/backend/process/start.ts';
import type { Environment } from '../../lib/config/variables.ts';
import { listenHttp } from '../../lib/node/http-listener.ts';
import { runProcess, startUnlessStopped, untilStopped } from '../../lib/node/process.ts';

export async function runBackendHttp(environment: Environment, stop: AbortSignal): Promise<void> {
  const backend = await startUnlessStopped(stop, () => startBackendHttp(environment));
  const { config, context, streams, log } = backend;
  const apps = createBackendApps(config, { log, ready: () => !stop.aborted }, context, streams);
  const listeners = await openBackendListeners(apps, config, log, listenHttp);
  await untilStopped(backend, stop, () => listeners.close(config.shutdownTimeoutMs));
}

if (import.meta.main) await runProcess('backend-http', runBackendHttp);
