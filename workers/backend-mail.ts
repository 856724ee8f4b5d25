// The backend's mail worker, as a process of its own: sends the mails that the process which wrote them could not send.
// Any number of replicas; lib/backend/mail/outgoing-mails.ts says why that is safe.
import { keepSendingMails, startMailWorker } from '../lib/backend/mail/mail-worker.ts';
import type { Environment } from '../lib/config/variables.ts';
import { aborted, runProcess, within } from '../lib/node/process.ts';

export async function runBackendMail(environment: Environment, stop: AbortSignal): Promise<void> {
  const { config, worker, log, close } = await startMailWorker(environment);
  const sending = keepSendingMails(worker, stop);

  await aborted(stop);
  log.info('draining');
  const drained = await within(config.shutdownTimeoutMs, sending.then(close));
  log.info({ drained }, 'stopped');
}

if (import.meta.main) await runProcess('backend-mail', runBackendMail);
