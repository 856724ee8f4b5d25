// The backend's outbox relay, as a process of its own: publishes session invalidations and user events that the
// process which decided them could not publish. Any number of replicas; lib/outbox/outbox.ts says why that is safe.
import { startOutboxRelay } from '../lib/backend/start.ts';
import type { Environment } from '../lib/config/variables.ts';
import { runProcess, untilStopped } from '../lib/node/process.ts';
import { runRelay } from '../lib/outbox/relay.ts';

export async function runBackendOutboxRelay(environment: Environment, stop: AbortSignal): Promise<void> {
  const relayProcess = await startOutboxRelay(environment);
  const relaying = runRelay(relayProcess.relay, stop);
  await untilStopped(relayProcess, stop, () => relaying);
}

if (import.meta.main) await runProcess('backend-outbox-relay', runBackendOutboxRelay);
