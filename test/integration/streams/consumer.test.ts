import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import * as tables from '../../../lib/lobby/store/schema.ts';
import { CannotApply } from '../../../lib/streams/consumer.ts';
import { compareEntryIds } from '../../../lib/streams/entry.ts';
import { deleteProcessed, listDeadLetters, readConsumers } from '../../../lib/streams/store.ts';
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
    expect(begun).toEqual(['b1', 'a1', 'b2']);
    expect(await stream.offset()).toBe(undefined);

    opened.resolve();
    await effectsAre('b1', 'b2', 'a1', 'a2');
    await offsetIs(last);
    expect(first).not.toBe(last);
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
  it('is tried again after pauses that grow, while the offset stays in front of it', async () => {
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
    const told = lines.filter(({ msg }) => msg === 'stream could not be consumed; trying again');
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
