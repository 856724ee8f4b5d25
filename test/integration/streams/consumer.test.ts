import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { Refusal } from '../../../lib/errors/table.ts';
import * as tables from '../../../lib/lobby/store/schema.ts';
import { CannotApply } from '../../../lib/streams/consumer.ts';
import { compareEntryIds } from '../../../lib/streams/entry.ts';
import {
  deleteProcessed,
  listDeadLetters,
  readConsumers,
  requestRetry,
  takeDeadLetter,
} from '../../../lib/streams/store.ts';
import {
  openStreamStores,
  type Replica,
  type StreamStores,
  TestStream,
} from '../../support/stores/stream-consumer.ts';

const patience = { timeout: 15_000, interval: 10 };

let stores: StreamStores;
beforeAll(async () => {
  stores = await openStreamStores();
});
afterAll(async () => {
  await stores.close();
});

let stream: TestStream;
let running: Replica | undefined;
beforeEach(() => {
  stream = new TestStream(stores);
  running = undefined;
});
afterEach(async () => {
  await running?.stop();
});

const start = () => {
  running = stream.start();
  return running;
};

const effectsAre = (...expected: string[]) =>
  vi.waitFor(async () => expect(await stream.effects()).toEqual(expected), patience);
const offsetIs = (id: string | undefined) =>
  vi.waitFor(async () => expect(await stream.offset()).toBe(id), patience);
const deadLetters = () =>
  listDeadLetters(stores.db, tables, { consumer: stream.name, after: undefined, limit: 100 });

describe('entries', () => {
  it('take effect from the beginning of the stream on, and when they come', async () => {
    const [, second] = await stream.add('a1', 'a2');
    start();
    await effectsAre('a1', 'a2');
    await offsetIs(second);
    const [third] = await stream.add('a3');
    await effectsAre('a1', 'a2', 'a3');
    await offsetIs(third);
  });

  it('of one key take effect one after the other, and those of other keys meanwhile', async () => {
    const opened = Promise.withResolvers<void>();
    const begun: string[] = [];
    stream.handle = async (said, delivery) => {
      begun.push(`${said.thing}${said.number}`);
      if (said.thing === 'a') await opened.promise;
      await stream.apply(said, delivery);
    };
    const [first, , , last] = await stream.add('b1', 'a1', 'b2', 'a2');
    start();
    await effectsAre('b1', 'b2');
    expect(begun.toSorted()).toEqual(['a1', 'b1', 'b2']);
    await offsetIs(first);

    opened.resolve();
    await effectsAre('b1', 'b2', 'a1', 'a2');
    await offsetIs(last);
  });

  it('keep the order of their keys over many reads, each taking effect once', async () => {
    const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'];
    const perKey = 20;
    const all = Array.from({ length: perKey }, (_, index) => keys.map((key) => `${key}${index + 1}`)).flat();
    const ids = await stream.add(...all);
    start();
    await offsetIs(ids.at(-1));
    const effects = await stream.effects();
    expect(effects.toSorted()).toEqual(all.toSorted());
    for (const key of keys) {
      const numbers = effects.filter((text) => text.startsWith(key)).map((text) => Number(text.slice(1)));
      expect(numbers).toEqual(Array.from({ length: perKey }, (_, index) => index + 1));
    }
  });

  it('that come again change nothing, also for a worker that begins anew', async () => {
    await stream.add('a1', 'a2', 'a1');
    const first = start();
    const [last] = await stream.add('a2');
    await offsetIs(last);
    expect(await stream.effects()).toEqual(['a1', 'a2']);
    await first.stop();

    await stores.redis.del(stream.consumed.offsetKey);
    start();
    await offsetIs(last);
    expect(await stream.effects()).toEqual(['a1', 'a2']);
  });

  it('bring the trace of their cause to the handler, and none when there is none', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const seen: (string | undefined)[] = [];
    stream.handle = async (_, delivery) => {
      seen.push(delivery.traceparent);
    };
    const fields = ['event_id', '1', 'thing', 'a', 'number', '1'];
    await stream.addFields([...fields, 'traceparent', traceparent]);
    await stream.addFields([...fields, 'traceparent', '']);
    await stream.addFields(fields);
    start();
    await vi.waitFor(() => expect(seen).toEqual([traceparent, undefined, undefined]), patience);
  });
});

