// Mails that a real SMTP server takes, and those that wait for one.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { historyKeptMs } from '../../../lib/backend/mail/mail-worker.ts';
import { deleteOldMailHistory } from '../../../lib/backend/store/mail-history.ts';
import { databaseOn } from '../../../lib/postgres/database.ts';
import { TestDevice } from '../../support/backend/backend.ts';
import { away, type MailBackend, startMailBackend } from '../../support/backend/mail-backend.ts';

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

describe('a mail', () => {
  it('brings the code, as text and as HTML, and names no one but its reader', async () => {
    const server = await mail.smtpServer();
    mail.mailToServer(server);
    const challengeId = await mail.ask(email, 'en');
    expect(server.received.length).toBe(1);
    const [got] = server.received;
    expect(got?.recipients).toEqual([email]);
    expect(Object.fromEntries(got?.headers ?? [])).toEqual({
      from: 'Galaxy <noreply@galaxy.example>',
      to: email,
      subject: 'Your Galaxy sign-in code',
      'message-id': `<${challengeId}@galaxy.example>`,
      date: expect.any(String),
      'mime-version': '1.0',
      'auto-submitted': 'auto-generated',
      'content-language': 'en',
      'content-type': expect.stringMatching(/^multipart\/alternative;/),
    });
    const text = got?.parts.get('text/plain') ?? '';
    const code = /^ {4}(\d{8})$/m.exec(text)?.[1] ?? '';
    expect(text).toBe(
      `${[
        'Here is the code to sign in to Galaxy:',
        `    ${code}`,
        'It is good for 10 minutes and can be used once.',
        'If you did not ask for it, you need not do anything. Do not tell the code to anybody; nobody from Galaxy will ask for it.',
      ].join('\n\n')}\n`,
    );
    const html = got?.parts.get('text/html') ?? '';
    expect(html).toContain('<html lang="en">');
    expect(html).toContain(`>${code}</p>`);
    expect(got?.headers.get('subject')).not.toContain(code);
    expect(await mail.waiting()).toEqual([]);
    expect(mail.backend.logLines.join()).not.toContain(code);
  });

  it.each([
    ['de-AT', 'de', 'Dein Anmeldecode für Galaxy', 'Er gilt 10 Minuten lang'],
    ['ru', 'ru', 'Код для входа в Galaxy', 'Он действует 10 минут,'],
    ['pt-BR', 'en', 'Your Galaxy sign-in code', 'It is good for 10 minutes'],
    [undefined, 'en', 'Your Galaxy sign-in code', 'It is good for 10 minutes'],
  ])('asked for in %s is written in %s', async (locale, language, subject, sentence) => {
    const server = await mail.smtpServer();
    mail.mailToServer(server);
    await mail.ask(email, locale);
    const [got] = server.received;
    expect(got?.headers.get('content-language')).toBe(language);
    expect(got?.headers.get('subject')).toBe(subject);
    expect(got?.parts.get('text/plain')).toContain(sentence);
    expect(got?.parts.get('text/html')).toContain(sentence);
    expect(got?.parts.get('text/html')).toContain(`<html lang="${language}">`);
  });

  it('signs its reader in', async () => {
    const server = await mail.smtpServer();
    mail.mailToServer(server);
    const challengeId = await mail.ask(email);
    const code = /\d{8}/.exec(server.received[0]?.parts.get('text/plain') ?? '')?.[0] ?? '';
    expect(await new TestDevice(mail.backend).confirm(challengeId, code)).toMatchObject({ status: 201 });
  });

  it('goes over connections that are kept, and to one person each', async () => {
    let connections = 0;
    const server = await mail.smtpServer({
      onConnect: (_, callback) => {
        connections += 1;
        callback();
      },
    });
    mail.mailToServer(server);
    await Promise.all(Array.from({ length: 20 }, (_, index) => mail.ask(`many${index}@example.com`, 'en')));
    await mail.backend.settled();
    expect(server.received.map(({ recipients }) => recipients).toSorted()).toEqual(
      Array.from({ length: 20 }, (_, index) => [`many${index}@example.com`]).toSorted(),
    );
    expect(connections).toBeLessThanOrEqual(4);
  });
});

