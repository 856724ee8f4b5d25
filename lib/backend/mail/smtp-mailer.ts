// Sends mails to an SMTP server, over a few connections that are kept for the next mails. The server's certificate is
// always checked; without TLS nothing is sent unless that was allowed.
import { createTransport } from 'nodemailer';
import type { MailAddress, SmtpServer } from '../../config/mail-types.ts';
import { composeMail } from './compose.ts';
import { type Mailer, MailRefused } from './mail.ts';

export type SmtpOptions = {
  readonly server: SmtpServer;
  readonly from: MailAddress;
  /** `required`: what the server cannot encrypt is not sent. */
  readonly tls: 'required' | 'optional';
  /** Bound on sending one mail, connecting included. */
  readonly timeoutMs: number;
  readonly maxConnections: number;
};

export function createSmtpMailer({ server, from, tls, timeoutMs, maxConnections }: SmtpOptions): Mailer {
  const { host, port, secure, credentials } = server;
  const transport = createTransport({
    pool: true,
    maxConnections,
    host,
    port,
    secure,
    requireTLS: tls === 'required',
    ...(credentials === undefined ? {} : { auth: { user: credentials.user, pass: credentials.password } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const domain = from.address.slice(from.address.lastIndexOf('@') + 1);
  return {
    async send(mail) {
      const { subject, text, html, language } = await composeMail(mail);
      try {
        await transport.sendMail({
          from,
          // As an object: as a text it might be read as several addresses.
          to: { name: '', address: mail.to },
          subject,
          text,
          html,
          // The same whenever it is sent, so that a mailbox may know a repeat.
          messageId: `<${mail.mailId}@${domain}>`,
          headers: { 'Auto-Submitted': 'auto-generated', 'Content-Language': language },
          // A server that goes on answering, but never comes to an end, meets no other bound.
          signal: AbortSignal.timeout(timeoutMs),
        });
      } catch (error) {
        throw isRefusal(error) ? new MailRefused(error) : error;
      }
    },
    close: () => transport.close({ force: true }),
  };
}

/**
 * Whether the server refused this very mail (its sender, recipient or content) and would again. What it refuses to
 * everybody, such as a password, is for an operator to mend, and the mail waits for that.
 */
function isRefusal(error: unknown): boolean {
  const { code, permanent, responseCode } = error as {
    code?: string;
    permanent?: boolean;
    responseCode?: number;
  };
  if (code !== 'EENVELOPE' && code !== 'EMESSAGE') return false;
  // Without a response it did not come as far as the server.
  return permanent === true || responseCode === undefined;
}