describe('a failure', () => {
  it('is tried again after pauses that grow, while the offset stays in front of it and other keys go on', async () => {
    const [before, , , last] = await stream.add('a1', 'b1', 'a2', 'b2');
    const attempts: number[] = [];
    stream.handle = async (said, delivery) => {
      if (said.thing === 'b' && said.number === 1) {
        attempts.push(performance.now());
        if (attempts.length <= 2) throw new Error('the peer is away', { cause: new Error('nobody listens') });
      }
      await stream.apply(said, delivery);
    };
    const { lines } = start();
    await effectsAre('a1', 'a2');
    await offsetIs(before);
    await vi.waitFor(() => expect(attempts.length).toBeGreaterThanOrEqual(2), patience);
    expect(await stream.offset()).toBe(before);

    await effectsAre('a1', 'a2', 'b1', 'b2');
    await offsetIs(last);
    const [begun = 0, again = 0, oncemore = 0] = attempts;
    expect(again - begun).toBeGreaterThan(450);
    expect(oncemore - again).toBeGreaterThan(950);
    const told = lines.filter(({ msg }) => msg === 'an entry could not be handled');
    expect(told.map(({ failures }) => failures)).toEqual([1, 2]);
    const [record] = await readConsumers(stores.db, tables, [stream.name]);
    expect(record).toMatchObject({ held: true, lastError: 'nobody listens', deadLetters: 0 });
    expect(Math.abs(Date.now() - (record?.lastErrorAt?.getTime() ?? 0))).toBeLessThan(60_000);
  });

  it('inside an effect undoes it wholly, and the note that it happened with it', async () => {
    let failing = true;
    stream.handle = async (said, delivery) => {
      await delivery.apply(said.event_id, async (tx) => {
        await stream.write(tx, said);
        if (failing) {
          failing = false;
          throw new Error('changed my mind');
        }
      });
    };
    const [id] = await stream.add('a1');
    start();
    await offsetIs(id);
    expect(failing).toBe(false);
    expect(await stream.effects()).toEqual(['a1']);
  });

  it('is shown to operators without the values of its statement', async () => {
    const secret = randomUUID();
    let failed = false;
    stream.handle = async (_, delivery) => {
      if (failed) return;
      failed = true;
      await delivery.apply(randomUUID(), (tx) => tx.execute(sql`select ${secret}::text from nowhere`));
    };
    const [id] = await stream.add('a1');
    start();
    await offsetIs(id);
    const [record] = await readConsumers(stores.db, tables, [stream.name]);
    expect(record?.lastError).toBe('relation "nowhere" does not exist');
  });
});

