// Floods of requests for codes: what they may cost the codes of others. Mails go to a real SMTP server.
import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { NewMail } from '../../../lib/backend/mail/outgoing-mails.ts';
import { databaseOn } from '../../../lib/postgres/database.ts';
import { TestDevice } from '../../support/backend/backend.ts';
import { away, type MailBackend, startMailBackend } from '../../support/backend/mail-backend.ts';
import type { TestSmtpServer } from '../../support/backend/smtp-server.ts';

const hourMs = 3_600_000;
const budget = { rate: { count: 4, perMs: hourMs, burst: 4 }, accountPercent: 50 };

let mail: MailBackend;
let server: TestSmtpServer;
beforeAll(async () => {
  mail = await startMailBackend({ budget });
});
afterAll(() => mail.close());

let round = 0;
beforeEach(async () => {
  round += 1;
  await setTokens(4);
  server = await mail.smtpServer();
  mail.mailToServer(server);
});
afterEach(() => mail.reset());

/** How many codes may be sent now. */
async function setTokens(codes: number, otherCodes = codes / 2): Promise<void> {
  const tokenMs = hourMs / 4;
  await mail.backend.pool.query(
    `insert into backend.mail_budgets values (true, now_ms() + $1, now_ms() + $2)
     on conflict (only_row) do update set codes_full_at_ms = excluded.codes_full_at_ms,
       other_codes_full_at_ms = excluded.other_codes_full_at_ms`.replaceAll(
      'now_ms()',
      '(extract(epoch from now()) * 1000)',
    ),
    [(4 - codes) * tokenMs, (2 - otherCodes) * 2 * tokenMs],
  );
}

const sentTo = () => server.received.flatMap(({ recipients }) => recipients);
const address = (name: string) => `${name}-${round}@example.com`;

/** Each is written as a request does it, one after the other. */
async function write(count: number, mailOf: (index: number) => Partial<NewMail>): Promise<void> {
  await databaseOn(mail.backend.pool).transaction(async (tx) => {
    for (let index = 0; index < count; index += 1) {
      await mail.backend.outgoingMails.write(tx, [
        {
          mailId: uuidv7(),
          to: address(`flood${index}`),
          locale: 'en',
          content: { kind: 'sign_in_code', code: '123456' },
          expiresAt: new Date(mail.backend.now().getTime() + 600_000),
          ...mailOf(index),
        },
      ]);
    }
  });
}

describe('the codes of one network', () => {
  it('do not delay the code of another: with 5,000 that wait it is sent next', async () => {
    await write(3, () => ({ codeFor: { clientNetwork: '203.0.113.7', knownDevice: false } }));
    // The others as if they had been written in the same way, which takes minutes.
    await mail.backend.pool.query(
      `insert into backend.mails (mail_id, recipient, locale, content, client_network, expires_at, rank)
       select gen_random_uuid(), 'flood' || rank || '@example.com', 'en', '', client_network, expires_at, rank
       from (select client_network, expires_at from backend.mails limit 1) as like_these,
         generate_series(3, 4999) as rank`,
    );
    await setTokens(1, 1);
    await mail.backend.sendMails();
    expect(sentTo()).toEqual([address('flood0')]);

    await mail.ask(address('other'), 'en', '192.0.2.1');
    expect(sentTo()).toEqual([address('flood0')]);
    await setTokens(1, 1);
    await mail.backend.sendMails();
    expect(sentTo()).toEqual([address('flood0'), address('other')]);
    const { rows } = await mail.backend.pool.query('select count(*)::int as count from backend.mails');
    expect(rows).toEqual([{ count: 4_999 }]);
  });

  it('are sent in turn with those of the others, and those of known devices before them', async () => {
    const from = (clientNetwork: string, knownDevice = false) => ({
      codeFor: { clientNetwork, knownDevice },
    });
    await write(3, (index) => ({ to: address(`a${index}`), ...from('192.0.2.1') }));
    await write(2, (index) => ({ to: address(`b${index}`), ...from('192.0.2.2') }));
    await write(1, () => ({ to: address('known'), ...from('192.0.2.1', true) }));
    for (let sent = 0; sent < 6; sent += 1) {
      await setTokens(1, 1);
      await mail.backend.sendMails();
    }
    expect(sentTo()).toEqual(['known', 'a0', 'b0', 'a1', 'b1', 'a2'].map(address));
  });

  it('whose sending fails go behind those that have not failed', async () => {
    const codeFor = { clientNetwork: '192.0.2.1', knownDevice: false };
    mail.use(away);
    await write(1, () => ({ to: address('failed'), codeFor }));
    await mail.backend.sendMails();
    mail.mailToServer(server);
    await write(1, () => ({ to: address('fresh'), codeFor: { ...codeFor, clientNetwork: '192.0.2.2' } }));
    await setTokens(1, 1);
    await mail.backend.sendMails();
    expect(sentTo()).toEqual([address('fresh')]);
  });
});

