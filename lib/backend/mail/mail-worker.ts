import { runTicks } from '../../node/tick-loop.ts';
import { inTransaction } from '../../postgres/transaction.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Database } from '../store/database.ts';
import { endMailWindows } from '../store/mail-windows.ts';
import { oldestWaitingMailMs } from '../store/mails.ts';
import { sawOldestWaitingMail } from './instruments.ts';
import type { MailSender } from './outgoing-mails.ts';

export type MailWorker = {
  readonly sender: MailSender;
  readonly db: Database;
  readonly intervalMs: number;
  /** How long notices are counted after their number was mailed. */
  readonly windowMs: number;
  readonly log: Logger;
};

/** Bounds a transaction. */
const windowsAtOnce = 100;

/** Runs until `stop` aborts; never rejects. */
export function runMailWorker(
  { sender, db, intervalMs, windowMs, log }: MailWorker,
  stop: AbortSignal,
): Promise<void> {
  return runTicks(
    {
      name: 'mail',
      intervalMs,
      tick: async () => {
        // First, so that no code waits for numbers of notices.
        sender.sendSoon();
        sawOldestWaitingMail(await oldestWaitingMailMs(db));
        await mailNumbers(db, windowMs, stop);
        sender.sendSoon();
      },
      log,
    },
    stop,
  );
}

async function mailNumbers(db: Database, windowMs: number, stop: AbortSignal): Promise<void> {
  let ended = windowsAtOnce;
  while (ended === windowsAtOnce && !stop.aborted) {
    ended = await inTransaction(db, (tx) => endMailWindows(tx, { windowMs, limit: windowsAtOnce }));
  }
}
