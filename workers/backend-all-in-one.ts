// The backend in one process, for small and local deployments: both HTTP listeners, the outbox relay, the notification
// worker and the mail worker. The same parts run as processes of their own in larger ones (infra/node/backend-http.ts,
// workers/backend-outbox-relay.ts, workers/backend-notifications.ts, workers/backend-mail.ts). The push log is served by
// workers/backend-push.ts, here as there.
import { createBackendApps } from '../handlers/backend/apps.ts';
import { openBackendListeners } from '../lib/backend/listeners.ts';
import { keepSendingMails } from '../lib/backend/mail/mail-worker.ts';
import { keepNotifying } from '../lib/backend/notifications/notification-worker.ts';
import { startBackend } from '../lib/backend/start.ts';
import type { Environment } from '../lib/config/variables.ts';
import { aborted, runProcess, within } from '../lib/node/process.ts';
import { runRelay } from '../lib/outbox/relay.ts';

export async function runBackend(environment: Environment, stop: AbortSignal): Promise<void> {
  const { config, context, relay, mailWorker, notificationWorker, log, close } =
    await startBackend(environment);
  const apps = createBackendApps(config, { log, ready: () => !stop.aborted }, context);
  const listeners = await openBackendListeners(apps, config, log);
  const workers = [
    runRelay(relay, stop),
    keepNotifying(notificationWorker, stop),
    keepSendingMails(mailWorker, stop),
  ];

  await aborted(stop);
  log.info('draining');
  const ended = Promise.all([listeners.close(config.shutdownTimeoutMs), ...workers]);
  const drained = await within(config.shutdownTimeoutMs, ended.then(close));
  log.info({ drained }, 'stopped');
}

if (import.meta.main) await runProcess('backend', runBackend);
