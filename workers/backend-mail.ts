// The backend's mail worker, as a process of its own: sends the mails that their writer could not send.
// Any number of replicas; lib/backend/mail/outgoing-mails.ts says why that is safe.
import { runMailWorker } from '../lib/backend/mail/mail-worker.ts';
import { startMailWorker } from '../lib/backend/process/start-mail-worker.ts';
import type { Environment } from '../lib/config/variables.ts';
import { runProcess, startUnlessStopped, untilStopped } from '../lib/node/process.ts';

export async function runBackendMail(environment: Environment, stop: AbortSignal): Promise<void> {
  const mailProcess = await startUnlessStopped(stop, () => startMailWorker(environment));
  const sending = runMailWorker(mailProcess.worker, stop);
  await untilStopped(mailProcess, stop, () => sending);
}

if (import.meta.main) await runProcess('backend-mail', runBackendMail);