describe('a mail that waits', () => {
  it('does not show its code to a reader of the table', async () => {
    const server = await mail.smtpServer();
    mail.use(away);
    await mail.ask(email);
    const [{ content, ...row } = {}] = await mail.waiting();
    const stored = `${(content as Buffer).toString('latin1')}${JSON.stringify(row)}`;
    mail.mailToServer(server);
    await mail.backend.sendMails();
    const code = /\d{8}/.exec(server.received[0]?.parts.get('text/plain') ?? '')?.[0] ?? 'none';
    expect(code).toMatch(/^\d{8}$/);
    expect(stored).not.toContain(code);
    expect(stored).not.toContain('sign_in_code');
  });

  it('cannot be read as another one', async () => {
    mail.use(away);
    const first = await mail.ask(email);
    const second = await mail.ask(email);
    const swapped = await mail.backend.pool.query(
      'update backend.mails set content = (select content from backend.mails where mail_id = $1) where mail_id = $2',
      [first, second],
    );
    expect(swapped.rowCount).toBe(1);
    const server = await mail.smtpServer();
    mail.mailToServer(server);
    await mail.backend.sendMails();
    expect(server.received.map(({ headers }) => headers.get('message-id'))).toEqual([
      `<${first}@galaxy.example>`,
    ]);
    expect(await mail.waiting()).toEqual([]);
    expect(mail.warnings()).toContainEqual({
      mail_id: second,
      reason: 'unreadable',
      failures: 1,
      error: expect.objectContaining({ type: 'OperationError' }),
      msg: 'mail given up',
    });
  });

  it('is not sent once its code has expired', async () => {
    mail.use(away);
    const challengeId = await mail.ask(email);
    const server = await mail.smtpServer();
    mail.mailToServer(server);
    mail.backend.advance(599_999);
    mail.use(away);
    await mail.backend.sendMails();
    expect((await mail.waiting()).map(({ failures }) => failures)).toEqual([2]);
    mail.mailToServer(server);
    mail.backend.advance(1);
    await mail.backend.sendMails();
    expect(server.received).toEqual([]);
    expect(await mail.waiting()).toEqual([]);
    expect(mail.warnings().at(-1)).toEqual({
      mail_id: challengeId,
      reason: 'expired',
      failures: 2,
      msg: 'mail given up',
    });
  });

  it('is not sent when it has expired and becomes due while mails are claimed', async () => {
    mail.use(away);
    await mail.ask(email);
    const server = await mail.smtpServer();
    mail.mailToServer(server);
    mail.backend.advance(600_000);
    const { pool } = mail.backend;
    const client = await pool.connect();
    await client.query('begin');
    await client.query('select from backend.mail_budgets for update');
    const sender = mail.backend.newMailSender();
    sender.sendSoon();
    const waits = `select from pg_stat_activity where wait_event_type = 'Lock' and query like '%mail_budgets%'`;
    await vi.waitFor(async () => expect((await pool.query(waits)).rowCount).toBe(1), { timeout: 10_000 });
    await client.query('update backend.mails set next_attempt_at = clock_timestamp()');
    await client.query('select pg_sleep(0.002)');
    await client.query('commit');
    client.release();
    await sender.settled();
    expect(server.received).toEqual([]);
  });

  it('is tried at pauses that grow to a minute', async () => {
    mail.use(away);
    await mail.ask(email);
    const pauses: number[] = [];
    for (let attempt = 0; attempt < 7; attempt += 1) {
      const { rows } = await mail.backend.pool.query(
        'select extract(epoch from next_attempt_at - now()) as pause from backend.mails',
      );
      pauses.push(Number(rows[0].pause));
      await mail.backend.sendMails();
    }
    [2, 4, 8, 16, 32, 60, 60].forEach((expected, attempt) => {
      // The time of the next attempt is stored in milliseconds, rounded.
      expect(pauses[attempt]).toBeLessThanOrEqual(expected + 0.0005);
      expect(pauses[attempt]).toBeGreaterThan(expected - 1.5);
    });
  });
});