describe('the budget of codes', () => {
  it('keeps its part for addresses that have an account', async () => {
    const player = address('player');
    await signUp(player);
    await mail.backend.sendMails();
    server.received.length = 0;
    await setTokens(4);

    for (let index = 0; index < 5; index += 1) {
      await mail.ask(address(`stranger${index}`), 'en', `192.0.2.${index}`);
    }
    expect(sentTo()).toEqual([address('stranger0'), address('stranger1')]);
    await mail.ask(player, 'en', '198.51.100.1');
    await mail.ask(player, 'en', '198.51.100.1');
    expect(sentTo().slice(2)).toEqual([player, player]);
    await mail.ask(player, 'en', '198.51.100.1');
    expect(sentTo().length).toBe(4);
    expect((await mail.waiting()).length).toBe(4);
    // The next token is for anyone, in turn; what is kept for accounts stays so.
    await setTokens(2, 1);
    await mail.backend.sendMails();
    expect(sentTo().slice(4).toSorted()).toEqual([player, address('stranger2')].toSorted());
  });

  it('holds over all processes, however many send at the same time', async () => {
    mail.use(away);
    await write(20, (index) => ({ codeFor: { clientNetwork: `192.0.2.${index}`, knownDevice: false } }));
    mail.mailToServer(server);
    await setTokens(4);
    const senders = Array.from({ length: 4 }, () => mail.backend.newMailSender());
    for (const sender of senders) sender.sendSoon();
    await Promise.all(senders.map((sender) => sender.settled()));
    expect(server.received.length).toBe(2);
    expect((await mail.waiting()).length).toBe(18);
  });

  it('is not spent on codes that have expired', async () => {
    await write(5, () => ({
      codeFor: { clientNetwork: '192.0.2.1', knownDevice: false },
      expiresAt: mail.backend.now(),
    }));
    await setTokens(1, 1);
    await mail.ask(address('fresh'), 'en', '192.0.2.1');
    expect(sentTo()).toEqual([address('fresh')]);
    expect(await mail.waiting()).toEqual([]);
    expect(mail.warnings().map(({ reason }) => reason)).toEqual(Array(5).fill('expired'));
  });
});

describe('notices', () => {
  it('never delay a code: a place stays free of them, also when the server is slow', async () => {
    const release = Promise.withResolvers<void>();
    const started: string[] = [];
    mail.use({
      async send({ to, content }) {
        started.push(to);
        if (content.kind === 'notification') await release.promise;
      },
      close() {},
    });
    await write(10, (index) => ({
      to: address(`notice${index}`),
      content: { kind: 'notification', type: 'lobby.game.started', payload: {} },
    }));
    const sender = mail.backend.newMailSender();
    sender.sendSoon();
    await vi.waitFor(() => expect(started.length).toBe(3), { timeout: 10_000 });
    await write(1, () => ({ to: address('code'), codeFor: { clientNetwork: null, knownDevice: false } }));
    sender.sendSoon();
    await vi.waitFor(() => expect(started).toContain(address('code')), { timeout: 10_000 });
    expect(started.length).toBe(4);
    release.resolve();
    await sender.settled();
    expect(started.length).toBe(11);
    expect(await mail.waiting()).toEqual([]);
  });
});

/** Signs up with the code that the server received. */
async function signUp(email: string): Promise<void> {
  const challengeId = await mail.ask(email, 'en', '198.51.100.9');
  const received = server.received.find(({ recipients }) => recipients.includes(email));
  const code = /^ {4}(\d+)$/m.exec(received?.parts.get('text/plain') ?? '')?.[1] ?? 'none';
  expect(await new TestDevice(mail.backend).confirm(challengeId, code)).toMatchObject({ status: 201 });
  await mail.backend.settled();
}
