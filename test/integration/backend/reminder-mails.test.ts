// Reminders of turns as mails, on a real SMTP server: in the reader's language, and not after the turn was due.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type MailableType, mailableTypes } from '../../../lib/protocol/notification-intents.ts';
import { away, type MailBackend, startMailBackend } from '../../support/backend/mail-backend.ts';
import { newIntent, type TestNotifications, testNotifications } from '../../support/backend/notifications.ts';
import { TestPushLog } from '../../support/backend/push-log.ts';

const log = new TestPushLog();
let mail: MailBackend;
let notifications: TestNotifications;
let worker: { stop(): Promise<void> };
beforeAll(async () => {
  mail = await startMailBackend();
  notifications = testNotifications(mail.backend, log);
});
afterAll(() => mail.close());
beforeEach(() => {
  worker = notifications.start({ mailedTypes: mailableTypes });
});
afterEach(async () => {
  await worker.stop();
  await mail.reset();
});

let users = 0;
async function newUser(locale: string): Promise<{ userId: string; email: string }> {
  users += 1;
  const email = `player${users}@example.com`;
  const { rows } = await mail.backend.pool.query(
    `insert into backend.users (user_id, email, locale, time_zone, created_at)
     values (gen_random_uuid(), $1, $2, 'UTC', now()) returning user_id`,
    [email, locale],
  );
  return { userId: rows[0].user_id, email };
}

/** A reminder that is decided now, of a turn that is due so many milliseconds later. */
async function remind(userId: string, type: MailableType, dueMs: number, gameName = 'Andromeda') {
  const at = mail.backend.now().getTime();
  const due_at = new Date(at + dueMs).toISOString();
  const payload = { game_id: 'g', game_name: gameName, turn: 4, due_at };
  const intent = newIntent([userId], {
    notification_type: type,
    producer: 'game_master',
    payload,
    occurred_at_ms: at,
  });
  await notifications.handled(await notifications.publish(intent));
  return payload;
}

const minute = 60_000;

const quoted: Record<string, string> = {
  en: '“Rock & <b>Roll</b>”',
  de: '„Rock & <b>Roll</b>“',
  ru: '«Rock & <b>Roll</b>»',
};

describe.each<[MailableType, Record<string, string>]>([
  [
    'game.turn.due_soon',
    {
      'en-GB': 'The turn is due soon, and you have given no orders',
      'de-AT': 'Der Zug endet bald, und du hast noch keine Befehle gegeben',
      ru: 'Ход скоро завершится, а вы не отдали приказов',
    },
  ],
  [
    'game.turn.waiting_for_you',
    {
      'en-GB': 'All other players are ready and wait for you',
      'de-AT': 'Alle anderen sind fertig und warten auf dich',
      ru: 'Все остальные игроки готовы и ждут вас',
    },
  ],
])('%s', (type, sentences) => {
  it.each(Object.entries(sentences))('is mailed in %s, and comes as an event', async (locale, sentence) => {
    const smtp = await mail.smtpServer();
    mail.mailToServer(smtp);
    const { userId, email } = await newUser(locale);
    const payload = await remind(userId, type, 30 * minute, 'Rock & <b>Roll</b>');
    await mail.backend.sendMails();
    expect(smtp.received).toHaveLength(1);
    const [got] = smtp.received;
    expect(got?.recipients).toEqual([email]);
    expect(got?.headers.get('subject')).toBe(`${sentence}: ${quoted[locale.slice(0, 2)]}`);
    expect(got?.headers.get('content-language')).toBe(locale.slice(0, 2));
    expect(got?.parts.get('text/plain')).toContain(`${sentence}.`);
    expect(got?.parts.get('text/html')).toContain(`<p>${sentence}.</p>`);
    expect(got?.parts.get('text/html')).toContain('Rock &amp; &lt;b&gt;Roll&lt;/b&gt;');
    expect(got?.parts.get('text/html')).not.toContain('<b>');
    const events = await notifications.eventsOf(userId);
    expect(events.map(({ eventType }) => eventType)).toEqual([type]);
    expect(JSON.parse(String(events[0]?.payload))).toEqual(payload);
  });

  it('is not mailed once the turn is due, as when no mail could be sent in time', async () => {
    const smtp = await mail.smtpServer();
    mail.use(away);
    const [late, inTime] = [await newUser('en'), await newUser('en')];
    await remind(late.userId, type, 10 * minute);
    await remind(inTime.userId, type, 20 * minute);
    await mail.backend.sendMails();
    mail.backend.advance(10 * minute);
    mail.mailToServer(smtp);
    await mail.backend.sendMails();
    expect(smtp.received.map(({ recipients }) => recipients)).toEqual([[inTime.email]]);
    expect(await mail.waiting()).toEqual([]);
  });

  it('is not mailed when it is a day old, however late the turn is due', async () => {
    const smtp = await mail.smtpServer();
    mail.use(away);
    const { userId } = await newUser('en');
    await remind(userId, type, 30 * 24 * 60 * minute);
    await mail.backend.sendMails();
    mail.backend.advance(24 * 60 * minute);
    mail.mailToServer(smtp);
    await mail.backend.sendMails();
    expect(smtp.received).toEqual([]);
    expect(await mail.waiting()).toEqual([]);
  });
});

