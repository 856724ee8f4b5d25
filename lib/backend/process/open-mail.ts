// Opens what writes mails and what sends them, as configured.
import type { Check } from '../../config/startup.ts';
import { createLogger, type Logger } from '../../telemetry/logger.ts';
import type { BackendConfig } from '../config.ts';
import type { OutgoingMails } from '../context.ts';
import type { UnsubscribeUrl } from '../mail/compose.ts';
import { mailInstruments } from '../mail/instruments.ts';
import { createLogMailer } from '../mail/log-mailer.ts';
import type { Mailer } from '../mail/mail.ts';
import { MailSender, writeMails } from '../mail/outgoing-mails.ts';
import { createMailSeal } from '../mail/seal.ts';
import { createSmtpMailer } from '../mail/smtp-mailer.ts';
import { createOptOutTokens, type OptOutTokens } from '../opt-out-tokens.ts';
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
  const { publicUrl } = config;
  const unsubscribeUrlOf =
    publicUrl === undefined ? undefined : unsubscribeUrls(publicUrl, await createOptOutTokens(secret));
  const mailer = createMailer(config, service, unsubscribeUrlOf);
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

/** Mails with codes and those about an account are always sent; others say how to be rid of them. */
export function unsubscribeUrls(publicUrl: string, tokens: OptOutTokens): UnsubscribeUrl {
  return async (content, language) => {
    if (content.kind !== 'notification' || content.user_id === undefined) return undefined;
    const token = await tokens.write({ userId: content.user_id, kind: content.type });
    return `${publicUrl}/api/v1/public/mail/unsubscribe?${new URLSearchParams({ token, language })}`;
  };
}

function createMailer(config: MailConfig, service: string, unsubscribeUrlOf?: UnsubscribeUrl): Mailer {
  // Always at level info: people read codes from this log.
  if (config.mailer === 'log')
    return createLogMailer(createLogger({ service, level: 'info' }), unsubscribeUrlOf);
  const { smtpServer: server, from, smtpTls: tls, smtpTimeoutMs, smtpConnections } = config;
  if (server === undefined || from === undefined) throw new TypeError('mailChecks must have passed');
  const bounds = { timeoutMs: smtpTimeoutMs, maxConnections: smtpConnections };
  return createSmtpMailer({ server, from, tls, ...bounds, unsubscribeUrlOf });
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
