// The backend in one process, for small and local deployments: both HTTP listeners, the outbox relay, the notification
// worker and the mail worker. The same parts run as processes of their own in larger ones (infra/node/backend-http.ts,
// workers/backend-outbox-relay.ts, workers/backend-notifications.ts, workers/backend-mail.ts). The push log is served by
// workers/backend-push.ts, here as there.
import { createBackendApps } from '../handlers/backend/apps.ts';
import { openBackendListeners } from '../lib/backend/listeners.ts';
import { keepSendingMails } from '../lib/backend/mail/mail-worker.ts';
import { keepNotifying } from '../lib/backend/notifications/notification-worker.ts';
import { keepNotificationIntents } from '../lib/backend/notifications/upkeep.ts';
import { startBackend } from '../lib/backend/start.ts';
import type { Environment } from '../lib/config/variables.ts';
import { listenHttp } from '../lib/node/http-listener.ts';
import { runProcess, untilStopped } from '../lib/node/process.ts';
import { runRelay } from '../lib/outbox/relay.ts';

export async function runBackend(environment: Environment, stop: AbortSignal): Promise<void> {
  const backend = await startBackend(environment);
  const { config, context, streams, log } = backend;
  const apps = createBackendApps(config, { log, ready: () => !stop.aborted }, context, streams);
  const listeners = await openBackendListeners(apps, config, log, listenHttp);
  const workers = [
    runRelay(backend.relay, stop),
    keepNotificationIntents(backend.notificationUpkeep, stop),
    keepNotifying(backend.notificationWorker, stop),
    keepSendingMails(backend.mailWorker, stop),
  ];
  await untilStopped(backend, stop, () =>
    Promise.all([listeners.close(config.shutdownTimeoutMs), ...workers]),
  );
}

if (import.meta.main) await runProcess('backend', runBackend);
