import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Refusal } from '../../../lib/errors/table.ts';
import { withIdempotencyKey } from '../../../lib/lobby/idempotency.ts';
import type { Work } from '../../../lib/lobby/store/database.ts';
import { column, field, gameBody, makeDraft, makeOpenGame, refusal } from '../../support/lobby/games.ts';
import { type Answer, createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';
import { makeGrantable, operations, request } from '../../support/lobby/world.ts';

let lobby: TestLobby;
beforeAll(async () => {
  lobby = await createTestLobby();
});
afterAll(() => lobby.close());

const hourMs = 3_600_000;
const keyed = (key: string = uuidv7()) => ({ 'idempotency-key': key });

/** A request that can be granted, on things of its own. */
async function prepare(operation: string): Promise<(headers: Record<string, string>) => Promise<Answer>> {
  const { world, changes } = await makeGrantable(lobby, operation);
  return (headers) => request(world, operation, { ...changes, headers: { ...headers, ...changes.headers } });
}

const mutations = [...operations.keys()].filter(
  // The preview changes nothing.
  (operation) => !operation.startsWith('GET') && operation !== 'POST /clocks/preview',
);

describe.each(mutations)('%s with an Idempotency-Key', (operation) => {
  test('gives the first answer again, has its effect once, and asks nobody when it repeats', async () => {
    const send = await prepare(operation);
    const headers = keyed();
    const first = await send(headers);
    expect([200, 201], JSON.stringify(first.body)).toContain(first.status);
    const after = await lobby.tables();
    lobby.clock.advance(hourMs);
    lobby.users.failWith(new Refusal('service_unavailable', 'Down.'));
    try {
      expect(await send(headers)).toEqual(first);
    } finally {
      lobby.users.failWith(undefined);
    }
    expect(await lobby.tables()).toEqual(after);
  });

  test('gives ten requests at once the same answer', async () => {
    const send = await prepare(operation);
    const headers = keyed();
    const answers = await Promise.all(Array.from({ length: 10 }, () => send(headers)));
    expect([200, 201]).toContain(answers[0]?.status);
    for (const answer of answers) expect(answer).toEqual(answers[0]);
  });
});

test('a key that came with another request is a conflict, and nothing changes', async () => {
  const owner = lobby.player();
  const gameId = await makeDraft(owner);
  const headers = keyed('the-key');
  expect(await owner.post('/games', { body: gameBody, headers })).toMatchObject({ status: 201 });
  const before = await lobby.tables();
  const conflict = refusal(
    409,
    'idempotency_conflict',
    'The Idempotency-Key the-key came with another request before. Use a new key for a new request.',
  );
  const otherBody = { ...gameBody, game_name: 'Another game' };
  expect(await owner.post('/games', { body: otherBody, headers })).toEqual(conflict);
  expect(await owner.post(`/games/${gameId}/open-enrollment`, { headers })).toEqual(conflict);
  expect(await owner.patch(`/games/${gameId}`, { body: gameBody, headers })).toMatchObject({ status: 400 });
  expect(await lobby.tables()).toEqual(before);
});

test('the same JSON with other blanks and another order of fields is the same request', async () => {
  const owner = lobby.player();
  const headers = keyed();
  const options = { bots: 1, board: { rows: 7, columns: [1, 2] } };
  const first = await owner.post('/games', { body: { ...gameBody, options }, headers });
  expect(first).toMatchObject({ status: 201 });
  const otherOrder = { options: { board: { columns: [1, 2], rows: 7 }, bots: 1 }, ...gameBody };
  const spelled = JSON.stringify(otherOrder, null, 2).replace('"bots": 1', '"bots":1.0');
  expect(await owner.post('/games', { body: spelled, headers })).toEqual(first);
  const otherList = { ...gameBody, options: { ...options, board: { rows: 7, columns: [2, 1] } } };
  expect(await owner.post('/games', { body: otherList, headers })).toMatchObject({ status: 409 });
});

test('a request that meets what the first one with its key has done meanwhile gets the answer of that', async () => {
  const key = { actor: 'user/ada', key: uuidv7(), fingerprint: 'the same request' };
  const answer = (prepare: () => Promise<Work<{ gameId: string }>>) =>
    withIdempotencyKey(lobby, key, prepare, ({ gameId }) => ({ game_id: gameId }));
  const gameId = uuidv7();
  const second = answer(async () => {
    await answer(async () => async () => ({ gameId }));
    throw new Refusal('invalid_state', 'That is done already.');
  });
  expect(await second).toEqual({ game_id: gameId });
});

test('of different requests with one key at once, one has its effect and the others conflict', async () => {
  const owner = lobby.player();
  const headers = keyed();
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, number) =>
      owner.post('/games', { body: { ...gameBody, game_name: `Number ${number}` }, headers }),
    ),
  );
  const statuses = answers.map(({ status }) => status).toSorted();
  expect(statuses).toEqual([201, ...Array.from({ length: 7 }, () => 409)]);
  const { rows } = await lobby.pool.query(
    'select count(*)::int as games from lobby.games where owner_user_id = $1',
    [owner.userId],
  );
  expect(rows).toEqual([{ games: 1 }]);
});

