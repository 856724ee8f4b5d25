import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { raceNameKeys } from '../../../lib/lobby/domain/race-name/keys.ts';
import type { Tx } from '../../../lib/lobby/store/database.ts';
import { createTestLobby, type TestLobby } from '../../support/lobby.ts';
import { makeDraft } from '../../support/lobby-games.ts';

let lobby: TestLobby;
beforeAll(async () => {
  lobby = await createTestLobby();
});
afterAll(() => lobby.close());

const newGame = () => makeDraft(lobby.player());
const inTransaction = <T>(work: (tx: Tx) => Promise<T>) => lobby.db.transaction(work);

function reserve(tx: Tx, userId: string, gameId: string, name: string) {
  const keys = raceNameKeys(name);
  return lobby.raceNames.reserve(tx, { raceNameId: uuidv7(), userId, gameId, name, keys, at: lobby.now() });
}
const reserveNow = (userId: string, gameId: string, name: string) =>
  inTransaction((tx) => reserve(tx, userId, gameId, name));
/** A name that its user may register until then. */
async function makePending(userId: string, name: string, until: Date): Promise<string> {
  const gameId = await newGame();
  await reserveNow(userId, gameId, name);
  await inTransaction((tx) => lobby.raceNames.allowRegistration(tx, { userId, gameId }, until));
  const held = await list(userId);
  return held.find((one) => one.gameId === gameId)?.raceNameId ?? '';
}
const list = async (userId: string) =>
  (await lobby.raceNames.list(lobby.db, userId, undefined, { size: 100, after: undefined })).items;
const namesOf = async (userId: string) => (await list(userId)).map(({ name }) => name);
const isFreeFor = (userId: string, name: string) =>
  lobby.raceNames.isFreeFor(lobby.db, userId, raceNameKeys(name));

test('a name is free until it is reserved, and then for its user only', async () => {
  const [bob, eve] = [uuidv7(), uuidv7()];
  expect(await isFreeFor(eve, 'Freebies')).toBe(true);
  expect(await reserveNow(bob, await newGame(), 'Freebies')).toBe('reserved');
  expect(await isFreeFor(bob, 'Freebies')).toBe(true);
  expect(await isFreeFor(eve, 'Freebies')).toBe(false);
  expect(await reserveNow(eve, await newGame(), 'Freebies')).toBe('taken');
});

test('a name is taken by one that reads the same, and by one that looks the same', async () => {
  const eve = uuidv7();
  await reserveNow(uuidv7(), await newGame(), 'Copycat');
  for (const name of ['COPYCAT', 'Ｃopycat', 'Сopycat' /* Cyrillic С */]) {
    expect(await isFreeFor(eve, name)).toBe(false);
    expect(await reserveNow(eve, await newGame(), name)).toBe('taken');
  }
});

test('a released name is free for everybody', async () => {
  const [bob, eve] = [uuidv7(), uuidv7()];
  const gameId = await newGame();
  await reserveNow(bob, gameId, 'Released');
  await inTransaction((tx) => lobby.raceNames.release(tx, { userId: bob, gameId }));
  expect(await isFreeFor(eve, 'Released')).toBe(true);
  expect(await reserveNow(eve, await newGame(), 'Released')).toBe('reserved');
});

test('a name that its user has from another game, too, is not free before that is released', async () => {
  const [bob, eve] = [uuidv7(), uuidv7()];
  const [first, second] = [await newGame(), await newGame()];
  await reserveNow(bob, first, 'Doubled');
  await reserveNow(bob, second, 'DOUBLED');
  await inTransaction((tx) => lobby.raceNames.release(tx, { userId: bob, gameId: first }));
  expect(await isFreeFor(eve, 'doubled')).toBe(false);
  await inTransaction((tx) => lobby.raceNames.release(tx, { userId: bob, gameId: second }));
  expect(await isFreeFor(eve, 'doubled')).toBe(true);
});

test('of two names that only look the same, one released leaves the look taken', async () => {
  const [bob, eve] = [uuidv7(), uuidv7()];
  const [latin, cyrillic] = [await newGame(), await newGame()];
  await reserveNow(bob, latin, 'Paola');
  await reserveNow(bob, cyrillic, 'Pаola');
  await inTransaction((tx) => lobby.raceNames.release(tx, { userId: bob, gameId: latin }));
  expect(await isFreeFor(eve, 'paola')).toBe(false);
  const { rows } = await lobby.pool.query(
    'select kind from lobby.race_name_keys where user_id = $1 order by 1',
    [bob],
  );
  expect(rows).toEqual([{ kind: 'folded' }, { kind: 'skeleton' }]);
});

test('releasing nothing does nothing', async () => {
  const before = await lobby.tables();
  await inTransaction((tx) => lobby.raceNames.release(tx, { userId: uuidv7(), gameId: uuidv7() }));
  expect(await lobby.tables()).toEqual(before);
});

