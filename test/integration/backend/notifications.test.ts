import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { runMailWorker } from '../../../lib/backend/mail/mail-worker.ts';
import { createMailSeal } from '../../../lib/backend/mail/seal.ts';
import { databaseOn } from '../../../lib/postgres/database.ts';
import type { NotificationIntent } from '../../../lib/protocol/notification-intents.ts';
import { createLogger } from '../../../lib/telemetry/logger.ts';
import { secret, startTestBackend, type TestBackend, TestDevice } from '../../support/backend/backend.ts';
import {
  consumedStream,
  intentFields,
  mailWindowMs,
  newIntent,
  type TestNotifications,
  testNotifications,
} from '../../support/backend/notifications.ts';
import { TestPushLog } from '../../support/backend/push-log.ts';

const log = new TestPushLog();
let backend: TestBackend;
let notifications: TestNotifications;
beforeAll(async () => {
  backend = await startTestBackend();
  notifications = testNotifications(backend, log);
});
afterAll(() => backend.close());

let ada: string;
let bob: string;
let users = 0;
beforeEach(async () => {
  backend.mails.length = 0;
  ada = await newUser();
  bob = await newUser();
  backend.mails.length = 0;
});

const running: { stop(): Promise<void> }[] = [];
const start = (...options: Parameters<TestNotifications['start']>) => {
  const worker = notifications.start(...options);
  running.push(worker);
  return worker;
};
afterEach(async () => {
  await Promise.all(running.splice(0).map((worker) => worker.stop()));
  await backend.pool.query('truncate backend.dead_letters, backend.mails, backend.mail_windows');
});

async function newUser(locale = 'en'): Promise<string> {
  users += 1;
  const device = new TestDevice(backend);
  const { challengeId, code } = await device.askForCode(`user${users}@example.com`, locale);
  const { body } = await device.confirm(challengeId, code);
  // The mail about the session is out.
  await backend.settled();
  return String(body.user_id);
}

const mark = (userId: string, column: 'blocked_at' | 'deleted_at') =>
  backend.pool.query(`update backend.users set ${column} = now() where user_id = $1`, [userId]);

const deadLetters = async () =>
  (await backend.pool.query('select consumer, entry_id, fields, reason from backend.dead_letters')).rows;