describe('an entry that fails again and again', () => {
  const failing = new Set<string>();
  let attempts: string[];
  beforeEach(() => {
    failing.clear();
    attempts = [];
    stream.handle = async (said, delivery) => {
      const text = `${said.thing}${said.number}`;
      attempts.push(text);
      if (failing.has(text)) throw new TypeError(`${text} is not supported`);
      await stream.apply(said, delivery);
    };
  });
  const startImpatient = () => {
    running = stream.start({ attempts: 2, blockMs: 50 });
    return running;
  };
  const parked = async () =>
    (await deadLetters()).map(({ fields, parkedKey, reason }) => [
      `${fields.thing}${fields.number}`,
      parkedKey,
      reason,
    ]);
  const retry = (of: string) => requestRetry(stores.db, tables, { consumer: stream.name, parkedKey: of });
  const behind = 'waits behind an earlier entry of its key';

  it('parks its key: later entries of the key wait behind it in order, all others go on', async () => {
    failing.add('a1');
    await stream.add('a1', 'b1', 'a2', 'b2');
    const { lines } = startImpatient();
    const [last] = await stream.add('a3');
    await offsetIs(last);
    expect((await stream.effects()).toSorted()).toEqual(['b1', 'b2']);
    expect(await parked()).toEqual([
      ['a1', 'a', 'failed 2 times: a1 is not supported'],
      ['a2', 'a', behind],
      ['a3', 'a', behind],
    ]);
    expect(attempts.filter((text) => text.startsWith('a'))).toEqual(['a1', 'a1']);
    expect(lines).toContainEqual(
      expect.objectContaining({
        level: 'error',
        msg: 'entry added to the dead letters',
        parked_key: 'a',
        reason: 'failed 2 times: a1 is not supported',
      }),
    );
    const [record] = await readConsumers(stores.db, tables, [stream.name]);
    expect(record).toMatchObject({ deadLetters: 3, parkedKeys: 1, lastError: 'a1 is not supported' });
  });

  it('stays parked for the next replica, and when the stream is read from its beginning', async () => {
    failing.add('a2');
    const [, , third] = await stream.add('a1', 'a2', 'a3');
    const first = startImpatient();
    await offsetIs(third);
    await first.stop();
    failing.clear();
    await stores.redis.del(stream.consumed.offsetKey);
    const [last] = await stream.add('a4');
    startImpatient();
    await offsetIs(last);
    expect(await stream.effects()).toEqual(['a1']);
    expect((await parked()).map(([text]) => text).filter((text) => text !== 'a1')).toEqual([
      'a2',
      'a3',
      'a4',
    ]);
    await retry('a');
    await effectsAre('a1', 'a2', 'a3', 'a4');
  });

  it('is applied by a retry with all entries of its key, in order, before those that come meanwhile', async () => {
    failing.add('a1');
    const [, second] = await stream.add('a1', 'a2');
    startImpatient();
    await offsetIs(second);
    failing.clear();
    await retry('a');
    await stream.add('a3', 'b1');
    await vi.waitFor(async () => expect((await stream.effects()).length).toBe(4), patience);
    expect((await stream.effects()).filter((text) => text !== 'b1')).toEqual(['a1', 'a2', 'a3']);
    await vi.waitFor(async () => expect(await parked()).toEqual([]), patience);
    await stream.add('a4');
    await vi.waitFor(async () => expect((await stream.effects()).at(-1)).toBe('a4'), patience);
  });

  it('stays parked, with the reason, when the retry fails as well; what was applied is not applied again', async () => {
    failing.add('a1').add('a2');
    const [, , third] = await stream.add('a1', 'a2', 'a3');
    startImpatient();
    await offsetIs(third);
    failing.delete('a1');
    await retry('a');
    await vi.waitFor(
      async () =>
        expect(await parked()).toEqual([
          ['a2', 'a', 'failed 2 times: a2 is not supported'],
          ['a3', 'a', behind],
        ]),
      patience,
    );
    expect((await deadLetters()).map(({ retryRequestedAt }) => retryRequestedAt)).toEqual([null, null]);
    expect(await stream.effects()).toEqual(['a1']);
  });

  it('lets its key go on once an admin has discarded all that waits', async () => {
    failing.add('a1');
    const [first] = await stream.add('a1');
    startImpatient();
    await offsetIs(first);
    const [letter] = await deadLetters();
    await takeDeadLetter(stores.db, tables, String(letter?.deadLetterId));
    await stream.add('a2');
    await effectsAre('a2');
    expect(await deadLetters()).toEqual([]);
  });

  it('is given up by a retry when it can never be applied, and holds up none of its key any more', async () => {
    failing.add('a1');
    const [, second] = await stream.add('a1', 'a2');
    startImpatient();
    await offsetIs(second);
    stream.handle = async (said, delivery) => {
      if (said.number === 1) throw new CannotApply('there is no such game');
      await stream.apply(said, delivery);
    };
    await retry('a');
    await effectsAre('a2');
    await vi.waitFor(
      async () => expect(await parked()).toEqual([['a1', null, 'there is no such game']]),
      patience,
    );
  });

  it.each([
    ['PostgreSQL', Object.assign(new Error('the database system is starting up'), { code: '57P03' })],
    ['Redis', new Error('Command timed out')],
    ['a peer', new Refusal('service_unavailable', 'The peer does not respond.')],
  ])('is not parked for an outage of %s', async (_, outage) => {
    let outages = 1;
    stream.handle = async (said, delivery) => {
      if (outages-- > 0) throw outage;
      await stream.apply(said, delivery);
    };
    const [last] = await stream.add('a1');
    running = stream.start({ attempts: 1, blockMs: 50 });
    await effectsAre('a1');
    await offsetIs(last);
    expect(await deadLetters()).toEqual([]);
  });
});