describe('what a user who is gone has held', () => {
  test('is free for everybody, of whichever kind it was', async () => {
    const [bob, eve] = [uuidv7(), uuidv7()];
    await reserveNow(bob, await newGame(), 'Reserved');
    await makePending(bob, 'Pending', lobby.now());
    const registered = await makePending(bob, 'Kept', lobby.now());
    await inTransaction((tx) => lobby.raceNames.register(tx, registered, lobby.now()));
    await reserveNow(eve, await newGame(), 'Bystander');

    await inTransaction((tx) => lobby.raceNames.releaseUser(tx, bob));
    expect(await namesOf(bob)).toEqual([]);
    for (const name of ['Reserved', 'Pending', 'Kept']) expect(await isFreeFor(eve, name)).toBe(true);
    expect(await namesOf(eve)).toEqual(['Bystander']);
    expect(await isFreeFor(bob, 'Bystander')).toBe(false);
  });

  test('may be nothing', async () => {
    const before = await lobby.tables();
    await inTransaction((tx) => lobby.raceNames.releaseUser(tx, uuidv7()));
    expect(await lobby.tables()).toEqual(before);
  });
});

describe('a pending registration', () => {
  const expire = (ids: string[], now: Date) => inTransaction((tx) => lobby.raceNames.expire(tx, ids, now));
  const later = (ms: number) => new Date(lobby.now().getTime() + ms);

  test('expires when its time is over, not a moment before, and is free then', async () => {
    const [bob, eve] = [uuidv7(), uuidv7()];
    const raceNameId = await makePending(bob, 'Ephemeral', later(1_000));
    expect(await expire([raceNameId], later(999))).toEqual([]);
    expect(await isFreeFor(eve, 'Ephemeral')).toBe(false);
    expect(await expire([raceNameId], later(1_000))).toMatchObject([
      {
        raceNameId,
        userId: bob,
        name: 'Ephemeral',
        kind: 'pending_registration',
        registerUntil: later(1_000),
      },
    ]);
    expect(await isFreeFor(eve, 'Ephemeral')).toBe(true);
    expect(await expire([raceNameId], later(1_000))).toEqual([]);
  });

  test('that expires leaves its user the name that another game has under the same key', async () => {
    const [bob, eve] = [uuidv7(), uuidv7()];
    const raceNameId = await makePending(bob, 'Durable', lobby.now());
    await reserveNow(bob, await newGame(), 'DURABLE');
    expect(await expire([raceNameId], lobby.now())).toHaveLength(1);
    expect(await isFreeFor(eve, 'durable')).toBe(false);
  });

  test('expires no more once it is registered', async () => {
    const bob = uuidv7();
    const raceNameId = await makePending(bob, 'Steadfast', lobby.now());
    await inTransaction((tx) => lobby.raceNames.register(tx, raceNameId, lobby.now()));
    expect(await expire([raceNameId], later(1_000))).toEqual([]);
    expect(await namesOf(bob)).toEqual(['Steadfast']);
  });

  test('is listed once its time is over, the longest first, as many as asked for', async () => {
    // A time that no other test of this file uses.
    const at = (second: number) => new Date(Date.UTC(2001, 0, 1, 0, 0, second));
    const bob = uuidv7();
    await makePending(bob, 'Third', at(3));
    await makePending(bob, 'First', at(1));
    await makePending(bob, 'Second', at(2));
    const expired = async (now: Date, limit: number) =>
      (await lobby.raceNames.listExpired(lobby.db, now, limit)).map(({ name }) => name);
    expect(await expired(at(0), 10)).toEqual([]);
    expect(await expired(at(2), 10)).toEqual(['First', 'Second']);
    expect(await expired(at(3), 2)).toEqual(['First', 'Second']);
  });
});

test('a reservation that is rolled back was never there', async () => {
  const bob = uuidv7();
  const gameId = await newGame();
  const before = await lobby.tables();
  const rolledBack = inTransaction(async (tx) => {
    await reserve(tx, bob, gameId, 'Regretted');
    throw new Error('regret');
  });
  await expect(rolledBack).rejects.toThrow('regret');
  expect(await lobby.tables()).toEqual(before);
});

test('a reservation waits for a transaction that releases the name, and then has it', async () => {
  const [bob, eve] = [uuidv7(), uuidv7()];
  const [bobs, eves] = [await newGame(), await newGame()];
  await reserveNow(bob, bobs, 'Handover');
  let waiting: Promise<string> | undefined;
  await inTransaction(async (tx) => {
    await lobby.raceNames.release(tx, { userId: bob, gameId: bobs });
    waiting = reserveNow(eve, eves, 'Handover');
    await untilSomebodyWaits();
  });
  expect(await waiting).toBe('reserved');
});

async function untilSomebodyWaits(): Promise<void> {
  await expect
    .poll(async () => {
      const { rows } = await lobby.pool.query(
        `select count(*)::int as waiting from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
      );
      return rows[0].waiting;
    })
    .toBeGreaterThan(0);
}
