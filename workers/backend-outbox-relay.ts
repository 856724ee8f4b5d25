// The backend's outbox relay, as a process of its own: publishes session invalidations and user events that
// their writer could not publish, maintains the stream that the notification worker reads, and deletes old entries of the
// audit log. Any number of replicas; lib/outbox/outbox.ts says why that is safe.
import { runAuditRetention } from '../lib/audit/retention.ts';
import { maintainNotificationStream } from '../lib/backend/notifications/maintenance.ts';
import { startOutboxRelay } from '../lib/backend/process/start-outbox-relay.ts';
import { auditEntries } from '../lib/backend/store/schema.ts';
import type { Environment } from '../lib/config/variables.ts';
import { runProcess, startUnlessStopped, untilStopped } from '../lib/node/process.ts';
import { runRelay } from '../lib/outbox/relay.ts';

export async function runBackendOutboxRelay(environment: Environment, stop: AbortSignal): Promise<void> {
  const relayProcess = await startUnlessStopped(stop, () => startOutboxRelay(environment));
  const { db, log } = relayProcess.relay;
  const running = Promise.all([
    runRelay(relayProcess.relay, stop),
    maintainNotificationStream(relayProcess.notificationMaintenance, stop),
    runAuditRetention({ db, audit: auditEntries, log }, stop),
  ]);
  await untilStopped(relayProcess, stop, () => running);
}

if (import.meta.main) await runProcess('backend-outbox-relay', runBackendOutboxRelay);
