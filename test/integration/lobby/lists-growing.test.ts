// Lists that grow while they are read: what was there when the first page was read comes once and in its order, and
// nothing comes twice.
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { insertTimelineEntry } from '../../../lib/lobby/store/timeline.ts';
import { apply, column, field, join, makeDraft, makeOpenGame } from '../../support/lobby/games.ts';
import { type Client, createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';

let lobby: TestLobby;
let owner: Client;
let reader: Client;
beforeAll(async () => {
  lobby = await createTestLobby();
});
afterAll(() => lobby.close());
beforeEach(async () => {
  await lobby.pool.query('truncate lobby.games, lobby.race_name_keys cascade');
  [owner, reader] = [lobby.player(), lobby.player()];
});

let made = 0;
const newName = () => `Lyrans ${++made + 1_000}`;
const openGame = (changes = {}) => makeOpenGame(owner, { max_players: 100, ...changes });

async function invite(gameId: string, userId: string, by = owner): Promise<string> {
  return field(await by.post(`/games/${gameId}/invites`, { body: { user_id: userId } }), 'invite_id');
}

/** How one more comes into a list; tells the `key` by which the list shows it. */
type List = { name: string; path: string; key: string; add: (gameId: string) => Promise<string> };

const newestFirst: List[] = [
  { name: 'games', path: '/games?', key: 'game_id', add: () => openGame() },
  { name: 'open games', path: '/games?status=enrollment_open&', key: 'game_id', add: () => openGame() },
  { name: 'games with a word', path: '/games?q=orion&', key: 'game_id', add: () => openGame() },
  { name: 'my games', path: '/my/games?', key: 'game_id', add: () => makeDraft(reader) },
  {
    name: 'my applications',
    path: '/my/applications?',
    key: 'application_id',
    add: async () => apply(reader, await openGame(), newName()),
  },
  {
    name: 'my invites',
    path: '/my/invites?',
    key: 'invite_id',
    // Each by another owner, since one invites a user only so often.
    add: async () => {
      const host = lobby.player();
      return invite(await makeOpenGame(host, { game_type: 'private' }), reader.userId, host);
    },
  },
  {
    name: 'my race names',
    path: '/my/race-names?',
    key: 'race_name',
    add: async () => {
      const name = newName();
      await join(reader, owner, await openGame(), name);
      return name;
    },
  },
];

test.each(newestFirst)('$name: what comes later is not in pages that follow', async (list) => {
  const before = await addMany(list, '', 5);
  const read = await readAll(reader, list.path, list.key, () => addMany(list, '', 2));
  expect(read).toEqual(before.toReversed());
});

const firstFirst: List[] = [
  {
    name: 'applications of a game',
    path: '/applications?',
    key: 'application_id',
    add: (gameId) => apply(lobby.player(), gameId, newName()),
  },
  {
    name: 'members of a game',
    path: '/memberships?',
    key: 'race_name',
    add: async (gameId) => {
      const name = newName();
      await join(lobby.player(), owner, gameId, name);
      return name;
    },
  },
  {
    name: 'invites of a game',
    path: '/invites?',
    key: 'invite_id',
    add: async (gameId) => {
      await lobby.pool.query(`update lobby.games set game_type = 'private' where game_id = $1`, [gameId]);
      return invite(gameId, lobby.player().userId);
    },
  },
  { name: 'the timeline of a game', path: '/timeline?', key: 'reason', add: addTransition },
];

test.each(firstFirst)('$name: what comes later comes last, and once', async (list) => {
  const gameId = await openGame();
  const all = await addMany(list, gameId, 5);
  let rounds = 0;
  const read = await readAll(owner, `/games/${gameId}${list.path}`, list.key, async () => {
    // Must end at some time, or the list would never do.
    if (++rounds < 4) all.push(...(await addMany(list, gameId, 1)));
  });
  expect(read.filter((value) => value !== null)).toEqual(all);
});

test('games that end soon: those with an earlier deadline are not in pages that follow, later ones are', async () => {
  const withDeadline = (day: number) =>
    openGame({ enrollment_ends_at: `2031-06-${String(day).padStart(2, '0')}T12:00:00.000Z` });
  const before: string[] = [];
  for (const day of [10, 10, 11, 12, 12]) before.push(await withDeadline(day));
  let later: string | undefined;
  const read = await readAll(reader, '/games?sort=ending_soon&', 'game_id', async () => {
    await withDeadline(9);
    later ??= await withDeadline(20);
  });
  expect(read).toEqual([...before, later]);
});

async function addMany({ add }: List, gameId: string, count: number): Promise<string[]> {
  const values: string[] = [];
  for (let index = 0; index < count; index++) {
    // Every other one in the millisecond of the one before.
    if (index % 2 === 0) lobby.clock.advance(1);
    values.push(await add(gameId));
  }
  return values;
}

let transitions = 0;
async function addTransition(gameId: string): Promise<string> {
  transitions += 1;
  const [revision, reason] = [1_000 + transitions, `reason ${transitions}`];
  const entry = { trigger: 'pause', actor: 'owner', actorId: null, from: 'running', to: 'paused' } as const;
  await lobby.db.transaction((tx) =>
    insertTimelineEntry(tx, { ...entry, entryId: uuidv7(), gameId, revision, at: lobby.now(), reason }),
  );
  return reason;
}

/** Reads a list to its end in pages of two; `between` runs after each page. */
async function readAll(
  client: Client,
  path: string,
  key: string,
  between: () => Promise<unknown>,
): Promise<unknown[]> {
  const values: unknown[] = [];
  let token: unknown;
  do {
    const page = await client.get(`${path}page_size=2${token === undefined ? '' : `&page_token=${token}`}`);
    values.push(...column(page, key));
    token = (page.body as { next_page_token?: string }).next_page_token;
    await between();
  } while (token !== undefined);
  return values;
}
