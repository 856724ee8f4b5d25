// The backend's outbox relay, as a process of its own: publishes session invalidations and user events that the
// process which decided them could not publish. Any number of replicas; lib/outbox/outbox.ts says why that is safe.
import { startOutboxRelay } from '../lib/backend/start.ts';
import type { Environment } from '../lib/config/variables.ts';
import { aborted, runProcess, within } from '../lib/node/process.ts';
import { runRelay } from '../lib/outbox/relay.ts';

export async function runBackendOutboxRelay(environment: Environment, stop: AbortSignal): Promise<void> {
  const { config, relay, log, close } = await startOutboxRelay(environment);
  const relaying = runRelay(relay, stop);

  await aborted(stop);
  log.info('draining');
  const drained = await within(config.shutdownTimeoutMs, relaying.then(close));
  log.info({ drained }, 'stopped');
}

if (import.meta.main) await runProcess('backend-outbox-relay', runBackendOutboxRelay);