describe('an intent', () => {
  it('becomes an event for each of its recipients, and no mail', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    start();
    const intent = newIntent([ada, bob], { payload: { game_id: 'g', text: 'Обмен "1"', list: [1, null] } });
    await notifications.handled(await notifications.publishFields(intentFields(intent, traceparent)));
    for (const userId of [ada, bob]) {
      const events = await notifications.eventsOf(userId);
      expect(events).toMatchObject([
        {
          eventType: 'lobby.game.started',
          timestampMs: intent.occurred_at_ms,
          prev: undefined,
          traceparent,
        },
      ]);
      expect(JSON.parse(String(events[0]?.payload))).toEqual(intent.payload);
    }
    await backend.sendMails();
    expect(backend.mails).toEqual([]);
    expect(await deadLetters()).toEqual([]);
  });

  it('that was published before the worker began is not missed', async () => {
    const last = await notifications.publish(newIntent([ada]), newIntent([ada]));
    start();
    await notifications.handled(last);
    expect((await notifications.eventsOf(ada)).length).toBe(2);
  });

  it('passes over recipients who are blocked, deleted or unknown, and over repeats in its list', async () => {
    const blocked = await newUser();
    const deleted = await newUser();
    const unknownUser = uuidv7();
    await mark(blocked, 'blocked_at');
    await mark(deleted, 'deleted_at');
    backend.mails.length = 0;
    start({ mailedTypes: ['lobby.game.started'] });
    const last = await notifications.publish(
      newIntent([blocked, deleted, unknownUser]),
      newIntent([blocked, ada, ada.toUpperCase(), unknownUser, deleted]),
    );
    await notifications.handled(last);
    expect((await notifications.eventsOf(ada)).length).toBe(1);
    for (const userId of [blocked, deleted, unknownUser]) {
      expect(await notifications.eventsOf(userId)).toEqual([]);
    }
    await backend.sendMails();
    expect(backend.mails.length).toBe(1);
    expect(await deadLetters()).toEqual([]);
  });

  it('reaches more recipients than one transaction takes', async () => {
    const { rows } = await backend.pool.query(
      `insert into backend.users (user_id, email, locale, time_zone, created_at)
       select gen_random_uuid(), 'crowd' || n || '@example.com', 'en', 'UTC', now()
       from generate_series(1, 1100) n returning user_id`,
    );
    const crowd = rows.map(({ user_id: userId }) => String(userId));
    start();
    await notifications.handled(await notifications.publish(newIntent(crowd)));
    expect(await log.redis.xlen(log.log.globalKey)).toBe(crowd.length);
    for (const userId of [crowd[0], crowd[499], crowd[500], crowd.at(-1)]) {
      expect((await notifications.eventsOf(userId ?? '')).length).toBe(1);
    }
  });

  it('comes to each user in the order of its game, while another game’s cannot be handled', async () => {
    let stuck = true;
    start({
      mailedTypes: ['lobby.game.cancelled'],
      mails: {
        write: async () => {
          if (stuck) throw new Error('no mails now');
        },
      },
    });
    const ofGame = (game: string, turn: number) =>
      newIntent([ada, bob], {
        notification_type: 'lobby.game.turn_advanced',
        payload: { game_id: game, turn },
      });
    const last = await notifications.publish(
      newIntent([bob], { notification_type: 'lobby.game.cancelled', payload: { game_id: 'stuck' } }),
      ...Array.from({ length: 40 }, (_, turn) => ofGame(turn % 2 === 0 ? 'even' : 'odd', turn)),
    );
    const turnsOf = async (userId: string, game: string) =>
      (await notifications.eventsOf(userId))
        .map(({ payload }) => JSON.parse(String(payload)))
        .filter(({ game_id: id }) => id === game)
        .map(({ turn }) => turn);
    const even = Array.from({ length: 20 }, (_, index) => 2 * index);
    await vi.waitFor(async () => expect(await turnsOf(ada, 'even')).toEqual(even), { timeout: 10_000 });
    stuck = false;
    await notifications.handled(last);
    for (const userId of [ada, bob]) {
      expect(await turnsOf(userId, 'even')).toEqual(even);
      expect(await turnsOf(userId, 'odd')).toEqual(even.map((turn) => turn + 1));
    }
  });
});

describe('an intent that comes again', () => {
  it('is delivered once, and only to users who did not get it before', async () => {
    start({ mailedTypes: ['lobby.game.started'] });
    const intent = newIntent([ada]);
    const last = await notifications.publish(intent, intent, { ...intent, recipient_user_ids: [bob, ada] });
    await notifications.handled(last);
    expect((await notifications.eventsOf(ada)).length).toBe(1);
    expect((await notifications.eventsOf(bob)).length).toBe(1);
    await backend.sendMails();
    expect(backend.mails.length).toBe(2);
  });

  it('is delivered once although Redis has lost the log in between', async () => {
    start({ mailedTypes: ['lobby.game.started'] });
    const [known, fresh] = [newIntent([ada]), newIntent([ada])];
    await notifications.handled(await notifications.publish(known));
    await log.redis.flushdb();
    await notifications.handled(await notifications.publish(known, fresh));
    expect((await notifications.eventsOf(ada)).length).toBe(1);
    await backend.sendMails();
    expect(backend.mails.length).toBe(2);
  });

  it('is delivered once when the first attempt failed after the events were appended', async () => {
    let failures = 2;
    const worker = start({
      mailedTypes: ['lobby.game.started'],
      mails: {
        write: async (tx, mails) => {
          await backend.outgoingMails.write(tx, mails);
          if (failures-- > 0) throw new Error('the database went away');
        },
      },
    });
    await notifications.handled(await notifications.publish(newIntent([ada, bob]), newIntent([ada])));
    expect(failures).toBeLessThan(0);
    expect((await notifications.eventsOf(ada)).length).toBe(2);
    expect((await notifications.eventsOf(bob)).length).toBe(1);
    await backend.sendMails();
    expect(backend.mails.length).toBe(3);
    expect(worker.lines).toContainEqual(
      expect.objectContaining({ level: 'warn', msg: 'an entry could not be handled' }),
    );
  });

  it('is delivered once by several replicas, of which one is active at a time', async () => {
    const replicas = [start(), start(), start()];
    const intents = Array.from({ length: 20 }, () => newIntent([ada, bob]));
    await notifications.handled(await notifications.publish(...intents, ...intents));
    expect((await notifications.eventsOf(ada)).length).toBe(20);
    const leases = replicas.flatMap(({ lines }) => lines.filter(({ msg }) => msg === 'lease taken'));
    expect(leases.length).toBe(1);
  });
});

