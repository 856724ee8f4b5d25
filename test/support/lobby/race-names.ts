// The Race Name Directory for tests of either backend: what users hold, in one line each.

import { v7 as uuidv7 } from 'uuid';
import { expect } from 'vitest';
import type { HeldRaceName, NameObstacle } from '../../../lib/lobby/domain/race-name/held.ts';
import type { Tx } from '../../../lib/lobby/store/database.ts';
import { nameKeys } from '../../../lib/names/keys.ts';
import { inTransaction } from '../../../lib/postgres/transaction.ts';
import { makeDraft } from './games.ts';
import { createTestLobby, type RaceNameBackend, type TestLobby } from './lobby.ts';

export type TestRaceNames = {
  lobby: TestLobby;
  directory: TestLobby['raceNames'];
  newGame(): Promise<string>;
  /** Runs in a transaction as operations do, again after a deadlock. */
  inTransaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  reserve(tx: Tx, userId: string, gameId: string, name: string): Promise<'reserved' | NameObstacle>;
  /** In a transaction of its own, which is rolled back when the name is taken. @param gameId a new one unless given. */
  reserveNow(userId: string, name: string, gameId?: string): Promise<'reserved' | 'taken'>;
  /** Reserves a name and lets it be registered. @returns its id. */
  makePending(userId: string, name: string, until: Date): Promise<string>;
  isFreeFor(userId: string, name: string, db?: Tx): Promise<boolean>;
  list(userId: string): Promise<HeldRaceName[]>;
  namesOf(userId: string): Promise<string[]>;
  /** Resolves when another transaction waits beside the one that the caller is in. */
  untilAnotherWaits(): Promise<void>;
  close(): Promise<void>;
};

export async function createTestRaceNames(backend: RaceNameBackend): Promise<TestRaceNames> {
  const lobby = await createTestLobby({ raceNames: backend });
  const { raceNames: directory } = lobby;
  const owner = lobby.player();
  const newGame = () => makeDraft(owner);
  const run = <T>(work: (tx: Tx) => Promise<T>) => inTransaction(lobby.db, work);
  const list = async (userId: string) =>
    (await directory.list(lobby.db, userId, undefined, { size: 1_000, after: undefined })).items;

  const reserve: TestRaceNames['reserve'] = (tx, userId, gameId, name) => {
    const keys = nameKeys(name);
    return directory.reserve(tx, { raceNameId: uuidv7(), userId, gameId, name, keys, at: lobby.now() });
  };

  const reserveNow: TestRaceNames['reserveNow'] = async (userId, name, gameId) => {
    const inGame = gameId ?? (await newGame());
    try {
      return await run<'reserved'>(async (tx) => {
        if ((await reserve(tx, userId, inGame, name)) !== 'reserved') throw new Taken();
        return 'reserved';
      });
    } catch (error) {
      if (error instanceof Taken) return 'taken';
      throw error;
    }
  };

  return {
    lobby,
    directory,
    newGame,
    inTransaction: run,
    reserve,
    reserveNow,
    list,
    async makePending(userId, name, until) {
      const gameId = await newGame();
      expect(await reserveNow(userId, name, gameId)).toBe('reserved');
      await run((tx) => directory.allowRegistration(tx, { userId, gameId }, until));
      const held = (await list(userId)).find((one) => one.gameId === gameId);
      if (held === undefined) throw new Error(`${name} is not held`);
      return held.raceNameId;
    },
    isFreeFor: async (userId, name, db) =>
      (await directory.obstacle(db ?? lobby.db, userId, nameKeys(name))) === undefined,
    namesOf: async (userId) => (await list(userId)).map(({ name }) => name).toSorted(),
    async untilAnotherWaits() {
      // A wait for PostgreSQL is for a lock; a wait in this process leaves the connection idle.
      const inTransactions = `select count(*)::int as waiting from pg_stat_activity
        where datname = current_database() and (state = 'idle in transaction' or wait_event_type = 'Lock')`;
      await expect
        .poll(async () => (await lobby.pool.query(inTransactions)).rows[0].waiting, { timeout: 10_000 })
        .toBeGreaterThan(1);
    },
    close: lobby.close,
  };
}

class Taken extends Error {}