describe('an address', () => {
  it.each([
    ["!#$%&'*+-/=?^_`{|}~.a@example.com", "!#$%&'*+-/=?^_`{|}~.a@example.com"],
    ['u/dept@пример.рф', 'u/dept@xn--e1afmkfd.xn--p1ai'],
  ])('such as %s gets its mail', async (address, inHeader) => {
    const server = await mail.smtpServer();
    mail.mailToServer(server);
    await mail.ask(address);
    // The server of the test shows domains in Unicode.
    expect(server.received.map(({ recipients }) => recipients)).toEqual([[address]]);
    expect(server.received[0]?.headers.get('to')).toBe(inHeader);
  });
});

describe('headers', () => {
  it('cannot be put into a mail by an address', async () => {
    const server = await mail.smtpServer();
    mail.mailToServer(server);
    const addresses = [
      'a@example.com\r\nBcc: victim@example.com',
      'a@example.com, victim@example.com',
      'a@example.com> <victim@example.com',
      'a@пример.рф\r\nBcc: victim@example.com',
      'a@пример.рф> <victim@example.com',
    ];
    const content = { kind: 'sign_in_code', code: '00000000' } as const;
    const sent = await Promise.allSettled(
      addresses.map((to) => mail.send({ mailId: crypto.randomUUID(), to, locale: 'en', content })),
    );
    expect(sent.filter(({ status }) => status === 'fulfilled').length).toBe(server.received.length);
    for (const { recipients, headers } of server.received) {
      expect(recipients).not.toContain('victim@example.com');
      expect([...headers.keys()]).not.toContain('bcc');
    }
    for (const address of addresses) {
      const before = await mail.backend.snapshot();
      const refused = await mail.backend.request('POST', '/api/v1/public/auth/send-email-code', {
        body: { email: address },
      });
      expect(refused.status).toBe(400);
      expect(await mail.backend.snapshot()).toEqual(before);
    }
  });

  it('cannot be put into a mail by the name of a game', async () => {
    const server = await mail.smtpServer();
    mail.mailToServer(server);
    await mail.send({
      mailId: crypto.randomUUID(),
      to: email,
      locale: 'ru',
      content: {
        kind: 'notification',
        type: 'lobby.game.started',
        payload: { game_name: 'Обмен\r\nBcc: victim@example.com\r\n\r\n<b>body</b>' },
      },
    });
    const [got] = server.received;
    expect(got?.recipients).toEqual([email]);
    expect([...(got?.headers.keys() ?? [])]).not.toContain('bcc');
    expect(got?.headers.get('subject')).toBe('Игра началась: «Обмен Bcc: victim@example.com <b>body</b>»');
    expect(got?.parts.get('text/html')).toContain(
      '<p>Игра: Обмен Bcc: victim@example.com &lt;b&gt;body&lt;/b&gt;</p>',
    );
    expect(got?.parts.get('text/html')).not.toContain('<b>');
  });
});

describe('several processes', () => {
  it('send every mail, and each once', async () => {
    mail.use(away);
    const ids = await Promise.all(
      Array.from({ length: 30 }, (_, index) => mail.ask(`shared${index}@example.com`, 'en')),
    );
    const server = await mail.smtpServer();
    mail.mailToServer(server);
    await mail.backend.pool.query(`update backend.mails set next_attempt_at = now() - interval '1 second'`);
    const senders = Array.from({ length: 3 }, () => mail.backend.newMailSender());
    for (const sender of senders) sender.sendSoon();
    await vi.waitFor(
      async () => {
        await Promise.all(senders.map((sender) => sender.settled()));
        expect(await mail.waiting()).toEqual([]);
      },
      { timeout: 10_000 },
    );
    expect(server.received.map(({ headers }) => headers.get('message-id')).toSorted()).toEqual(
      ids.map((id) => `<${id}@galaxy.example>`).toSorted(),
    );
  });
});