describe('an intent that can never be handled', () => {
  const good = () => newIntent([ada]);
  const without = (name: string) => {
    const fields = intentFields(good());
    fields.splice(fields.indexOf(name), 2);
    return fields;
  };
  const having = (name: string, value: string) => {
    const fields = intentFields(good());
    fields[fields.indexOf(name) + 1] = value;
    return fields;
  };

  it.each([
    ['has no type', () => without('notification_type'), /^malformed: notification_type /],
    [
      'has an unknown type',
      () => having('notification_type', 'lobby.game.exploded'),
      /^malformed: notification_type /,
    ],
    ['has no key', () => having('idempotency_key', ''), /^malformed: idempotency_key /],
    ['has an endless key', () => having('idempotency_key', 'k'.repeat(257)), /^malformed: idempotency_key /],
    [
      'has recipients that are no JSON',
      () => having('recipient_user_ids', '[ada'),
      /^malformed: recipient_user_ids must be JSON$/,
    ],
    [
      'has recipients that are no ids',
      () => having('recipient_user_ids', '["ada"]'),
      /^malformed: recipient_user_ids/,
    ],
    ['has no recipients', () => having('recipient_user_ids', '[]'), /^malformed: recipient_user_ids /],
    ['has a payload that is a list', () => having('payload', '[]'), /^malformed: payload /],
    [
      'happened at no time',
      () => having('occurred_at_ms', 'noon'),
      /^malformed: occurred_at_ms must be a whole number$/,
    ],
    [
      'says too much',
      () => having('payload', JSON.stringify({ text: 'x'.repeat(65_536) })),
      /^the payload has 65547 bytes; an event may have 65536 at most$/,
    ],
    ['holds NUL', () => having('producer', 'lob\0by'), /^malformed: contains a NUL character/],
    ['is none at all', () => ['hello', 'world'], /^malformed: /],
  ])('since it %s is put aside with the reason, and the others go on', async (_, fields, reason) => {
    start({ mailedTypes: ['lobby.game.started'] });
    const id = await notifications.publishFields(fields());
    await notifications.handled(await notifications.publish(good()));
    expect(await deadLetters()).toEqual([
      {
        consumer: 'notification_intents',
        entry_id: id,
        fields: expect.any(Object),
        reason: expect.stringMatching(reason),
      },
    ]);
    expect((await notifications.eventsOf(ada)).length).toBe(1);
    await backend.sendMails();
    expect(backend.mails.length).toBe(1);
  });
});

