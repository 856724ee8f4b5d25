// Mails and an SMTP server that makes trouble: refuses, is away, is slow, cannot encrypt.
import { createServer, type Socket } from 'node:net';
import { setDefaultCACertificates } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mailSenderRefused } from '../../../lib/backend/mail/instruments.ts';
import { type MailBackend, startMailBackend } from '../../support/backend/mail-backend.ts';
import { startSmtpServer } from '../../support/backend/smtp-server.ts';
import { selfSigned } from '../../support/network/certificate.ts';

const certificate = selfSigned();
setDefaultCACertificates([certificate.cert]);

let mail: MailBackend;
beforeAll(async () => {
  mail = await startMailBackend();
});
afterAll(() => mail.close());

let email: string;
let players = 0;
beforeEach(() => {
  players += 1;
  email = `player${players}@example.com`;
});
afterEach(() => mail.reset());

const refusedSenders = () => [...mailSenderRefused.series()].reduce((sum, { value }) => sum + value, 0);

describe('a server that refuses', () => {
  it('a mailbox permanently: its mail is not sent again, and the other mails are sent at once', async () => {
    const server = await mail.smtpServer({
      refuse: {
        rcptTo: (to) => (to.startsWith('bad') ? [550, `5.1.1 <${to}>: nobody of that name`] : undefined),
      },
    });
    mail.mailToServer(server);
    const bad = await mail.ask(`bad-${email}`, 'en');
    await mail.ask(email, 'en');
    expect(server.received.map(({ recipients }) => recipients)).toEqual([[email]]);
    expect(await mail.waiting()).toEqual([]);
    expect(mail.warnings()).toEqual([
      {
        mail_id: bad,
        reason: 'refused',
        failures: 0,
        code: 'EENVELOPE',
        command: 'RCPT TO',
        status: '550 5.1.1',
        msg: 'mail given up',
      },
    ]);
    expect(mail.backend.logLines.join()).not.toContain(email);
  });

  it('the content permanently is not sent the mail again', async () => {
    const server = await mail.smtpServer({ refuse: { data: () => [554, '5.7.1 spam'] } });
    mail.mailToServer(server);
    const mailId = await mail.ask(email);
    expect(await mail.waiting()).toEqual([]);
    expect(mail.warnings()).toMatchObject([
      { mail_id: mailId, reason: 'refused', code: 'EMESSAGE', command: 'DATA' },
    ]);
  });

  it('the sender permanently loses no mail: they wait until an operator has fixed it, and are counted', async () => {
    let refusal: [number, string] | undefined = [553, '5.7.1 not yours'];
    const server = await mail.smtpServer({ refuse: { mailFrom: () => refusal } });
    mail.mailToServer(server);
    const counted = refusedSenders();
    const mailId = await mail.ask(email);
    expect((await mail.waiting()).map(({ mail_id, failures }) => [mail_id, failures])).toEqual([[mailId, 1]]);
    expect(refusedSenders() - counted).toBe(1);
    expect(mail.warnings()).toEqual([
      {
        mail_id: mailId,
        failures: 1,
        code: 'EENVELOPE',
        command: 'MAIL FROM',
        status: '553 5.7.1',
        msg: 'mail could not be sent',
      },
    ]);
    refusal = undefined;
    await mail.backend.sendMails();
    expect(server.received.map(({ recipients }) => recipients)).toEqual([[email]]);
    expect(await mail.waiting()).toEqual([]);
  });

  it('for now gets it again, once', async () => {
    let refusals = 2;
    const server = await mail.smtpServer({
      refuse: { rcptTo: () => (refusals-- > 0 ? [451, '4.7.1 try again later'] : undefined) },
    });
    mail.mailToServer(server);
    const mailId = await mail.ask(email);
    expect(server.received).toEqual([]);
    expect((await mail.waiting()).map(({ mail_id, failures }) => [mail_id, failures])).toEqual([[mailId, 1]]);
    await mail.backend.sendMails();
    expect((await mail.waiting()).map(({ failures }) => failures)).toEqual([2]);
    await mail.backend.sendMails();
    expect(server.received.length).toBe(1);
    expect(await mail.waiting()).toEqual([]);
    await mail.backend.sendMails();
    expect(server.received.length).toBe(1);
    expect(mail.warnings().map(({ msg, status, failures }) => [msg, status, failures])).toEqual([
      ['mail could not be sent', '451 4.7.1', 1],
      ['mail could not be sent', '451 4.7.1', 2],
    ]);
  });

  it('the password keeps all mails waiting until an operator has fixed it, and shows it in no log', async () => {
    const server = await mail.smtpServer({
      onAuth: ({ username, password }, _, callback) =>
        username === 'galaxy' && password === 'right:%'
          ? callback(null, { user: 'galaxy' })
          : callback(Object.assign(new Error('5.7.8 wrong'), { responseCode: 535 })),
      allowInsecureAuth: true,
    });
    const url = (password: string) =>
      `smtp://galaxy:${encodeURIComponent(password)}@127.0.0.1:${server.port}`;
    mail.mailTo({ url: url('hunter2') });
    await mail.ask(email);
    expect((await mail.waiting()).length).toBe(1);
    expect(mail.warnings()).toMatchObject([
      { msg: 'mail could not be sent', code: 'EAUTH', status: '535 5.7.8' },
    ]);
    expect(mail.backend.logLines.join()).not.toContain('hunter2');
    mail.mailTo({ url: url('right:%') });
    await mail.backend.sendMails();
    expect(server.received.length).toBe(1);
  });
});