describe('what became of a mail', () => {
  const listed = async (userId: string, query = '') => {
    const path = `/api/v1/internal/users/${userId}/mails${query}`;
    const { status, body } = await mail.backend.adminRequest('GET', path);
    expect(status).toBe(200);
    return body as { items: Record<string, unknown>[]; next_page_token?: string };
  };
  const states = async (userId: string) =>
    (await listed(userId)).items.map(({ kind, state, failures }) => [kind, state, failures]);
  /** @returns the id of the new user; their mails go to a server that takes them. */
  const signUp = async () => {
    const server = await mail.smtpServer();
    mail.mailToServer(server);
    const challengeId = await mail.ask(email);
    const code = /\d{8}/.exec(server.received[0]?.parts.get('text/plain') ?? '')?.[0] ?? '';
    const { status, body } = await new TestDevice(mail.backend).confirm(challengeId, code);
    expect(status).toBe(201);
    await mail.backend.settled();
    return String(body.user_id);
  };
  const history = async () => (await mail.backend.pool.query('select * from backend.mail_history')).rows;

  it('is shown to admins by kind, state and times, and never with what was in it', async () => {
    const userId = await signUp();
    // The first code went to an address without an account.
    expect(await states(userId)).toEqual([['new_session', 'sent', 0]]);

    const sent = await mail.ask(email);
    mail.use(away);
    const waiting = await mail.ask(email);
    const { items } = await listed(userId);
    expect(items.slice(0, 2)).toEqual([
      {
        ...{ mail_id: waiting, kind: 'code', state: 'waiting', failures: 1 },
        ...{ written_at: expect.any(String), ended_at: null },
      },
      {
        ...{ mail_id: sent, kind: 'sign_in_code', state: 'sent', failures: 0 },
        ...{ written_at: expect.any(String), ended_at: expect.any(String) },
      },
    ]);
    expect(JSON.stringify(await history())).not.toContain(email);

    const first = await listed(userId, '?page_size=2');
    const rest = await listed(userId, `?page_size=2&page_token=${first.next_page_token}`);
    expect([...first.items, ...rest.items]).toEqual(items);
    expect(rest).not.toHaveProperty('next_page_token');
  });

  it('is that it was refused, or has expired', async () => {
    const userId = await signUp();
    mail.mailToServer(await mail.smtpServer({ refuse: { data: () => [554, '5.7.1 spam'] } }));
    await mail.ask(email);
    expect((await states(userId))[0]).toEqual(['sign_in_code', 'refused', 0]);
    mail.use(away);
    await mail.ask(email);
    await mail.backend.pool.query(
      `update backend.mails set expires_at = '2000-01-01', next_attempt_at = now()`,
    );
    await mail.ask(`other-${email}`);
    expect((await states(userId))[0]).toEqual(['code', 'expired', 1]);
  });

  it('goes with the account', async () => {
    const userId = await signUp();
    expect((await history()).filter((row) => row.user_id === userId)).toHaveLength(1);
    const body = { reason_code: 'requested' };
    await mail.backend.adminRequest('POST', `/api/v1/internal/users/${userId}/delete`, { body });
    expect((await history()).filter((row) => row.user_id === userId)).toEqual([]);
  });

  it('is forgotten after its time', async () => {
    const userId = await signUp();
    const forget = (before: Date) =>
      deleteOldMailHistory(databaseOn(mail.backend.pool), { before, limit: 1_000 });
    await forget(new Date(Date.now() - historyKeptMs));
    expect(await states(userId)).toHaveLength(1);
    await forget(new Date(Date.now() + 60_000));
    expect(await states(userId)).toEqual([]);
  });
});