describe('a notification that goes by mail, too', () => {
  it('is written in the language of the account, and says what it is about', async () => {
    const [clara, dmitri] = [await newUser('de-CH'), await newUser('ru')];
    backend.mails.length = 0;
    start({ mailedTypes: ['lobby.invite.created', 'lobby.game.cancelled'] });
    const payload = { game_id: 'g', game_name: 'Andromeda' };
    const occurred_at_ms = backend.now().getTime();
    const last = await notifications.publish(
      newIntent([clara, dmitri], { notification_type: 'lobby.invite.created', payload, occurred_at_ms }),
      newIntent([clara], { notification_type: 'lobby.game.paused', payload, occurred_at_ms }),
    );
    await notifications.handled(last);
    await backend.sendMails();
    const mailTo = (userId: string, locale: string) => ({
      mailId: expect.any(String),
      to: expect.stringMatching(/^user\d+@/),
      locale,
      content: { kind: 'notification', type: 'lobby.invite.created', payload, user_id: userId },
    });
    expect(backend.mails.toSorted((a, b) => a.locale.localeCompare(b.locale))).toEqual([
      mailTo(clara, 'de-CH'),
      mailTo(dmitri, 'ru'),
    ]);
    expect((await notifications.eventsOf(clara)).length).toBe(2);
  });

  it('is not mailed when it is a day old, as after a long outage', async () => {
    start({ mailedTypes: ['lobby.game.started'] });
    const day = 24 * 3_600_000;
    const now = backend.now().getTime();
    const last = await notifications.publish(
      newIntent([ada], { occurred_at_ms: now - day }),
      newIntent([bob], { occurred_at_ms: now - day + 60_000 }),
    );
    await notifications.handled(last);
    await backend.sendMails();
    expect(backend.mails.map(({ to }) => to)).toEqual([`user${users}@example.com`]);
    expect((await notifications.eventsOf(ada)).length).toBe(1);
  });

  it('waits in no table any more once its reader was deleted', async () => {
    start({ mailedTypes: ['lobby.game.started'] });
    await notifications.handled(await notifications.publish(newIntent([ada, bob])));
    const waiting = async () => (await backend.pool.query('select recipient from backend.mails')).rows;
    expect((await waiting()).length).toBe(2);
    await backend.request('DELETE', '/api/v1/user/account', { headers: { 'X-User-ID': ada } });
    expect(await waiting()).toEqual([{ recipient: `user${users}@example.com` }]);
  });
});

