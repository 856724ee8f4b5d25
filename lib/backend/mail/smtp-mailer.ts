// Sends mails to an SMTP server, over a small pool of connections. The server's certificate is always checked; without
// TLS no mail is sent unless the configuration allows it.
import { createTransport } from 'nodemailer';
import type { MailAddress, SmtpServer } from '../../config/mail-types.ts';
import { composeMail, type UnsubscribeUrl } from './compose.ts';
import { type Mailer, MailRefused, SenderRefused } from './mail.ts';

export type SmtpOptions = {
  readonly server: SmtpServer;
  readonly from: MailAddress;
  /** `required`: mails are sent over TLS only. */
  readonly tls: 'required' | 'optional';
  /** Limit for sending one mail, connecting included. */
  readonly timeoutMs: number;
  readonly maxConnections: number;
  readonly unsubscribeUrlOf?: UnsubscribeUrl | undefined;
};

export function createSmtpMailer(options: SmtpOptions): Mailer {
  const { server, from, tls, timeoutMs, maxConnections, unsubscribeUrlOf } = options;
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
      const { subject, text, html, language, unsubscribeUrl } = await composeMail(mail, unsubscribeUrlOf);
      try {
        await transport.sendMail({
          from,
          // As an object: a string might be parsed as several addresses.
          to: { name: '', address: mail.to },
          subject,
          text,
          html,
          // The same at every attempt, so that a mailbox can recognise a repeat.
          messageId: `<${mail.mailId}@${domain}>`,
          headers: {
            'Auto-Submitted': 'auto-generated',
            'Content-Language': language,
            ...(unsubscribeUrl !== undefined && oneClick(unsubscribeUrl)),
          },
          // The time-outs above do not end an exchange in which the server sends a little now and then.
          signal: AbortSignal.timeout(timeoutMs),
        });
      } catch (error) {
        throw failureOf(error);
      }
    },
    close: () => transport.close({ force: true }),
  };
}

/** RFC 8058: mailboxes show a button that sends a POST to this address, without asking the person again. */
function oneClick(url: string) {
  return { 'List-Unsubscribe': `<${url}>`, 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' };
}

/**
 * Tells whether the server refused this mail (its recipient or content) permanently. When it refuses every mail, as with
 * a wrong password or sender, an operator has to fix that, and the mail waits.
 */
function failureOf(error: unknown): unknown {
  const { code, command, permanent, responseCode } = error as {
    code?: string;
    command?: string;
    permanent?: boolean;
    responseCode?: number;
  };
  if (code !== 'EENVELOPE' && code !== 'EMESSAGE') return error;
  // Without a response the mail did not reach the server: nodemailer itself refused it.
  if (permanent !== true && responseCode !== undefined) return error;
  return command === 'MAIL FROM' ? new SenderRefused(error) : new MailRefused(error);
}