test('the same key of another user, or of an admin, is another key', async () => {
  const headers = keyed();
  const ids = [];
  for (const client of [lobby.player(), lobby.player(), lobby.admin('ada'), lobby.admin('grace')]) {
    ids.push(field(await client.post('/games', { body: gameBody, headers }), 'game_id'));
  }
  expect(new Set(ids).size).toBe(4);
});

test('without a key every request has its effect', async () => {
  const owner = lobby.player();
  await owner.post('/games', { body: gameBody });
  await owner.post('/games', { body: gameBody });
  expect(column(await owner.get('/games?status=draft'), 'owner_user_id')).toEqual([
    owner.userId,
    owner.userId,
  ]);
});

test('a refusal is not kept: the same request may succeed later', async () => {
  const bob = lobby.player();
  const gameId = await makeOpenGame(lobby.player());
  const body = { race_name: 'Persistent' };
  const headers = keyed();
  const before = await lobby.tables();
  lobby.users.restrict(bob.userId, { canJoinGame: false });
  expect(await bob.post(`/games/${gameId}/applications`, { body, headers })).toMatchObject({ status: 403 });
  expect(await lobby.tables()).toEqual(before);
  lobby.users.restrict(bob.userId, {});
  expect(await bob.post(`/games/${gameId}/applications`, { body, headers })).toMatchObject({ status: 201 });
});

test('who waited for a request that was refused is not answered in its place', async () => {
  const owner = lobby.player();
  const gameId = await makeDraft(owner);
  const headers = { ...keyed(), 'if-match': '7' };
  const answers = await Promise.all(
    Array.from({ length: 5 }, () =>
      owner.patch(`/games/${gameId}`, { body: { game_name: 'Never' }, headers }),
    ),
  );
  for (const answer of answers) expect(answer).toMatchObject({ status: 412 });
});

describe('a key that is a day old', () => {
  test('is free again', async () => {
    const owner = lobby.player();
    const headers = keyed();
    const first = field(await owner.post('/games', { body: gameBody, headers }), 'game_id');
    lobby.clock.advance(24 * hourMs);
    expect(field(await owner.post('/games', { body: gameBody, headers }), 'game_id')).toBe(first);
    lobby.clock.advance(1);
    expect(field(await owner.post('/games', { body: gameBody, headers }), 'game_id')).not.toBe(first);
  });

  test('is cleared away by the keys that come after it', async () => {
    const owner = lobby.player();
    for (let number = 0; number < 12; number++) {
      await owner.post('/games', { body: gameBody, headers: keyed() });
    }
    const count = async () => {
      const { rows } = await lobby.pool.query('select count(*)::int as keys from lobby.idempotency_keys');
      return rows[0].keys;
    };
    const old = await count();
    expect(old).toBeGreaterThanOrEqual(12);
    lobby.clock.advance(25 * hourMs);
    await owner.post('/games', { body: gameBody, headers: keyed() });
    expect(await count()).toBe(Math.max(old - 10, 0) + 1);
    while ((await count()) > 11) await owner.post('/games', { body: gameBody, headers: keyed() });
    expect(await count()).toBeLessThan(old);
  });
});
