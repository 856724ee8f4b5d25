// A real SMTP server on loopback, which stores the mails that it is sent.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { type ReceivedMail, readMail } from './mime.ts';

export type TestSmtpServer = {
  readonly port: number;
  readonly received: ReceivedMail[];
  /** Ends all connections and stops listening. */
  close(): Promise<void>;
};

export type Refuse = {
  /** Answers to the command: an SMTP status and text, or nothing to go on. */
  mailFrom?: (address: string) => [status: number, text: string] | undefined;
  rcptTo?: (address: string) => [status: number, text: string] | undefined;
  data?: () => [status: number, text: string] | undefined;
};

/** @param options.port of an earlier one, to be back where that was. */
export async function startSmtpServer(
  options: Omit<SMTPServerOptions, 'onData' | 'onRcptTo' | 'onMailFrom'> & {
    port?: number;
    refuse?: Refuse;
  } = {},
): Promise<TestSmtpServer> {
  const { port: wanted = 0, refuse = {}, ...rest } = options;
  const received: ReceivedMail[] = [];
  const response = (refusal: [number, string] | undefined) =>
    refusal === undefined ? null : Object.assign(new Error(refusal[1]), { responseCode: refusal[0] });
  const server = new SMTPServer({
    authOptional: rest.onAuth === undefined,
    // Without a certificate it offers no STARTTLS.
    hideSTARTTLS: rest.cert === undefined,
    logger: false,
    closeTimeout: 1,
    disableReverseLookup: true,
    ...rest,
    onMailFrom: ({ address }, _, callback) => callback(response(refuse.mailFrom?.(address))),
    onRcptTo: ({ address }, _, callback) => callback(response(refuse.rcptTo?.(address))),
    onData: (stream, session, callback) => {
      text(stream).then((raw) => {
        const refusal = refuse.data?.();
        if (refusal === undefined) {
          received.push(
            readMail(
              raw,
              session.envelope.rcptTo.map(({ address }) => address),
              session.secure,
            ),
          );
        }
        callback(response(refusal));
      }, callback);
    },
  });
  // Clients that go away in the middle are the point of some tests.
  server.on('error', () => {});
  server.listen(wanted, '127.0.0.1');
  await once(server.server, 'listening');
  return {
    port: (server.server.address() as AddressInfo).port,
    received,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
