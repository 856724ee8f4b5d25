import { runTicks } from '../../node/tick-loop.ts';
import { inTransaction } from '../../postgres/transaction.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Database } from '../store/database.ts';
import { deleteOldMailHistory } from '../store/mail-history.ts';
import { endMailWindows, isMailWindowOver } from '../store/mail-windows.ts';
import { oldestWaitingMailMs } from '../store/mails.ts';
import { sawOldestWaitingMail } from './instruments.ts';
import type { MailSender } from './outgoing-mails.ts';

/** How long it is known what became of a mail. */
export const historyKeptMs = 30 * 24 * 3_600_000;
const forgetIntervalMs = 600_000;
const forgottenAtOnce = 1_000;

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
export async function runMailWorker(
  { sender, db, intervalMs, windowMs, log }: MailWorker,
  stop: AbortSignal,
): Promise<void> {
  const forgetting = runTicks(
    {
      name: 'mail history',
      intervalMs: forgetIntervalMs,
      tick: (stopped) => forgetOldMails(db, stopped),
      log,
    },
    stop,
  );
  await runTicks(
    {
      name: 'mail',
      intervalMs,
      tick: async () => {
        // First, so that no code waits for numbers of notices. To claim mails where there are none costs more than to look.
        const waitedMs = await oldestWaitingMailMs(db);
        sawOldestWaitingMail(waitedMs ?? 0);
        if (waitedMs !== undefined) sender.sendSoon();
        if (await mailNumbers(db, windowMs, stop)) sender.sendSoon();
      },
      log,
    },
    stop,
  );
  await forgetting;
}

async function forgetOldMails(db: Database, stop: AbortSignal): Promise<void> {
  let deleted = forgottenAtOnce;
  while (deleted === forgottenAtOnce && !stop.aborted) {
    const before = new Date(Date.now() - historyKeptMs);
    deleted = await deleteOldMailHistory(db, { before, limit: forgottenAtOnce });
  }
}

/** @returns whether there may be such mails. */
async function mailNumbers(db: Database, windowMs: number, stop: AbortSignal): Promise<boolean> {
  if (!(await isMailWindowOver(db))) return false;
  let ended = windowsAtOnce;
  while (ended === windowsAtOnce && !stop.aborted) {
    ended = await inTransaction(db, (tx) => endMailWindows(tx, { windowMs, limit: windowsAtOnce }));
  }
  return true;
}
