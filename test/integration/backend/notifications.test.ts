import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { startTestBackend, type TestBackend, TestDevice } from '../../support/backend/backend.ts';
import {
  consumedStream,
  intentFields,
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
  await backend.pool.query('truncate backend.dead_letters, backend.mails');
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

it('uses the stream and the offset key that the other services know', () => {
  expect(consumedStream).toEqual({
    name: 'notification_intents',
    stream: 'notification:intents',
    offsetKey: 'backend:stream_offsets:notification_intents',
  });
});