describe('an entry that takes long', () => {
  it('holds up no other key, however many entries come, and the offset stays before it', async () => {
    const opened = Promise.withResolvers<void>();
    stream.handle = async (said, delivery) => {
      if (said.thing === 'a') await opened.promise;
      else await stream.apply(said, delivery);
    };
    const before = (await stream.add('b0'))[0];
    const rest = Array.from({ length: 250 }, (_, index) => `${'bcdefg'.charAt(index % 6)}${index + 1}`);
    await stream.add('a1', ...rest);
    start();
    await vi.waitFor(async () => expect((await stream.effects()).length).toBe(251), patience);
    expect(await stream.offset()).toBe(before);
    opened.resolve();
    const [last] = await stream.add('b999');
    await offsetIs(last);
  });

  it('is waited for when a thousand entries are ahead of the offset, so that few come again', async () => {
    const opened = Promise.withResolvers<void>();
    let begun = 0;
    stream.handle = async (said) => {
      begun += 1;
      if (said.thing === 'a') await opened.promise;
    };
    const pipeline = stores.redis.pipeline();
    for (let number = 0; number < 1_200; number += 1) {
      const thing = number === 0 ? 'a' : 'b';
      const fields = [
        'event_id',
        `${stream.name}:${thing}${number}`,
        'thing',
        thing,
        'number',
        String(number),
      ];
      pipeline.xadd(stream.consumed.stream, '*', ...fields);
    }
    await pipeline.exec();
    start();
    await vi.waitFor(() => expect(begun).toBe(1_000), patience);
    opened.resolve();
    await vi.waitFor(() => expect(begun).toBe(1_200), patience);
  });
});

describe('an entry that can never be applied', () => {
  it('is put into the dead letters with the reason, and the stream goes on', async () => {
    stream.handle = async (said, delivery) => {
      if (said.number === 2) throw new CannotApply('there is no such game');
      await stream.apply(said, delivery);
    };
    await stream.add('a1');
    const malformed = ['thing', 'a', 'number', 'many', 'traceparent', 'none'];
    const [nameless, refused, last] = [await stream.addFields(malformed), ...(await stream.add('a2', 'a3'))];
    const { lines } = start();
    await effectsAre('a1', 'a3');
    await offsetIs(last);
    const inOrder = (await deadLetters()).toSorted((a, b) => compareEntryIds(a.entryId, b.entryId));
    expect(inOrder).toEqual([
      expect.objectContaining({
        consumer: stream.name,
        entryId: nameless,
        fields: { thing: 'a', number: 'many', traceparent: 'none' },
        reason: 'malformed: event_id is missing; number must be a whole number',
      }),
      expect.objectContaining({
        entryId: refused,
        fields: { event_id: `${stream.name}:a2`, thing: 'a', number: '2', traceparent: '' },
        reason: 'there is no such game',
      }),
    ]);
    const told = lines.filter(({ msg }) => msg === 'entry added to the dead letters');
    expect(told.map(({ level, entry_id }) => [level, entry_id]).toSorted()).toEqual([
      ['error', nameless],
      ['error', refused],
    ]);
  });

  it('lies there once, however often it comes', async () => {
    const id = await stream.addFields(['nothing', 'known']);
    const first = start();
    await offsetIs(id);
    await first.stop();
    await stores.redis.del(stream.consumed.offsetKey);
    start();
    await offsetIs(id);
    expect((await deadLetters()).length).toBe(1);
  });

  it('leaves no part of its effect behind', async () => {
    stream.handle = async (said, delivery) => {
      await delivery.apply(said.event_id, async (tx) => {
        await stream.write(tx, said);
        throw new CannotApply('the game is unknown');
      });
    };
    const [id] = await stream.add('a1');
    const first = start();
    await offsetIs(id);
    expect(await stream.effects()).toEqual([]);
    await first.stop();

    // So it can be tried again.
    stream.handle = stream.apply;
    await stream.add('a1');
    start();
    await effectsAre('a1');
  });

  it.each([
    ['a NUL character in a value', ['event_id', 'x\0', 'thing', 'a', 'number', '1']],
    ['a NUL character in the name of a field', ['event_id', 'x', 'thing', 'a', 'number', '1', '\0', '']],
    ['a number that its column cannot take', ['event_id', 'x', 'thing', 'a', 'number', '999999999999999']],
  ])('does not stop the stream either when it has %s', async (_, fields) => {
    const id = await stream.addFields(fields);
    const [last] = await stream.add('a2');
    start();
    await offsetIs(last);
    expect(await stream.effects()).toEqual(['a2']);
    expect(await deadLetters()).toEqual([
      expect.objectContaining({ entryId: id, reason: expect.stringMatching(/^malformed: /) }),
    ]);
  });

  it('is described in bounded words, whatever it says', async () => {
    stream.handle = async ({ thing }) => {
      throw new CannotApply(`${thing} `.repeat(10_000));
    };
    const [id] = await stream.add('a1');
    start();
    await offsetIs(id);
    expect((await deadLetters())[0]?.reason.length).toBeLessThanOrEqual(1_001);
  });
});

