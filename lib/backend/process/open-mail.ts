// Opens what writes mails and what sends them, as configured.
import type { Check } from '../../config/startup.ts';
import { createLogger, type Logger } from '../../telemetry/logger.ts';
import type { BackendConfig } from '../config.ts';
import type { OutgoingMails } from '../context.ts';
import { mailInstruments } from '../mail/instruments.ts';
import { createLogMailer } from '../mail/log-mailer.ts';
import type { Mailer } from '../mail/mail.ts';
import { MailSender, writeMails } from '../mail/outgoing-mails.ts';
import { createMailSeal } from '../mail/seal.ts';
import { createSmtpMailer } from '../mail/smtp-mailer.ts';
import type { Database } from '../store/database.ts';

type MailConfig = BackendConfig['mail'];

export type OpenMail = {
  readonly mails: OutgoingMails;
  readonly sender: MailSender;
  /** Waits for the mails that are being sent, and closes the connections. */
  close(): Promise<void>;
};

/** @param parts.secret the secret of the sign-in codes. */
export async function openMail(
  config: MailConfig,
  parts: { secret: string; db: Database; service: string; log: Logger },
): Promise<OpenMail> {
  mailInstruments.start();
  const { secret, db, service, log } = parts;
  const seal = await createMailSeal(secret);
  const mailer = createMailer(config, service);
  const { smtpConnections: maxConcurrent, smtpTimeoutMs: timeoutMs } = config;
  const sender = new MailSender({
    db,
    seal,
    mailer,
    budget: config.codes,
    maxConcurrent,
    timeoutMs,
    now: () => new Date(),
    log,
  });
  if (config.mailer === 'log') {
    log.warn(
      'BACKEND_MAILER=log prints sign-in codes to this log: anyone who reads it can sign in as any user',
    );
  }
  return {
    mails: { write: (tx, mails) => writeMails(tx, seal, mails), sendSoon: () => sender.sendSoon() },
    sender,
    async close() {
      await sender.stop();
      mailer.close();
    },
  };
}

function createMailer(config: MailConfig, service: string): Mailer {
  // Always at level info: people read codes from this log.
  if (config.mailer === 'log') return createLogMailer(createLogger({ service, level: 'info' }));
  const { smtpServer: server, from, smtpTls: tls, smtpTimeoutMs, smtpConnections } = config;
  if (server === undefined || from === undefined) throw new TypeError('mailChecks must have passed');
  return createSmtpMailer({ server, from, tls, timeoutMs: smtpTimeoutMs, maxConnections: smtpConnections });
}

export const mailChecks: Check<{ readonly mail: MailConfig }>[] = [
  {
    needs: ['BACKEND_SMTP_URL', 'BACKEND_MAILER'],
    problem: ({ mail }) => (mail.smtpServer === undefined ? missing(mail) : undefined),
  },
  {
    needs: ['BACKEND_MAIL_FROM', 'BACKEND_MAILER'],
    problem: ({ mail }) => (mail.from === undefined ? missing(mail) : undefined),
  },
];

function missing({ mailer }: MailConfig): string | undefined {
  return mailer === 'smtp' ? 'is not set; BACKEND_MAILER=smtp needs it' : undefined;
}