it('a new turn is mailed for a day, even if it is played sooner', async () => {
  const smtp = await mail.smtpServer();
  mail.use(away);
  const { userId } = await newUser('en');
  await remind(userId, 'lobby.game.turn_advanced', 10 * minute);
  await mail.backend.sendMails();
  mail.backend.advance(20 * minute);
  mail.mailToServer(smtp);
  await mail.backend.sendMails();
  expect(smtp.received).toHaveLength(1);
});

describe('a reader who wants no more mails of a kind', () => {
  const unsubscribe = (token: unknown) =>
    mail.backend.request('POST', '/api/v1/public/mail/unsubscribe', { body: { token } });
  const optOuts = (method: 'GET' | 'POST', userId: string, body?: object) =>
    mail.backend.request(method, '/api/v1/user/mail-opt-outs', {
      headers: { 'X-User-ID': userId },
      ...(body && { body }),
    });
  const kind = 'lobby.game.turn_advanced';
  const other = 'game.turn.due_soon';

  /** The types of the mails that a user gets of a turn of each kind. */
  async function kindsMailed(userId: string): Promise<string[]> {
    const smtp = await mail.smtpServer();
    mail.mailToServer(smtp);
    for (const type of [kind, other] as const) await remind(userId, type, 30 * minute);
    await mail.backend.sendMails();
    return smtp.received.map(({ headers }) => headers.get('subject') ?? '').toSorted();
  }
  const turn = 'A new turn has begun: “Andromeda”';
  const dueSoon = 'The turn is due soon, and you have given no orders: “Andromeda”';

  it('says so by the link of a mail, without signing in, once for all', async () => {
    const { userId } = await newUser('en');
    const smtp = await mail.smtpServer();
    mail.mailToServer(smtp);
    await remind(userId, kind, 30 * minute);
    await mail.backend.sendMails();
    const { headers, parts } = smtp.received[0] ?? {};
    expect(headers?.get('list-unsubscribe-post')).toBe('List-Unsubscribe=One-Click');
    const link = headers?.get('list-unsubscribe') ?? '';
    expect(link).toMatch(
      /^<https:\/\/play\.example\.com\/api\/v1\/public\/mail\/unsubscribe\?token=\S+&language=en>$/,
    );
    expect(parts?.get('text/plain')).toContain(link.slice(1, -1));
    const token = new URL(link.slice(1, -1)).searchParams.get('token') ?? '';

    for (let times = 0; times < 2; times++)
      expect(await unsubscribe(token)).toMatchObject({ status: 200, body: {} });
    expect((await optOuts('GET', userId)).body).toEqual({ opted_out: [kind] });
    expect(await kindsMailed(userId)).toEqual([dueSoon]);
    expect((await notifications.eventsOf(userId)).map(({ eventType }) => eventType)).toEqual([
      kind,
      kind,
      other,
    ]);

    const { userId: stranger } = await newUser('en');
    const forged = [
      token.replace(userId, stranger),
      token.replace(kind, other),
      token.slice(0, -1),
      'x',
      '',
      7,
    ];
    for (const bad of forged)
      expect(await unsubscribe(bad), String(bad)).toMatchObject({
        status: 400,
        body: { error: { code: 'invalid_request', details: { fields: [{ field: 'token' }] } } },
      });
    expect(await kindsMailed(stranger)).toEqual([turn, dueSoon]);
  });

  it('says so in the game, for several kinds at once, and changes it again', async () => {
    const { userId } = await newUser('en');
    expect((await optOuts('GET', userId)).body).toEqual({ opted_out: [] });
    const both = { opted_out: [kind, other, kind] };
    expect(await optOuts('POST', userId, both)).toMatchObject({
      status: 200,
      body: { opted_out: [other, kind] },
    });
    expect(await kindsMailed(userId)).toEqual([]);
    await optOuts('POST', userId, { opted_out: [] });
    expect(await kindsMailed(userId)).toEqual([turn, dueSoon]);
  });

  it('cannot say so of mails about the account', async () => {
    const { userId } = await newUser('en');
    for (const security of ['user.session.created', 'user.email.changed', 'sign_in_code', 'wrong_codes'])
      expect(await optOuts('POST', userId, { opted_out: [kind, security] })).toMatchObject({
        status: 400,
        body: { error: { details: { fields: [{ field: 'opted_out.1' }] } } },
      });
    expect((await optOuts('GET', userId)).body).toEqual({ opted_out: [] });
  });
});