describe('applications to one game, as mails to its owner', () => {
  const kind = 'lobby.application.submitted';
  const applied = (more: Partial<NotificationIntent> = {}, gameId = 'g', owner = ada) =>
    newIntent([owner], {
      notification_type: kind,
      idempotency_key: `${kind}:${uuidv7()}`,
      payload: { game_id: gameId, game_name: 'Andromeda', race_name: 'Zerg' },
      occurred_at_ms: backend.now().getTime(),
      ...more,
    });
  const publish = async (...intents: NotificationIntent[]) =>
    notifications.handled(await notifications.publish(...intents));
  const many = (count: number) => Array.from({ length: count }, () => applied());
  const windows = async () =>
    (await backend.pool.query('select * from backend.mail_windows order by game_id, user_id')).rows;
  const endWindows = () => backend.pool.query('update backend.mail_windows set ends_at = now()');
  /** What the next look of some mail workers sends: how many notices each mail stands for. */
  async function mailed(workers = 1): Promise<number[]> {
    backend.mails.length = 0;
    const stop = new AbortController();
    const running = Array.from({ length: workers }, async () => {
      const sender = backend.newMailSender();
      const parts = { sender, db: databaseOn(backend.pool), intervalMs: 20, windowMs: mailWindowMs };
      await runMailWorker({ ...parts, log: createLogger({ service: 'test', level: 'silent' }) }, stop.signal);
      await sender.settled();
    });
    await vi.waitFor(
      async () => {
        const { rows } = await backend.pool.query(
          `select from backend.mails union all select from backend.mail_windows where ends_at <= now()`,
        );
        expect(rows).toEqual([]);
      },
      { timeout: 10_000 },
    );
    stop.abort();
    await Promise.all(running);
    return backend.mails.map(({ notices = 1 }) => notices);
  }

  beforeEach(() => {
    start({ mailedTypes: [kind, 'lobby.membership.left', 'lobby.application.approved'] });
  });

  it('are one mail at once, and one with the number of the others when the window ends', async () => {
    await publish(...many(50));
    expect(await mailed()).toEqual([1]);
    expect((await notifications.eventsOf(ada)).length).toBe(50);
    expect(await mailed()).toEqual([]);

    await endWindows();
    expect(await mailed()).toEqual([49]);
    expect(backend.mails).toMatchObject([
      { to: `user${users - 1}@example.com`, content: { type: kind, user_id: ada } },
    ]);
    // The number begins a window of its own.
    await publish(...many(3));
    expect(await mailed()).toEqual([]);
    await endWindows();
    expect(await mailed()).toEqual([3]);
    await endWindows();
    expect(await mailed()).toEqual([]);
    expect(await windows()).toEqual([]);
    await publish(applied());
    expect(await mailed()).toEqual([1]);
  });

  it('are counted once for each intent, however often it comes', async () => {
    const intents = many(4);
    await publish(...intents, ...intents);
    await publish(...intents.toReversed());
    expect(await mailed()).toEqual([1]);
    await endWindows();
    await publish(...intents);
    expect(await mailed()).toEqual([3]);
    await publish(...intents);
    expect(await windows()).toMatchObject([{ counted: 0 }]);
  });

  it('are mailed once by several mail workers', async () => {
    const games = Array.from({ length: 30 }, (_, game) => `game-${game}`);
    await publish(...games.flatMap((game) => [applied({}, game), applied({}, game), applied({}, game)]));
    expect(await mailed(3)).toEqual(games.map(() => 1));
    await endWindows();
    expect(await mailed(3)).toEqual(games.map(() => 2));
  });

  it('are counted for each kind, game and user apart, and other kinds not at all', async () => {
    const left = { notification_type: 'lobby.membership.left' } as const;
    const approved = { notification_type: 'lobby.application.approved' } as const;
    const intents = [
      applied(),
      applied({}, 'other'),
      applied({}, 'g', bob),
      applied(left),
      applied(approved),
    ];
    await publish(...intents);
    expect(await mailed()).toEqual([1, 1, 1, 1, 1]);
    await publish(applied(), applied({}, 'g', bob), applied(left), applied(left), applied(approved));
    expect(await mailed()).toEqual([1]);
    expect(backend.mails).toMatchObject([{ content: { type: 'lobby.application.approved' } }]);
    await endWindows();
    expect((await mailed()).toSorted()).toEqual([1, 1, 2]);
  });

  it('are counted for as long as the first mail waits, and then until the next one', async () => {
    await publish(applied());
    await endWindows();
    await publish(...many(5));
    expect(await windows()).toMatchObject([{ counted: 5 }]);
    expect(await mailed()).toEqual([1, 5]);
  });

  it('go to the address and in the language that the owner has by then', async () => {
    await publish(...many(3));
    await mailed();
    await backend.pool.query(
      `update backend.users set email = 'moved@example.com', locale = 'de' where user_id = $1`,
      [ada],
    );
    await endWindows();
    expect(await mailed()).toEqual([2]);
    expect(backend.mails).toMatchObject([{ to: 'moved@example.com', locale: 'de' }]);
  });

  it.each([
    ['is blocked', () => mark(ada, 'blocked_at')],
    [
      'wants no more such mails',
      () =>
        backend.request('POST', '/api/v1/user/mail-opt-outs', {
          headers: { 'X-User-ID': ada },
          body: { opted_out: [kind] },
        }),
    ],
    [
      'is deleted',
      async () => {
        await backend.request('DELETE', '/api/v1/user/account', { headers: { 'X-User-ID': ada } });
        expect(await windows()).toEqual([]);
      },
    ],
  ])('are not mailed any more once the owner %s', async (_, change) => {
    await publish(...many(3));
    expect(await mailed()).toEqual([1]);
    await change();
    await endWindows();
    expect(await mailed()).toEqual([]);
    expect(await windows()).toEqual([]);
  });

  it('wait encrypted, and are not mailed a day after the last one', async () => {
    await publish(...many(2));
    const [{ content, mail_id, ...row } = {}] = await windows();
    expect(`${(content as Buffer).toString('latin1')}${JSON.stringify(row)}`).not.toMatch(/Andromeda|Zerg/);
    const seal = await createMailSeal(secret);
    expect(await seal.open(mail_id, new Uint8Array(content))).toMatchObject({ type: kind });
    expect(await mailed()).toEqual([1]);
    await endWindows();
    backend.advance(24 * 3_600_000);
    expect(await mailed()).toEqual([]);
  });
});

it('uses the stream and the offset key that the other services know', () => {
  expect(consumedStream).toEqual({
    name: 'notification_intents',
    stream: 'notification:intents',
    offsetKey: 'backend:stream_offsets:notification_intents',
  });
});
