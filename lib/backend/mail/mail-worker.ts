// The mail worker: sends what the process that wrote it did not (it died, the server was away). Any number of
// replicas may run; outgoing-mails.ts says what makes that and a crash at any point safe.
import { start } from '../../config/startup.ts';
import type { Environment } from '../../config/variables.ts';
import { runTicks } from '../../node/tick-loop.ts';
import { createLogger, type Logger } from '../../telemetry/logger.ts';
import { type MailWorkerConfig, mailWorkerVariables } from '../config.ts';
import { postgresRequirement } from '../requirements.ts';
import type { Database } from '../store/database.ts';
import { oldestWaitingMailMs } from '../store/mails.ts';
import { sawOldestWaitingMail } from './instruments.ts';
import { mailChecks, openMail } from './open-mail.ts';
import type { MailSender } from './outgoing-mails.ts';

export type MailWorker = {
  readonly sender: MailSender;
  readonly db: Database;
  readonly intervalMs: number;
  readonly log: Logger;
};

/** What the mail worker needs, as a process of its own. @throws StartupError with every problem. */
export async function startMailWorker(
  environment: Environment,
): Promise<{ config: MailWorkerConfig; worker: MailWorker; log: Logger; close(): Promise<void> }> {
  const service = 'backend-mail';
  const { config, resources } = await start({
    environment,
    variables: mailWorkerVariables,
    checks: mailChecks,
    requirements: { postgres: postgresRequirement(createLogger({ service, level: 'warn' })) },
  });
  const log = createLogger({ service, level: config.logLevel });
  const { db } = resources.postgres;
  const { sender, close } = await openMail(config.mail, { secret: config.codeHmacKey, db, service, log });
  return {
    config,
    worker: { sender, db, intervalMs: config.mail.intervalMs, log },
    log,
    async close() {
      await close();
      await resources.postgres.close();
    },
  };
}

/** Runs until `stop` aborts; never rejects. */
export function keepSendingMails(
  { sender, db, intervalMs, log }: MailWorker,
  stop: AbortSignal,
): Promise<void> {
  return runTicks(
    {
      name: 'mail',
      intervalMs,
      tick: async () => {
        sender.sendSoon();
        sawOldestWaitingMail(await oldestWaitingMailMs(db));
      },
      log,
    },
    stop,
  );
}
