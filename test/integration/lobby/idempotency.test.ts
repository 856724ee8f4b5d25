import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Refusal } from '../../../lib/errors/table.ts';
import { type Client, createTestLobby, type TestLobby } from '../../support/lobby.ts';
import {
  apply,
  column,
  field,
  gameBody,
  makeDraft,
  makeOpenGame,
  refusal,
} from '../../support/lobby-games.ts';

let lobby: TestLobby;
beforeAll(async () => {
  lobby = await createTestLobby();
});
afterAll(() => lobby.close());

const hourMs = 3_600_000;
const keyed = (key: string = uuidv7()) => ({ 'idempotency-key': key });

/** Every mutating route, ready to be called. */
const routes: [string, () => Promise<(headers: Record<string, string>) => ReturnType<Client['post']>>][] = [
  [
    'POST /games',
    async () => {
      const owner = lobby.player();
      return (headers) => owner.post('/games', { body: gameBody, headers });
    },
  ],
  [
    'PATCH /games/{game_id}',
    async () => {
      const owner = lobby.player();
      const gameId = await makeDraft(owner);
      const change = { body: { game_name: 'Changed' } };
      return (headers) =>
        owner.patch(`/games/${gameId}`, { ...change, headers: { ...headers, 'if-match': '1' } });
    },
  ],
  [
    'POST /games/{game_id}/open-enrollment',
    async () => {
      const owner = lobby.player();
      const gameId = await makeDraft(owner);
      return (headers) => owner.post(`/games/${gameId}/open-enrollment`, { headers });
    },
  ],
  [
    'POST /games/{game_id}/applications',
    async () => {
      const bob = lobby.player();
      const gameId = await makeOpenGame(lobby.player());
      const body = { race_name: `R ${uuidv7().slice(-12)}` };
      return (headers) => bob.post(`/games/${gameId}/applications`, { body, headers });
    },
  ],
  [
    'POST /applications/{application_id}/approve',
    async () => {
      const owner = lobby.player();
      const gameId = await makeOpenGame(owner);
      const applicationId = await apply(lobby.player(), gameId, `R ${uuidv7().slice(-12)}`);
      return (headers) => owner.post(`/applications/${applicationId}/approve`, { headers });
    },
  ],
];

describe.each(routes)('%s with an Idempotency-Key', (_route, prepare) => {
  test('gives the first answer again, and has its effect once', async () => {
    const send = await prepare();
    const headers = keyed();
    const first = await send(headers);
    expect([200, 201]).toContain(first.status);
    const after = await lobby.tables();
    lobby.clock.advance(hourMs);
    expect(await send(headers)).toEqual(first);
    expect(await lobby.tables()).toEqual(after);
  });

  test('gives ten requests at once the same answer', async () => {
    const send = await prepare();
    const headers = keyed();
    const answers = await Promise.all(Array.from({ length: 10 }, () => send(headers)));
    expect([200, 201]).toContain(answers[0]?.status);
    for (const answer of answers) expect(answer).toEqual(answers[0]);
  });

  test('asks nobody else when it repeats an answer', async () => {
    const send = await prepare();
    const headers = keyed();
    const first = await send(headers);
    lobby.users.failWith(new Refusal('service_unavailable', 'Down.'));
    try {
      expect(await send(headers)).toEqual(first);
    } finally {
      lobby.users.failWith(undefined);
    }
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
