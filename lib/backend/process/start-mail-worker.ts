import { start } from '../../config/startup.ts';
import type { Environment } from '../../config/variables.ts';
import { createLogger, type Logger } from '../../telemetry/logger.ts';
import { type MailWorkerConfig, mailWorkerVariables } from '../config.ts';
import type { MailWorker } from '../mail/mail-worker.ts';
import { mailChecks, openMail } from './open-mail.ts';
import { postgresRequirement } from './requirements.ts';

/** Opens what the mail worker needs as a process of its own. @throws StartupError with every problem. */
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
    worker: { sender, db, intervalMs: config.mail.intervalMs, windowMs: config.mailWindowMs, log },
    log,
    async close() {
      await close();
      await resources.postgres.close();
    },
  };
}
