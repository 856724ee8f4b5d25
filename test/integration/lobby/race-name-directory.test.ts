import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, expect, test } from 'vitest';
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
