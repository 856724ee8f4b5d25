// Two databases stand in for replicas that are far behind: each holds a game of its own and nothing of the primary, so
// an answer shows where it comes from.
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type LobbyReplicas, openReplicas } from '../../../lib/lobby/process/replicas.ts';
import { pgPostgres } from '../../../lib/postgres/pg.ts';
import { createLogger } from '../../../lib/telemetry/logger.ts';
import { apply, column, field, gameBody, join, makeDraft, makeOpenGame } from '../../support/lobby/games.ts';
import { type Client, createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';
import { startTcpProxy, type TcpProxy } from '../../support/network/tcp-proxy.ts';

let standIns: TestLobby[];
let links: TcpProxy[];
let opened: LobbyReplicas;
let lobby: TestLobby;
let owner: Client;

beforeAll(async () => {
  standIns = await Promise.all([createTestLobby(), createTestLobby()]);
  const names = ['Seen by one', 'Seen by two'];
  await Promise.all(standIns.map((standIn, at) => makeOpenGame(standIn.player(), { game_name: names[at] })));
  links = await Promise.all(
    standIns.map(({ dsn }) => {
      const { hostname, port } = new URL(dsn);
      return startTcpProxy({ host: hostname, port: Number(port) });
    }),
  );
  const behind = (dsn: string, link: TcpProxy | undefined) =>
    Object.assign(new URL(dsn), { host: link?.addr });
  opened = openReplicas(
    {
      dsn: '',
      driver: 'pg',
      websocketProxy: undefined,
      pooler: 'none',
      migrationDsn: undefined,
      replicaDsns: standIns.map(({ dsn }, at) => behind(dsn, links[at]).href),
      maxConnections: 5,
      maxIdleConnections: 2,
      operationTimeoutMs: 5_000,
      connectionMaxLifetimeMs: 0,
    },
    pgPostgres,
    createLogger({ service: 'test', level: 'silent' }),
  );
  lobby = await createTestLobby({ replicas: opened.replicas });
  owner = lobby.player();
  await makeOpenGame(owner, { game_name: 'On the primary' });
  await bothUsed();
});
afterAll(async () => {
  opened.close();
  await Promise.all(links.map((link) => link.close()));
  await Promise.all([lobby, ...standIns].map((each) => each.close()));
});
afterEach(async () => {
  for (const link of links) link.heal();
  await bothUsed();
});

/** The names that several reads of the games show. Every one of them must succeed. */
async function seen(): Promise<unknown[]> {
  const names = new Set<unknown>();
  for (let reads = 0; reads < 6; reads++) {
    for (const name of column(await owner.get('/games'), 'game_name')) names.add(name);
  }
  return [...names].sort();
}

const bothUsed = () =>
  vi.waitFor(async () => expect(await seen()).toEqual(['Seen by one', 'Seen by two']), { timeout: 10_000 });

describe('lists', () => {
  test('are read from the replicas, each of them', async () => {
    const [player, guest] = [lobby.player(), lobby.player()];
    const gameId = await makeOpenGame(owner);
    await join(player, owner, gameId, 'Old Reader');
    await apply(guest, gameId, 'New Reader');
    const privateId = await makeOpenGame(owner, { game_type: 'private' });
    field(await owner.post(`/games/${privateId}/invites`, { body: { user_id: guest.userId } }), 'invite_id');

    const lists: [Client, string][] = [
      [owner, '/games?q=primary'],
      [owner, `/games/${gameId}/applications`],
      [owner, `/games/${privateId}/invites`],
      [guest, `/games/${gameId}/memberships`],
      [owner, `/games/${gameId}/timeline`],
      [lobby.admin(), `/games/${gameId}/timeline`],
      [player, '/my/games'],
      [guest, '/my/applications'],
      [guest, '/my/invites'],
      [player, '/my/race-names'],
    ];
    const lengths = () =>
      Promise.all(
        lists.map(async ([client, path]) => [path, column(await client.get(path), 'revision').length]),
      );
    expect(await lengths()).toEqual(lists.map(([, path]) => [path, 0]));
    for (const link of links) link.cut();
    expect((await lengths()).filter(([, length]) => length === 0)).toEqual([]);
  });

  test('are for those only who may see the game now', async () => {
    const gameId = await makeOpenGame(owner, { game_type: 'private' });
    expect(await lobby.player().get(`/games/${gameId}/memberships`)).toMatchObject({ status: 404 });
    expect(await owner.get(`/games/${gameId}/memberships`)).toMatchObject({ status: 200 });
    const open = await makeOpenGame(owner);
    expect(await lobby.player().get(`/games/${open}/timeline`)).toMatchObject({ status: 403 });
  });
});

test('whatever is decided, and what has just been changed, is read from the primary', async () => {
  const gameId = await makeDraft(owner);
  const patched = await owner.patch(`/games/${gameId}`, { body: { game_name: 'Renamed' } });
  expect(await owner.get(`/games/${gameId}`)).toEqual(patched);
  await owner.post(`/games/${gameId}/open-enrollment`);
  const player = lobby.player();
  await join(player, owner, gameId, 'Decider');
  expect(await lobby.player().get('/race-names/availability?name=Decider')).toMatchObject({
    body: { available: false, reason: 'taken' },
  });
  const again = { body: gameBody, headers: { 'idempotency-key': 'once' } };
  const first = await owner.post('/games', again);
  expect(await owner.post('/games', again)).toEqual(first);
});

test('what the Game Master reads comes from the primary', async () => {
  const read = async (path: string) => {
    const response = await lobby.internalApp.request(`/api/v1/internal${path}`);
    return { status: response.status, body: await response.json(), etag: null };
  };
  const gameId = await makeOpenGame(owner);
  await join(lobby.player(), owner, gameId, 'Played');
  expect(column(await read('/games?status=enrollment_open'), 'game_id')).toContain(gameId);
  expect(column(await read(`/games/${gameId}/memberships`), 'race_name')).toEqual(['Played']);
});

describe('a replica', () => {
  test('that dies is left out at once, and used again when it is back', async () => {
    const [one, two] = links;
    one?.cut();
    expect(await seen()).toEqual(expect.arrayContaining(['Seen by two']));
    expect(await seen()).toEqual(['Seen by two']);
    two?.cut();
    expect(await seen()).toContain('On the primary');
    expect(await seen()).not.toContain('Seen by two');
    one?.heal();
    await vi.waitFor(async () => expect(await seen()).toEqual(['Seen by one']), { timeout: 10_000 });
  });

  test('that hangs holds up only those who ask it then, and for less than they wait for an answer', async () => {
    for (const link of links) link.stall();
    const startedAt = performance.now();
    const answers = await Promise.all(Array.from({ length: 4 }, () => owner.get('/games')));
    for (const answer of answers) expect(column(answer, 'game_name')).toContain('On the primary');
    // The gateway waits for five seconds.
    expect(performance.now() - startedAt).toBeLessThan(4_500);
    expect(await seen()).toContain('On the primary');
  });
});