describe('a worker that is told to stop', () => {
  it('finishes the entries under way, begins no other, and goes on from there when it starts again', async () => {
    const opened = Promise.withResolvers<void>();
    const begun: string[] = [];
    stream.handle = async (said, delivery) => {
      begun.push(`${said.thing}${said.number}`);
      if (said.number === 2) await opened.promise;
      await stream.apply(said, delivery);
    };
    const [, , , , b2] = await stream.add('a1', 'b1', 'c1', 'a2', 'b2', 'a3', 'b3');
    const first = start();
    await vi.waitFor(() => expect(begun.toSorted()).toEqual(['a1', 'a2', 'b1', 'b2', 'c1']), patience);
    const stopped = first.stop();
    opened.resolve();
    await stopped;
    expect(begun.length).toBe(5);
    expect((await stream.effects()).toSorted()).toEqual(['a1', 'a2', 'b1', 'b2', 'c1']);
    expect(await stream.offset()).toBe(b2);

    start();
    await vi.waitFor(async () => expect((await stream.effects()).length).toBe(7), patience);
    expect(begun.slice(5).toSorted()).toEqual(['a3', 'b3']);
  });

  it('does not wait for a read that blocks', async () => {
    running = stream.start({ blockMs: 600_000 });
    const [id] = await stream.add('a1');
    await offsetIs(id);
    await running.stop();
  });
});

it('what was applied is forgotten once it is old enough, and no sooner', async () => {
  const [id] = await stream.add('a1');
  start();
  await offsetIs(id);
  const day = 24 * 3_600_000;
  await stores.pool.query(
    `insert into lobby.processed_entries (consumer, event_id, processed_at)
     select $1, n::text, now() - n * interval '1 day' from generate_series(12, 16) n`,
    [stream.name],
  );
  expect(await deleteProcessed(stores.db, tables, { afterMs: 14 * day + 60_000, limit: 1 })).toBe(1);
  expect(await deleteProcessed(stores.db, tables, { afterMs: 14 * day + 60_000, limit: 10 })).toBe(1);
  expect(await deleteProcessed(stores.db, tables, { afterMs: 14 * day + 60_000, limit: 10 })).toBe(0);
  const left = await stores.pool.query(
    'select event_id from lobby.processed_entries where consumer = $1 order by processed_at',
    [stream.name],
  );
  expect(left.rows.map(({ event_id }) => event_id)).toEqual(['14', '13', '12', `${stream.name}:a1`]);
});
