// A test backend whose mails go to an SMTP server, or to whatever a test puts in its place.

import type { Mailer } from '../../../lib/backend/mail/mail.ts';
import { createSmtpMailer } from '../../../lib/backend/mail/smtp-mailer.ts';
import { createOptOutTokens } from '../../../lib/backend/opt-out-tokens.ts';
import { unsubscribeUrls } from '../../../lib/backend/process/open-mail.ts';
import { smtpUrl } from '../../../lib/config/mail-types.ts';
import { secret, startTestBackend, type TestBackend } from './backend.ts';
import { startSmtpServer, type TestSmtpServer } from './smtp-server.ts';

export type MailOptions = { url: string; tls?: 'required' | 'optional'; timeoutMs?: number };

export type MailBackend = {
  readonly backend: TestBackend;
  /** Every mail goes there from now on. */
  use(mailer: Mailer): void;
  /** The same for an SMTP server. */
  mailTo(options: MailOptions): void;
  mailToServer(server: { port: number }, options?: Omit<MailOptions, 'url'>): void;
  /** A server that is gone with `reset`. */
  smtpServer(options?: Parameters<typeof startSmtpServer>[0]): Promise<TestSmtpServer>;
  /** Asks for a code and waits until its mail has been tried. @returns the id of the challenge. */
  ask(email: string, locale?: string, clientAddress?: string): Promise<string>;
  send: Mailer['send'];
  /** The rows of mails that are still to be sent. */
  waiting(): Promise<Record<string, unknown>[]>;
  /** The log lines of warnings, without what every line has. */
  warnings(): Record<string, unknown>[];
  onReset(cleanUp: () => Promise<void> | void): void;
  /** Between tests. */
  reset(): Promise<void>;
  close(): Promise<void>;
};

/** A mailer whose server cannot be reached. */
export const away: Mailer = { send: () => Promise.reject(new Error('away')), close: () => {} };

export async function startMailBackend(
  options: Omit<Parameters<typeof startTestBackend>[0] & {}, 'mailer'> = {},
): Promise<MailBackend> {
  const unsubscribeUrlOf = unsubscribeUrls('https://play.example.com', await createOptOutTokens(secret));
  let mailer = away;
  const send: Mailer['send'] = (mail) => mailer.send(mail);
  const backend = await startTestBackend({ ...options, mailer: { send, close: () => {} } });
  const cleanUps: (() => Promise<void> | void)[] = [];
  const mailTo = ({ url, tls = 'optional', timeoutMs = 5_000 }: MailOptions) => {
    const from = { name: 'Galaxy', address: 'noreply@galaxy.example' };
    const server = smtpUrl.parse(url);
    const made = createSmtpMailer({ server, from, tls, timeoutMs, maxConnections: 4, unsubscribeUrlOf });
    cleanUps.push(() => made.close());
    mailer = made;
  };
  return {
    backend,
    use: (other) => {
      mailer = other;
    },
    mailTo,
    mailToServer: ({ port }, options) => mailTo({ url: `smtp://127.0.0.1:${port}`, ...options }),
    async smtpServer(options) {
      const server = await startSmtpServer(options);
      cleanUps.push(() => server.close());
      return server;
    },
    async ask(email, locale, clientAddress) {
      const { status, body } = await backend.request('POST', '/api/v1/public/auth/send-email-code', {
        body: { email, ...(locale === undefined ? {} : { locale }) },
        headers: clientAddress === undefined ? {} : { 'X-Client-Address': clientAddress },
      });
      if (status !== 202) throw new Error(`send-email-code responded with ${status} ${JSON.stringify(body)}`);
      await backend.settled();
      return String(body.challenge_id);
    },
    send,
    waiting: async () => (await backend.pool.query('select * from backend.mails order by mail_id')).rows,
    warnings: () =>
      backend.logLines
        .map((line) => JSON.parse(line))
        .filter(({ level }) => level >= 40)
        .map(({ level: _, time: __, pid: ___, hostname: ____, ...line }) => line),
    onReset: (cleanUp) => cleanUps.push(cleanUp),
    async reset() {
      await backend.settled();
      for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
      await backend.pool.query('truncate backend.mails');
      backend.logLines.length = 0;
    },
    close: () => backend.close(),
  };
}
