// What only the in-process backend of the Race Name Directory has to get right.
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TransitionActor, Trigger } from '../../../lib/lobby/domain/game.ts';
import { inProcessRaceNames } from '../../../lib/lobby/in-process/race-names.ts';
import { applyTransition } from '../../../lib/lobby/operations/transition.ts';
import type { Db, Tx } from '../../../lib/lobby/store/database.ts';
import { lockAnyGame } from '../../../lib/lobby/store/games.ts';
import { membershipsWithNames } from '../../../lib/lobby/store/memberships.ts';
import { nameKeys } from '../../../lib/names/keys.ts';
import { apply, approve, field, join, makeOpenGame, refusal } from '../../support/lobby/games.ts';
import { type Client, createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';

let lobby: TestLobby;
let owner: Client;
beforeAll(async () => {
  lobby = await createTestLobby({ raceNames: 'stub' });
  owner = lobby.player();
});
afterAll(() => lobby.close());

test('nothing of it is in the database', async () => {
  const gameId = await makeOpenGame(owner);
  await join(lobby.player(), owner, gameId, 'Nowhere');
  const { rows } = await lobby.pool.query(
    'select from lobby.race_names union all select from lobby.race_name_keys',
  );
  expect(rows).toEqual([]);
});

test('members have their names for themselves, and free them when they leave', async () => {
  const [first, second] = [await makeOpenGame(owner), await makeOpenGame(owner)];
  const [bob, eve] = [lobby.player(), lobby.player()];
  await join(bob, owner, first, 'Homebody');
  expect(await eve.post(`/games/${second}/applications`, { body: { race_name: 'H0mebody' } })).toMatchObject(
    refusal(409, 'race_name_taken', expect.any(String), expect.anything()),
  );
  expect(await bob.get('/my/race-names')).toMatchObject({
    body: { items: [{ race_name: 'Homebody', kind: 'reservation', game_id: first }] },
  });
  expect(await bob.post(`/games/${first}/leave`)).toMatchObject({ status: 200 });
  await join(eve, owner, second, 'H0mebody');
});

describe('a process that starts again', () => {
  /** What bob's name looks like to others after the process has started again. */
  async function isReserved(name: string): Promise<boolean> {
    const restarted = inProcessRaceNames(await membershipsWithNames(lobby.db));
    return (await restarted.obstacle(lobby.db, uuidv7(), nameKeys(name))) !== undefined;
  }

  async function pull(gameId: string, trigger: Trigger, by: TransitionActor): Promise<void> {
    await lobby.db.transaction(async (tx) => {
      const game = await lockAnyGame(tx, gameId);
      if (game === undefined) throw new Error('no such game');
      const pulled = { trigger, by, actorId: null, at: lobby.now(), traceparent: undefined };
      await applyTransition(tx, lobby, game, pulled);
    });
  }

  let made = 0;
  /** A game with two members, of whom bob plays as `name`. */
  async function gameWithBob() {
    const name = `Phoenix ${++made + 100}`;
    const gameId = await makeOpenGame(owner);
    const bob = lobby.player();
    const application = await apply(bob, gameId, name);
    lobby.clock.advance(1_000);
    await approve(owner, application);
    await join(lobby.player(), owner, gameId, `Other ${made + 100}`);
    return { name, gameId, bob };
  }
  async function leave(bob: Client, gameId: string): Promise<void> {
    lobby.clock.advance(1_000);
    expect(await bob.post(`/games/${gameId}/leave`)).toMatchObject({ status: 200 });
    lobby.clock.advance(1_000);
  }
  async function start(gameId: string): Promise<void> {
    for (const verb of ['close-enrollment', 'start']) {
      expect(await owner.post(`/games/${gameId}/${verb}`)).toMatchObject({ status: 200 });
    }
  }

  test('reserves the names of those who play in games that are not over', async () => {
    const { name, gameId } = await gameWithBob();
    expect(await isReserved(name)).toBe(true);
    await start(gameId);
    expect(await isReserved(name)).toBe(true);
  });

  test('reserves them under the same ids every time', async () => {
    const { bob, gameId } = await gameWithBob();
    const ids = async () => {
      const restarted = inProcessRaceNames(await membershipsWithNames(lobby.db));
      const { items } = await restarted.list(lobby.db, bob.userId, undefined, { size: 10, after: undefined });
      expect(items).toMatchObject([{ gameId, kind: 'reservation' }]);
      return items.map(({ raceNameId }) => raceNameId);
    };
    expect(await ids()).toEqual(await ids());
  });

  test('forgets the names of a game that was cancelled', async () => {
    const { name, gameId } = await gameWithBob();
    expect(await owner.post(`/games/${gameId}/cancel`)).toMatchObject({ status: 200 });
    expect(await isReserved(name)).toBe(false);
  });

  test('forgets the name of who left before the start, also when the game has started since', async () => {
    const { name, gameId, bob } = await gameWithBob();
    await leave(bob, gameId);
    expect(await isReserved(name)).toBe(false);
    await join(lobby.player(), owner, gameId, `Extra ${made + 100}`);
    await start(gameId);
    expect(await isReserved(name)).toBe(false);
  });

  test('reserves the name of who left after the start, also when the start has failed since', async () => {
    const { name, gameId, bob } = await gameWithBob();
    await start(gameId);
    await leave(bob, gameId);
    expect(await isReserved(name)).toBe(true);
    await pull(gameId, 'runtime_failed', 'job_result');
    expect(await isReserved(name)).toBe(true);
  });

  test('forgets the name of who left after a start that failed', async () => {
    const { name, gameId, bob } = await gameWithBob();
    await start(gameId);
    lobby.clock.advance(1_000);
    await pull(gameId, 'runtime_failed', 'job_result');
    await leave(bob, gameId);
    expect(await isReserved(name)).toBe(false);
  });

  test('reserves nothing for users who are gone', async () => {
    const { name, bob } = await gameWithBob();
    await lobby.pool.query('update lobby.user_guards set gone_at = now() where user_id = $1', [bob.userId]);
    expect(await isReserved(name)).toBe(false);
  });

  test('knows the same as the one that ran, after many have come and gone at once', async () => {
    const looks = ['Orlon', '0rlon', 'ORLON', 'Illya', '1llya', 'Paolo', 'Pаolo'];
    const games = await Promise.all(
      Array.from({ length: 4 }, () => makeOpenGame(owner, { max_players: 20 })),
    );
    const players = Array.from({ length: 10 }, () => lobby.player());
    await Promise.all(
      players.map(async (player, index) => {
        for (const [round, gameId] of games.entries()) {
          const body = { race_name: looks[(index * 3 + round) % looks.length] };
          const applied = await player.post(`/games/${gameId}/applications`, { body });
          if (applied.status !== 201) continue;
          const approved = await owner.post(`/applications/${field(applied, 'application_id')}/approve`);
          if (approved.status === 200 && (index + round) % 3 === 0) {
            expect(await player.post(`/games/${gameId}/leave`)).toMatchObject({ status: 200 });
          }
        }
      }),
    );

    const heldIn = async (directory: TestLobby['raceNames']) => {
      const page = { size: 10, after: undefined };
      const of = players.map(({ userId }) => directory.list(lobby.db, userId, undefined, page));
      return (await Promise.all(of)).flatMap(({ items }) => items);
    };
    const held = await heldIn(lobby.raceNames);
    const restarted = await heldIn(inProcessRaceNames(await membershipsWithNames(lobby.db)));
    const shown = ({ userId, gameId, name }: (typeof held)[number]) => `${userId} ${gameId} ${name}`;
    expect(held.length).toBeGreaterThan(0);
    expect(restarted.map(shown).toSorted()).toEqual(held.map(shown).toSorted());
    for (const [key, of] of Map.groupBy(held, ({ skeleton }) => skeleton)) {
      expect([key, new Set(of.map(({ userId }) => userId)).size]).toEqual([key, 1]);
    }
  });
});

describe('a connection that breaks during the commit', () => {
  class ConnectionLost extends Error {}

  /** A handle whose commits are not answered; what PostgreSQL did with them is `outcome`. */
  function breaking(db: Db, outcome: 'committed' | 'rolled back'): Db {
    const transaction = async <T>(work: (tx: Tx) => Promise<T>): Promise<T> => {
      await db.transaction(async (tx) => {
        await work(tx);
        if (outcome === 'rolled back') throw new ConnectionLost();
      });
      throw new ConnectionLost();
    };
    return Object.create(db, { transaction: { value: transaction } });
  }

  test.each(['committed', 'rolled back'] as const)('leaves what PostgreSQL has %s', async (outcome) => {
    const directory = inProcessRaceNames([]);
    const good = directory.follow(lobby.db);
    const broken = directory.follow(breaking(lobby.db, outcome));
    const [bob, eve] = [uuidv7(), uuidv7()];
    const reserve = (db: Db, userId: string) =>
      db.transaction((tx) =>
        directory.reserve(tx, {
          raceNameId: uuidv7(),
          userId,
          gameId: uuidv7(),
          name: 'Limbo',
          keys: nameKeys('Limbo'),
          at: lobby.now(),
        }),
      );
    await expect(reserve(broken, bob)).rejects.toThrow(ConnectionLost);
    expect(await reserve(good, eve)).toBe(outcome === 'committed' ? 'taken' : 'reserved');
    const { items } = await directory.list(lobby.db, bob, undefined, { size: 10, after: undefined });
    expect(items).toHaveLength(outcome === 'committed' ? 1 : 0);
  });
});

test('what PostgreSQL has committed is there for who waited for its lock, though the answer is still on its way', async () => {
  const directory = inProcessRaceNames([]);
  const good = directory.follow(lobby.db);
  const answered = Promise.withResolvers<void>();
  const committed = Promise.withResolvers<void>();
  const slowTransaction = async <T>(work: (tx: Tx) => Promise<T>): Promise<T> => {
    const result = await lobby.db.transaction(work);
    committed.resolve();
    await answered.promise;
    return result;
  };
  const slow = directory.follow(Object.create(lobby.db, { transaction: { value: slowTransaction } }));
  const [bob, gameId] = [uuidv7(), await makeOpenGame(owner)];

  const reserving = slow.transaction(async (tx) => {
    await lockAnyGame(tx, gameId);
    const name = { name: 'Slowpoke', keys: nameKeys('Slowpoke') };
    await directory.reserve(tx, { raceNameId: uuidv7(), userId: bob, gameId, ...name, at: lobby.now() });
  });
  await committed.promise;
  const allowing = good.transaction(async (tx) => {
    await lockAnyGame(tx, gameId);
    setImmediate(answered.resolve);
    await directory.allowRegistration(tx, { userId: bob, gameId }, lobby.now());
  });
  await Promise.all([reserving, allowing]);
  expect(await directory.listExpired(lobby.db, lobby.now(), 10)).toMatchObject([{ name: 'Slowpoke' }]);
});

test('a transaction of another handle is refused, as it could not be undone', async () => {
  const directory = inProcessRaceNames([]);
  const release = lobby.db.transaction((tx) => directory.release(tx, { userId: uuidv7(), gameId: uuidv7() }));
  await expect(release).rejects.toThrow('not begun with the handle');
});
