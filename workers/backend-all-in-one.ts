// The backend in one process, for small and local deployments: both HTTP listeners, the outbox relay, the notification
// worker and the mail worker. The same parts run as processes of their own in larger ones (infra/node/backend-http.ts,
// workers/backend-outbox-relay.ts, workers/backend-notifications.ts, workers/backend-mail.ts). The push log is served
// by workers/backend-push.ts, here as there.
import { createBackendApps } from '../handlers/backend/apps.ts';
import { runAuditRetention } from '../lib/audit/retention.ts';
import { runMailWorker } from '../lib/backend/mail/mail-worker.ts';
import { maintainNotificationStream } from '../lib/backend/notifications/maintenance.ts';
import { runNotificationWorker } from '../lib/backend/notifications/notification-worker.ts';
import { openBackendListeners } from '../lib/backend/process/listeners.ts';
import { startBackend } from '../lib/backend/process/start.ts';
import { auditEntries } from '../lib/backend/store/schema.ts';
import type { Environment } from '../lib/config/variables.ts';
import { listenHttp } from '../lib/node/http-listener.ts';
import { runProcess, startUnlessStopped, untilStopped } from '../lib/node/process.ts';
import { runRelay } from '../lib/outbox/relay.ts';

export async function runBackend(environment: Environment, stop: AbortSignal): Promise<void> {
  const backend = await startUnlessStopped(stop, () => startBackend(environment));
  const { config, context, streams, log } = backend;
  const apps = createBackendApps(config, { log, ready: () => !stop.aborted }, context, streams);
  const listeners = await openBackendListeners(apps, config, log, listenHttp);
  const workers = [
    runRelay(backend.relay, stop),
    maintainNotificationStream(backend.notificationMaintenance, stop),
    runAuditRetention({ db: context.db, audit: auditEntries, log }, stop),
    runNotificationWorker(backend.notificationWorker, stop),
    runMailWorker(backend.mailWorker, stop),
  ];
  await untilStopped(backend, stop, () =>
    Promise.all([listeners.close(config.shutdownTimeoutMs), ...workers]),
  );
}

if (import.meta.main) await runProcess('backend', runBackend);
