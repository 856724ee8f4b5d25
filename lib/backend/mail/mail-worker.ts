import { runTicks } from '../../node/tick-loop.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Database } from '../store/database.ts';
import { oldestWaitingMailMs } from '../store/mails.ts';
import { sawOldestWaitingMail } from './instruments.ts';
import type { MailSender } from './outgoing-mails.ts';

export type MailWorker = {
  readonly sender: MailSender;
  readonly db: Database;
  readonly intervalMs: number;
  readonly log: Logger;
};

/** Runs until `stop` aborts; never rejects. */
export function runMailWorker({ sender, db, intervalMs, log }: MailWorker, stop: AbortSignal): Promise<void> {
  return runTicks(
    {
      name: 'mail',
      intervalMs,
      tick: async () => {
        const waitedMs = await oldestWaitingMailMs(db);
        sawOldestWaitingMail(waitedMs ?? 0);
        if (waitedMs !== undefined) sender.sendSoon();
      },
      log,
    },
    stop,
  );
}
