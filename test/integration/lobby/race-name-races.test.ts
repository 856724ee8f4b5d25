// What both backends of the Race Name Directory do when several transactions want the same.
import { setTimeout } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Tx } from '../../../lib/lobby/store/database.ts';
import { lockAnyGame } from '../../../lib/lobby/store/games.ts';
import { raceNameBackends } from '../../support/lobby/lobby.ts';
import { createTestRaceNames, type TestRaceNames } from '../../support/lobby/race-names.ts';

class RolledBack extends Error {}

describe.each(raceNameBackends)('transactions that race for names (%s)', (backend) => {
  let names: TestRaceNames;
  let directory: TestRaceNames['directory'];
  beforeAll(async () => {
    names = await createTestRaceNames(backend);
    directory = names.directory;
  });
  afterAll(() => names.close());

  let bob: string;
  let eve: string;
  beforeEach(() => {
    [bob, eve] = [uuidv7(), uuidv7()];
  });

  /** Whether `name` is reserved for eve, who wants it while this transaction of bob's is open. */
  async function meanwhile(name: string, work: (tx: Tx) => Promise<unknown>): Promise<string> {
    const evesGame = await names.newGame();
    let waiting: Promise<string> | undefined;
    const transaction = names.inTransaction(async (tx) => {
      const done = await work(tx);
      waiting ??= names.reserveNow(eve, name, evesGame);
      await names.untilAnotherWaits();
      if (done === 'roll back') throw new RolledBack();
    });
    const [ended] = await Promise.allSettled([transaction]);
    if (ended.status === 'rejected') expect(ended.reason).toBeInstanceOf(RolledBack);
    return (await waiting) ?? 'nobody waited';
  }

  test('a user who wants a name waits for a transaction that gives it up, and then has it', async () => {
    const gameId = await names.newGame();
    await names.reserveNow(bob, 'Handover', gameId);
    expect(await meanwhile('HANDOVER', (tx) => directory.release(tx, { userId: bob, gameId }))).toBe(
      'reserved',
    );
  });

  test('a user who wants a name waits for a transaction that reserves it, and is refused when that commits', async () => {
    const gameId = await names.newGame();
    expect(await meanwhile('0verlap', (tx) => names.reserve(tx, bob, gameId, 'Overlap'))).toBe('taken');
    expect(await names.namesOf(bob)).toEqual(['Overlap']);
  });

  test('and has it when that is rolled back', async () => {
    const gameId = await names.newGame();
    const reserved = meanwhile('Second', async (tx) => {
      await names.reserve(tx, bob, gameId, 'SECOND');
      return 'roll back';
    });
    expect(await reserved).toBe('reserved');
    expect(await names.namesOf(bob)).toEqual([]);
  });

  /** Waits until all of so many have come; those that come again go through. */
  function meetingOf(count: number): () => Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    let arrived = 0;
    return () => {
      if (++arrived === count) resolve();
      return promise;
    };
  }

  test('two who want each other’s next name end as one who has both, and one who is refused', async () => {
    const meeting = meetingOf(2);
    const wants = async (userId: string, first: string, second: string) => {
      const [oneGame, otherGame] = [await names.newGame(), await names.newGame()];
      return names.inTransaction(async (tx) => {
        if ((await names.reserve(tx, userId, oneGame, first)) === 'taken') throw new RolledBack();
        await meeting();
        if ((await names.reserve(tx, userId, otherGame, second)) === 'taken') throw new RolledBack();
      });
    };
    const ended = await Promise.allSettled([wants(bob, 'Alpha', 'Beta'), wants(eve, 'Beta', 'Alpha')]);
    expect(ended.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(ended.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: expect.any(RolledBack),
    });
    expect([await names.namesOf(bob), await names.namesOf(eve)].toSorted()).toEqual([[], ['Alpha', 'Beta']]);
  });

  test('a wait for a name that is crossed with one for a game is found out, and tried again', async () => {
    const [gameId, other] = [await names.newGame(), await names.newGame()];
    const meeting = meetingOf(2);
    const gameFirst = names.inTransaction(async (tx) => {
      await lockAnyGame(tx, gameId);
      await meeting();
      return names.reserve(tx, bob, gameId, 'Crossed');
    });
    const nameFirst = names.inTransaction(async (tx) => {
      const outcome = await names.reserve(tx, eve, other, 'Crossed');
      await meeting();
      await lockAnyGame(tx, gameId);
      return outcome;
    });
    expect((await Promise.all([gameFirst, nameFirst])).toSorted()).toEqual(['reserved', 'taken']);
    expect((await Promise.all([bob, eve].map(names.namesOf))).flat()).toEqual(['Crossed']);
  });

  test('a name that may be registered, has expired and is taken from its user at once ends one of these ways', async () => {
    for (let round = 0; round < 15; round++) {
      const userId = uuidv7();
      const until = names.lobby.now();
      const raceNameId = await names.makePending(userId, `Torn ${round + 100}`, until);
      const [registered, expired] = await Promise.all([
        names.inTransaction(async (tx) => {
          if ((await directory.lock(tx, userId, raceNameId)) === undefined) return false;
          await directory.register(tx, raceNameId, until);
          return true;
        }),
        names.inTransaction(async (tx) => {
          await setTimeout(Math.random() * 3);
          return (await directory.expire(tx, [raceNameId], until)).length === 1;
        }),
      ]);
      expect(registered).toBe(!expired);
      expect(await names.isFreeFor(eve, `TORN ${round + 100}`)).toBe(expired);
      await Promise.all([
        names.inTransaction((tx) => directory.releaseUser(tx, userId)),
        names.reserveNow(eve, `TORN ${round + 100}`),
      ]);
      expect(await names.list(userId)).toEqual([]);
    }
  });

  test('a name belongs to one user, however many reserve it, release it and roll back at once', async () => {
    const users = Array.from({ length: 8 }, () => uuidv7());
    const looks = [
      ['Orlon', '0rlon', 'ORLON'],
      ['Paolo', 'Pаolo', 'PAOLO'],
      ['Illya', 'lIIya', '1llya'],
    ];
    const pick = <T>(from: readonly T[]) => from[Math.floor(Math.random() * from.length)] as T;
    const games = await Promise.all(Array.from({ length: 6 }, () => names.newGame()));

    await Promise.all(
      users.map(async (userId) => {
        for (const gameId of games) {
          const work = names.inTransaction(async (tx) => {
            const outcome = await names.reserve(tx, userId, gameId, pick(pick(looks)));
            if (outcome === 'taken' || Math.random() < 0.3) throw new RolledBack();
          });
          const [ended] = await Promise.allSettled([work]);
          if (ended.status === 'rejected') expect(ended.reason).toBeInstanceOf(RolledBack);
          else if (Math.random() < 0.5) {
            await names.inTransaction((tx) => directory.release(tx, { userId, gameId }));
          }
        }
      }),
    );

    const held = (await Promise.all(users.map(names.list))).flat();
    for (const kind of ['folded', 'skeleton'] as const) {
      const users = Map.groupBy(held, (one) => one[kind]);
      for (const [key, of] of users) {
        expect({ key, users: new Set(of.map(({ userId }) => userId)).size }).toEqual({ key, users: 1 });
      }
    }
    for (const { name } of held) expect(await names.isFreeFor(uuidv7(), name)).toBe(false);
    await names.inTransaction(async (tx) => {
      for (const userId of users) await directory.releaseUser(tx, userId);
    });
    for (const name of looks.flat()) expect(await names.isFreeFor(uuidv7(), name)).toBe(true);
  });
});
