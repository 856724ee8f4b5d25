// The backend's HTTP side on Node: sign-in, sessions, accounts and eligibility for gateway and lobby, users for
// admins. Stateless; any number of replicas. The outbox relay runs beside it (workers/backend-outbox-relay.ts).
import { createBackendApps } from '../../handlers/backend/apps.ts';
import { openBackendListeners } from '../../lib/backend/listeners.ts';
import { startBackend } from '../../lib/backend/start.ts';
import type { Environment } from '../../lib/config/variables.ts';
import { aborted, runProcess, within } from '../../lib/node/process.ts';

export async function runBackendHttp(environment: Environment, stop: AbortSignal): Promise<void> {
  const { config, context, log, close } = await startBackend(environment);
  const apps = createBackendApps(config, { log, ready: () => !stop.aborted }, context);
  const listeners = await openBackendListeners(apps, config, log);

  await aborted(stop);
  log.info('draining');
  const ended = listeners.close(config.shutdownTimeoutMs);
  const drained = await within(config.shutdownTimeoutMs, ended.then(close));
  log.info({ drained }, 'stopped');
}

if (import.meta.main) await runProcess('backend-http', runBackendHttp);
