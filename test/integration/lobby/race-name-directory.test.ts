// What both backends of the Race Name Directory do alike: in PostgreSQL, and in the memory of the process ("stub").
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { nameKeys } from '../../../lib/names/keys.ts';
import { raceNameBackends } from '../../support/lobby/lobby.ts';
import { createTestRaceNames, type TestRaceNames } from '../../support/lobby/race-names.ts';

class RolledBack extends Error {}

describe.each(raceNameBackends)('the race name directory (%s)', (backend) => {
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
  const later = (ms: number) => new Date(names.lobby.now().getTime() + ms);
  /** The rejection of a transaction that did this before it was rolled back. */
  const rolledBack = async (work: Parameters<typeof names.inTransaction>[0]) => {
    const transaction = names.inTransaction(async (tx) => {
      await work(tx);
      throw new RolledBack();
    });
    await expect(transaction).rejects.toThrow(RolledBack);
  };

  describe('a reservation', () => {
    test('takes a name that was free for its user only', async () => {
      expect(await names.isFreeFor(eve, 'Freebies')).toBe(true);
      expect(await names.reserveNow(bob, 'Freebies')).toBe('reserved');
      expect(await names.isFreeFor(bob, 'Freebies')).toBe(true);
      expect(await names.isFreeFor(eve, 'Freebies')).toBe(false);
      expect(await names.reserveNow(eve, 'Freebies')).toBe('taken');
      expect(await names.namesOf(eve)).toEqual([]);
    });

    test('takes what reads the same, and what looks the same', async () => {
      await names.reserveNow(bob, 'Copycat');
      for (const name of ['COPYCAT', 'Ｃopycat', 'Сopycat' /* Cyrillic С */]) {
        expect(await names.isFreeFor(eve, name)).toBe(false);
        expect(await names.reserveNow(eve, name)).toBe('taken');
      }
      for (const name of ['Copycat-', 'Copy cat', 'Copyćat'])
        expect(await names.isFreeFor(eve, name)).toBe(true);
    });

    test('is refused when its name shares but one key with somebody else’s', async () => {
      await names.reserveNow(bob, 'Воb' /* Cyrillic В, о: looks like Bob, and reads воb */);
      expect(await names.isFreeFor(eve, 'воb')).toBe(false);
      expect(await names.isFreeFor(eve, 'bob')).toBe(false);
    });

    test('gives a user one name per game', async () => {
      const gameId = await names.newGame();
      await names.reserveNow(bob, 'Onename', gameId);
      await expect(names.reserveNow(bob, 'Another', gameId)).rejects.toThrow();
      expect(await names.namesOf(bob)).toEqual(['Onename']);
      expect(await names.isFreeFor(eve, 'Another')).toBe(true);
    });

    test('that is refused leaves the key that was free to others', async () => {
      await names.reserveNow(bob, 'Halfling');
      // It looks like Halfling, but reads otherwise.
      const lookAlike = 'Hаlfling';
      expect(nameKeys(lookAlike).folded).not.toBe(nameKeys('Halfling').folded);
      expect(await names.reserveNow(eve, lookAlike)).toBe('taken');
      await names.inTransaction((tx) => directory.releaseUser(tx, bob));
      expect(await names.reserveNow(uuidv7(), lookAlike)).toBe('reserved');
    });
  });

  describe('a name that is given up', () => {
    test('is free for everybody', async () => {
      const gameId = await names.newGame();
      await names.reserveNow(bob, 'Released', gameId);
      await names.inTransaction((tx) => directory.release(tx, { userId: bob, gameId }));
      expect(await names.namesOf(bob)).toEqual([]);
      expect(await names.reserveNow(eve, 'Released')).toBe('reserved');
    });

    test('stays its user’s while another game has it, too', async () => {
      const [first, second] = [await names.newGame(), await names.newGame()];
      await names.reserveNow(bob, 'Doubled', first);
      await names.reserveNow(bob, 'DOUBLED', second);
      await names.inTransaction((tx) => directory.release(tx, { userId: bob, gameId: first }));
      expect(await names.isFreeFor(eve, 'doubled')).toBe(false);
      await names.inTransaction((tx) => directory.release(tx, { userId: bob, gameId: second }));
      expect(await names.isFreeFor(eve, 'doubled')).toBe(true);
    });

    test('leaves the look taken when another of the user’s names has it', async () => {
      const latin = await names.newGame();
      await names.reserveNow(bob, 'Paola', latin);
      await names.reserveNow(bob, 'Pаola' /* Cyrillic а */);
      await names.inTransaction((tx) => directory.release(tx, { userId: bob, gameId: latin }));
      expect(await names.isFreeFor(eve, 'paola')).toBe(false);
      expect(await names.isFreeFor(eve, 'PАOLA' /* Cyrillic А */)).toBe(false);
    });

    test('may be none', async () => {
      await names.reserveNow(bob, 'Untouched');
      await names.inTransaction((tx) => directory.release(tx, { userId: eve, gameId: uuidv7() }));
      await names.inTransaction((tx) => directory.releaseUser(tx, eve));
      await names.inTransaction((tx) => directory.releaseGame(tx, uuidv7()));
      expect(await names.namesOf(bob)).toEqual(['Untouched']);
    });

    test('with its game leaves those that can be registered by then', async () => {
      const gameId = await names.newGame();
      await names.reserveNow(bob, 'Goner', gameId);
      await names.reserveNow(eve, 'Stayer', gameId);
      await names.inTransaction((tx) =>
        directory.allowRegistration(tx, { userId: eve, gameId }, later(1_000)),
      );
      await names.inTransaction((tx) => directory.releaseGame(tx, gameId));
      expect(await names.namesOf(bob)).toEqual([]);
      expect(await names.namesOf(eve)).toEqual(['Stayer']);
      expect(await names.isFreeFor(bob, 'stayer')).toBe(false);
    });
  });

  describe('a withheld name', () => {
    const withhold = (name: string, withheldNameId = uuidv7()) =>
      names.inTransaction((tx) =>
        directory.withhold(tx, {
          ...{ withheldNameId, name, ...nameKeys(name) },
          ...{ reason: 'a trade mark', withheldBy: 'ada', withheldAt: names.lobby.now() },
        }),
      );

    test('is free for nobody, in all its looks, until it is given back', async () => {
      const id = uuidv7();
      expect(await withhold('Trademark', id)).toBe('withheld_now');
      for (const name of ['Trademark', 'TRADEMARK', 'Trаdemark' /* Cyrillic а */]) {
        for (const user of [bob, null]) {
          expect(await directory.obstacle(names.lobby.db, user, nameKeys(name))).toBe('withheld');
        }
        await expect(
          names.inTransaction(async (tx) => {
            expect(await names.reserve(tx, bob, await names.newGame(), name)).toBe('withheld');
            throw new RolledBack();
          }),
        ).rejects.toThrow(RolledBack);
      }
      expect(await withhold('trademark')).toBe('withheld');

      const givenBack = await names.inTransaction((tx) => directory.giveBack(tx, id));
      expect(givenBack).toMatchObject({ withheldNameId: id, name: 'Trademark', reason: 'a trade mark' });
      expect(await names.inTransaction((tx) => directory.giveBack(tx, id))).toBeUndefined();
      expect(await names.reserveNow(bob, 'TRADEMARK')).toBe('reserved');
    });

    test('is not one that a user has', async () => {
      await names.reserveNow(bob, 'Occupied');
      await rolledBack(async (tx) => {
        const name = 'Оccupied' /* Cyrillic О */;
        const withheld = { withheldNameId: uuidv7(), name, ...nameKeys(name), reason: 'why' };
        const at = { withheldBy: null, withheldAt: names.lobby.now() };
        expect(await directory.withhold(tx, { ...withheld, ...at })).toBe('taken');
      });
      expect(await directory.findWithheldWith(names.lobby.db, nameKeys('Occupied'))).toEqual([]);
    });

    test('is not withheld when the transaction is rolled back', async () => {
      await rolledBack(async (tx) => {
        const withheld = { withheldNameId: uuidv7(), name: 'Undone', ...nameKeys('Undone'), reason: 'why' };
        await directory.withhold(tx, { ...withheld, withheldBy: null, withheldAt: names.lobby.now() });
        expect(await names.isFreeFor(bob, 'Undone', tx)).toBe(false);
      });
      expect(await names.isFreeFor(bob, 'Undone')).toBe(true);
    });

    test('comes in pages, the newest first', async () => {
      const before = (await directory.listWithheld(names.lobby.db, { size: 100, after: undefined })).items
        .length;
      for (const name of ['Pageone', 'Pagetwo', 'Pagethree']) {
        names.lobby.clock.advance(1_000);
        await withhold(name);
      }
      const first = await directory.listWithheld(names.lobby.db, { size: 2, after: undefined });
      expect(first.items.map(({ name }) => name)).toEqual(['Pagethree', 'Pagetwo']);
      const rest = await directory.listWithheld(names.lobby.db, { size: 100, after: first.next });
      expect(rest.items.map(({ name }) => name)[0]).toBe('Pageone');
      expect(rest.items).toHaveLength(before + 1);
    });
  });

  describe('a name that is renamed', () => {
    const rename = (raceNameId: string, name: string) =>
      names.inTransaction(async (tx) => {
        const held = await directory.findAny(tx, raceNameId);
        if (held === undefined) throw new Error(`${raceNameId} is not held`);
        return directory.rename(tx, held, { name, keys: nameKeys(name) });
      });

    test('frees what it was, and takes what it is', async () => {
      const id = await names.makePending(bob, 'Oldname', later(1_000));
      expect(await rename(id, 'Newname')).toMatchObject({ raceNameId: id, name: 'Newname', userId: bob });
      expect(await names.namesOf(bob)).toEqual(['Newname']);
      expect(await names.isFreeFor(eve, 'Oldname')).toBe(true);
      expect(await names.isFreeFor(eve, 'Nеwname' /* Cyrillic е */)).toBe(false);
      // In other letters only: its keys are its own.
      expect(await rename(id, 'NEWNAME')).toMatchObject({ name: 'NEWNAME' });
      expect(await names.isFreeFor(eve, 'newname')).toBe(false);
    });

    test('leaves its old keys to other names of its user', async () => {
      const id = await names.makePending(bob, 'Twofold', later(1_000));
      await names.reserveNow(bob, 'TWOFOLD');
      await rename(id, 'Onefold');
      expect(await names.isFreeFor(eve, 'Twofold')).toBe(false);
    });

    test('cannot become one that another user has', async () => {
      const id = await names.makePending(bob, 'Mover', later(1_000));
      await names.reserveNow(eve, 'Settled');
      await rolledBack(async (tx) => {
        const held = await directory.findAny(tx, id);
        if (held === undefined) throw new Error('it is held');
        const name = 'SETTLED';
        expect(await directory.rename(tx, held, { name, keys: nameKeys(name) })).toBe('taken');
      });
      expect(await names.namesOf(bob)).toEqual(['Mover']);
      expect(await names.isFreeFor(eve, 'Mover')).toBe(false);
    });
  });

  test('one name can be released, and who has a name can be found by either key', async () => {
    const id = await names.makePending(bob, 'Findable', later(1_000));
    await names.reserveNow(bob, 'Findable-');
    for (const name of ['FINDABLE', 'Findаble' /* Cyrillic а */]) {
      const found = await directory.findHeldWith(names.lobby.db, nameKeys(name), 10);
      expect(found.map(({ raceNameId }) => raceNameId)).toEqual([id]);
    }
    await names.inTransaction((tx) => directory.releaseOne(tx, id));
    expect(await names.namesOf(bob)).toEqual(['Findable-']);
    expect(await names.isFreeFor(eve, 'Findable')).toBe(true);
  });

  test('what a user who is gone has held is free, of whichever kind it was', async () => {
    await names.reserveNow(bob, 'Reserved');
    await names.makePending(bob, 'Pending', later(1_000));
    const registered = await names.makePending(bob, 'Kept', later(1_000));
    await names.inTransaction((tx) => directory.register(tx, registered, later(0)));
    await names.reserveNow(eve, 'Bystander');

    await names.inTransaction((tx) => directory.releaseUser(tx, bob));
    expect(await names.namesOf(bob)).toEqual([]);
    for (const name of ['Reserved', 'Pending', 'Kept']) expect(await names.isFreeFor(eve, name)).toBe(true);
    expect(await names.namesOf(eve)).toEqual(['Bystander']);
    expect(await names.isFreeFor(bob, 'Bystander')).toBe(false);
  });

  describe('a pending registration', () => {
    const expire = (ids: string[], now: Date) => names.inTransaction((tx) => directory.expire(tx, ids, now));

    test('is allowed only of what is reserved', async () => {
      const allow = (gameId: string) =>
        names.inTransaction((tx) => directory.allowRegistration(tx, { userId: bob, gameId }, later(1)));
      await expect(allow(await names.newGame())).rejects.toThrow(`User ${bob} has reserved no race name`);
      await names.makePending(bob, 'Already', later(1_000));
      const [held] = await names.list(bob);
      await expect(allow(held?.gameId ?? '')).rejects.toThrow('has reserved no race name');
    });

    test('is registered for good', async () => {
      const raceNameId = await names.makePending(bob, 'Forever', later(1_000));
      const registered = await names.inTransaction(async (tx) => {
        expect(await directory.lock(tx, eve, raceNameId)).toBeUndefined();
        expect(await directory.lock(tx, bob, raceNameId)).toMatchObject({ kind: 'pending_registration' });
        return directory.register(tx, raceNameId, later(500));
      });
      expect(registered).toMatchObject({ kind: 'registered', registeredAt: later(500), registerUntil: null });
      expect(await directory.find(names.lobby.db, bob, raceNameId)).toEqual(registered);
      expect(await directory.find(names.lobby.db, eve, raceNameId)).toBeUndefined();
      expect(await directory.listRegistered(names.lobby.db, bob)).toEqual([registered]);
      expect(await names.isFreeFor(eve, 'FOREVER')).toBe(false);
      const again = names.inTransaction((tx) => directory.register(tx, raceNameId, later(600)));
      await expect(again).rejects.toThrow(`Race name ${raceNameId} is not a pending registration`);
    });

    test('expires when its time is over, not a moment before, and is free then', async () => {
      const raceNameId = await names.makePending(bob, 'Ephemeral', later(1_000));
      expect(await expire([raceNameId], later(999))).toEqual([]);
      expect(await names.isFreeFor(eve, 'Ephemeral')).toBe(false);
      const [held] = await names.list(bob);
      expect(await expire([raceNameId], later(1_000))).toEqual([held]);
      expect(await names.isFreeFor(eve, 'Ephemeral')).toBe(true);
      expect(await expire([raceNameId], later(1_000))).toEqual([]);
    });

    test('that expires leaves its user the name that another game has under the same key', async () => {
      const raceNameId = await names.makePending(bob, 'Durable', later(0));
      await names.reserveNow(bob, 'DURABLE');
      expect(await expire([raceNameId], later(0))).toHaveLength(1);
      expect(await names.isFreeFor(eve, 'durable')).toBe(false);
    });

    test('expires no more once it is registered', async () => {
      const raceNameId = await names.makePending(bob, 'Steadfast', later(0));
      await names.inTransaction((tx) => directory.register(tx, raceNameId, later(0)));
      expect(await expire([raceNameId], later(1_000))).toEqual([]);
      expect(await names.namesOf(bob)).toEqual(['Steadfast']);
    });

    test('is listed once its time is over, the longest first, as many as asked for', async () => {
      // Times that no other test uses.
      const at = (second: number) => new Date(Date.UTC(2001, 0, 1, 0, 0, second));
      for (const second of [3, 1, 2]) await names.makePending(bob, `Number ${second}`, at(second));
      const expired = async (now: Date, limit: number) =>
        (await directory.listExpired(names.lobby.db, now, limit)).map(({ name }) => name);
      expect(await expired(at(0), 10)).toEqual([]);
      expect(await expired(at(2), 10)).toEqual(['Number 1', 'Number 2']);
      expect(await expired(at(3), 2)).toEqual(['Number 1', 'Number 2']);
    });
  });

  test('a user’s names are listed in pages, the newest first, also of one kind', async () => {
    const held = ['One', 'Two', 'Three', 'Four', 'Five'].map((word) => `${word} of mine`);
    for (const [index, name] of held.entries()) {
      // Two at the same time.
      if (index !== 2) names.lobby.clock.advance(1_000);
      await names.reserveNow(bob, name);
    }
    const read: string[] = [];
    let after: { at: Date; id: string } | undefined;
    do {
      const page = await directory.list(names.lobby.db, bob, 'reservation', { size: 2, after });
      read.push(...page.items.map(({ name }) => name));
      after = page.next;
    } while (after !== undefined);
    expect(read).toEqual(held.toReversed());
    const pending = await directory.list(names.lobby.db, bob, 'pending_registration', { size: 2, after });
    expect(pending).toEqual({ items: [] });
  });

  describe('a transaction', () => {
    test('sees what it has done, and nobody else does until it commits', async () => {
      const gameId = await names.newGame();
      await names.reserveNow(bob, 'Before', gameId);
      await names.inTransaction(async (tx) => {
        await directory.release(tx, { userId: bob, gameId });
        await names.reserve(tx, bob, gameId, 'After');
        expect(await names.isFreeFor(eve, 'After', tx)).toBe(false);
        expect(await names.isFreeFor(eve, 'Before', tx)).toBe(true);
        expect(await names.isFreeFor(eve, 'After')).toBe(true);
        expect(await names.namesOf(bob)).toEqual(['Before']);
      });
      expect(await names.namesOf(bob)).toEqual(['After']);
      expect(await names.isFreeFor(eve, 'After')).toBe(false);
    });

    test('that is rolled back has reserved, released and registered nothing', async () => {
      const gameId = await names.newGame();
      await names.reserveNow(bob, 'Remains', gameId);
      const pending = await names.makePending(bob, 'Undecided', later(0));
      const before = await names.list(bob);
      await rolledBack(async (tx) => {
        await names.reserve(tx, eve, gameId, 'Regretted');
        await directory.register(tx, pending, later(0));
        await directory.releaseGame(tx, gameId);
      });
      await rolledBack((tx) => directory.releaseUser(tx, bob));
      await rolledBack((tx) => directory.expire(tx, [pending], later(0)));
      expect(await names.list(bob)).toEqual(before);
      expect(await names.isFreeFor(bob, 'Regretted')).toBe(true);
      expect(await names.isFreeFor(eve, 'Remains')).toBe(false);
    });

    test('keeps what it did before and after a savepoint that is rolled back, and nothing of what was in it', async () => {
      const [first, second, third] = [await names.newGame(), await names.newGame(), await names.newGame()];
      await names.inTransaction(async (tx) => {
        await names.reserve(tx, bob, first, 'Outer one');
        const savepoint = tx.transaction(async (inner) => {
          await directory.release(inner, { userId: bob, gameId: first });
          await names.reserve(inner, eve, second, 'Outer one');
          await inner.transaction((innermost) => names.reserve(innermost, eve, third, 'Innermost'));
          expect(await names.isFreeFor(bob, 'Innermost', inner)).toBe(false);
          throw new RolledBack();
        });
        await expect(savepoint).rejects.toThrow(RolledBack);
        expect(await names.isFreeFor(bob, 'Innermost', tx)).toBe(true);
        expect(await names.isFreeFor(eve, 'Outer one', tx)).toBe(false);
        await tx.transaction((inner) => names.reserve(inner, bob, second, 'Outer two'));
      });
      expect(await names.namesOf(bob)).toEqual(['Outer one', 'Outer two']);
      expect(await names.namesOf(eve)).toEqual([]);
    });

    test('in which a statement failed has done nothing, although its work went on', async () => {
      const gameId = await names.newGame();
      const swallowing = names.inTransaction(async (tx) => {
        await names.reserve(tx, bob, gameId, 'Swallowed');
        await tx.execute('select 1 / 0').catch(() => {});
      });
      // PostgreSQL answers the commit with a rollback, without an error.
      await Promise.allSettled([swallowing]);
      expect(await names.namesOf(bob)).toEqual([]);
      expect(await names.reserveNow(eve, 'Swallowed')).toBe('reserved');
    });
  });
});