describe('a server that is away', () => {
  it('gets the mail when it is back, and no request ever waited for it', async () => {
    const first = await startSmtpServer();
    const { port } = first;
    await first.close();
    mail.mailToServer({ port });
    const mailId = await mail.ask(email);
    expect(mail.warnings()).toMatchObject([
      { msg: 'mail could not be sent', mail_id: mailId, problem: expect.stringContaining('ECONNREFUSED') },
    ]);
    const back = await mail.smtpServer({ port });
    await mail.backend.sendMails();
    expect(back.received.map(({ recipients }) => recipients)).toEqual([[email]]);
    expect(await mail.waiting()).toEqual([]);
  });

  it('between two mails is found again, by a mailer that had kept its connection', async () => {
    const first = await startSmtpServer();
    const { port } = first;
    mail.mailToServer({ port });
    await mail.ask(email);
    expect(first.received.length).toBe(1);
    await first.close();
    const back = await mail.smtpServer({ port });
    await mail.ask(email);
    await mail.backend.sendMails();
    expect(back.received.length).toBe(1);
    expect(await mail.waiting()).toEqual([]);
  });

  it('in the middle of a mail gets it again', async () => {
    let hangUp = true;
    const server = await mail.smtpServer({
      onConnect: (_, callback) => callback(),
      refuse: {
        data: () => {
          if (!hangUp) return undefined;
          hangUp = false;
          return [421, '4.3.2 shutting down'];
        },
      },
    });
    mail.mailToServer(server);
    await mail.ask(email);
    expect((await mail.waiting()).length).toBe(1);
    await mail.backend.sendMails();
    expect(server.received.length).toBe(1);
  });

  it.each([
    ['says nothing', () => {}],
    [
      'never comes to an end',
      (socket: Socket) => {
        const drip = setInterval(() => socket.write('220-wait\r\n'), 20);
        socket.on('close', () => clearInterval(drip));
      },
    ],
  ])('since it %s is given up in time, and delays no other mail', async (_, behave) => {
    const sockets = new Set<Socket>();
    const tarpit = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      behave(socket);
    });
    await new Promise<void>((resolve) => tarpit.listen(0, '127.0.0.1', resolve));
    mail.onReset(async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => tarpit.close(resolve));
    });
    const address = tarpit.address();
    if (address === null || typeof address === 'string') throw new Error('it has a port');
    mail.mailToServer(address, { timeoutMs: 300 });
    await mail.ask(email);
    expect((await mail.waiting()).map(({ failures }) => failures)).toEqual([1]);
    expect(mail.warnings()).toMatchObject([{ msg: 'mail could not be sent' }]);
    const server = await mail.smtpServer();
    mail.mailToServer(server);
    await mail.backend.sendMails();
    expect(server.received.length).toBe(1);
  });
});

describe('TLS', () => {
  it('is taken up when the server offers it', async () => {
    const server = await mail.smtpServer(certificate);
    mail.mailTo({ url: `smtp://localhost:${server.port}`, tls: 'required' });
    await mail.ask(email);
    expect(server.received.map(({ secure }) => secure)).toEqual([true]);
  });

  it('can be there from the first byte', async () => {
    const server = await mail.smtpServer({ ...certificate, secure: true });
    mail.mailTo({ url: `smtps://localhost:${server.port}`, tls: 'required' });
    await mail.ask(email);
    expect(server.received.map(({ secure }) => secure)).toEqual([true]);
  });

  it('is required by default: to a server without it no mail is sent', async () => {
    const server = await mail.smtpServer();
    mail.mailToServer(server, { tls: 'required' });
    await mail.ask(email);
    expect(server.received).toEqual([]);
    expect((await mail.waiting()).length).toBe(1);
    mail.mailToServer(server, { tls: 'optional' });
    await mail.backend.sendMails();
    expect(server.received.map(({ secure }) => secure)).toEqual([false]);
  });

  it('with an untrusted certificate counts as none, optional or not', async () => {
    const server = await mail.smtpServer(selfSigned());
    for (const tls of ['required', 'optional'] as const) {
      mail.mailTo({ url: `smtp://localhost:${server.port}`, tls });
      await mail.ask(email);
      expect(mail.warnings().at(-1)).toMatchObject({
        msg: 'mail could not be sent',
        problem: expect.stringMatching(/self.signed/),
      });
    }
    expect(server.received).toEqual([]);
  });
});
