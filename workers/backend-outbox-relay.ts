// The backend's outbox relay, as a process of its own: publishes session invalidations and user events that
// their writer could not publish, and maintains the stream that the notification worker reads. Any number of replicas;
// lib/outbox/outbox.ts says why that is safe.
import { maintainNotificationStream } from '../lib/backend/notifications/maintenance.ts';
import { startOutboxRelay } from '../lib/backend/process/start-outbox-relay.ts';
import type { Environment } from '../lib/config/variables.ts';
import { runProcess, startUnlessStopped, untilStopped } from '../lib/node/process.ts';
import { runRelay } from '../lib/outbox/relay.ts';

export async function runBackendOutboxRelay(environment: Environment, stop: AbortSignal): Promise<void> {
  const relayProcess = await startUnlessStopped(stop, () => startOutboxRelay(environment));
  const running = Promise.all([
    runRelay(relayProcess.relay, stop),
    maintainNotificationStream(relayProcess.notificationMaintenance, stop),
  ]);
  await untilStopped(relayProcess, stop, () => running);
}

if (import.meta.main) await runProcess('backend-outbox-relay', runBackendOutboxRelay);
