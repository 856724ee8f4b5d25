// The backend's notification worker, as a process of its own: notifies users of the lobby's decisions, by events and,
// where configured, by mails for the mail worker. Of any number of replicas one is active; see
// lib/backend/notifications/notification-intents.ts.
import { runNotificationWorker } from '../lib/backend/notifications/notification-worker.ts';
import { startNotificationWorker } from '../lib/backend/process/start-notification-worker.ts';
import type { Environment } from '../lib/config/variables.ts';
import { runProcess, startUnlessStopped, untilStopped } from '../lib/node/process.ts';

export async function runBackendNotifications(environment: Environment, stop: AbortSignal): Promise<void> {
  const notificationProcess = await startUnlessStopped(stop, () => startNotificationWorker(environment));
  const notifying = runNotificationWorker(notificationProcess.worker, stop);
  await untilStopped(notificationProcess, stop, () => notifying);
}

if (import.meta.main) await runProcess('backend-notifications', runBackendNotifications);
