import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { apply, column, join, makeDraft, makeOpenGame } from '../../support/lobby/games.ts';
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

/** Makes open games with these names, each a second after the one before. */
async function makeGames(...names: string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const game_name of names) {
    ids.push(await makeOpenGame(owner, { game_name }));
    lobby.clock.advance(1_000);
  }
  return ids;
}

const namesOf = async (query: string) => column(await reader.get(`/games${query}`), 'game_name');

/** Reads a list to its end; `between` runs after each page. */
async function readAll(path: string, name: string, between?: () => Promise<unknown>): Promise<unknown[]> {
  const values: unknown[] = [];
  let token: unknown;
  do {
    const page = await reader.get(`${path}${token === undefined ? '' : `&page_token=${token}`}`);
    values.push(...column(page, name));
    token = (page.body as { next_page_token?: string }).next_page_token;
    await between?.();
  } while (token !== undefined);
  return values;
}

describe('the list of games', () => {
  test('begins with the newest', async () => {
    await makeGames('First', 'Second', 'Third');
    expect(await reader.get('/games')).not.toHaveProperty('body.next_page_token');
    expect(await namesOf('')).toEqual(['Third', 'Second', 'First']);
  });

  test('sorted by what ends soon has open games only, the next deadline first', async () => {
    const at = (day: number) => `2031-06-${String(day).padStart(2, '0')}T12:00:00.000Z`;
    await makeOpenGame(owner, { game_name: 'Later', enrollment_ends_at: at(20) });
    await makeOpenGame(owner, { game_name: 'Sooner', enrollment_ends_at: at(5) });
    await makeOpenGame(owner, { game_name: 'Between', enrollment_ends_at: at(10) });
    await makeDraft(reader, { game_name: 'Own draft', enrollment_ends_at: at(1) });
    expect(await namesOf('?sort=ending_soon')).toEqual(['Sooner', 'Between', 'Later']);
    expect(await namesOf('?sort=ending_soon&status=enrollment_open')).toHaveLength(3);
    expect(await readAll('/games?sort=ending_soon&page_size=1', 'game_name')).toEqual([
      'Sooner',
      'Between',
      'Later',
    ]);
  });

  test('has every game once, in pages of any size', async () => {
    const names = Array.from({ length: 7 }, (_, index) => `Game ${index}`);
    await makeGames(...names);
    for (const size of [1, 2, 3, 7, 200]) {
      expect(await readAll(`/games?page_size=${size}`, 'game_name')).toEqual(names.toReversed());
    }
  });

  test('neither repeats nor leaves out a game when games are made while it is read', async () => {
    const names = Array.from({ length: 6 }, (_, index) => `Game ${index}`);
    await makeGames(...names);
    expect(await readAll('/games?page_size=2', 'game_name', () => makeGames('Late'))).toEqual(
      names.toReversed(),
    );
  });

  test('tells games apart that were made in the same millisecond', async () => {
    for (let index = 0; index < 5; index++) await makeOpenGame(owner, { game_name: `Game ${index}` });
    const names = await readAll('/games?page_size=2', 'game_name');
    expect(names.toSorted()).toEqual(['Game 0', 'Game 1', 'Game 2', 'Game 3', 'Game 4']);
  });

  test('can be narrowed to a status', async () => {
    await makeGames('Open one');
    await makeDraft(reader, { game_name: 'Own draft' });
    expect(await namesOf('?status=draft')).toEqual(['Own draft']);
    expect(await namesOf('?status=enrollment_open')).toEqual(['Open one']);
    expect(await namesOf('?status=running')).toEqual([]);
  });

  test('can be narrowed to a type', async () => {
    await makeGames('For all');
    await makeDraft(reader, { game_name: 'For few', game_type: 'private' });
    expect(await namesOf('?game_type=public')).toEqual(['For all']);
    expect(await namesOf('?game_type=private')).toEqual(['For few']);
  });

  test('can be narrowed to an engine version', async () => {
    await makeOpenGame(owner, { game_name: 'Old', target_engine_version: '1.0.0' });
    await makeOpenGame(owner, { game_name: 'New', target_engine_version: '1.0.0-rc.1+b' });
    expect(await namesOf('?target_engine_version=1.0.0')).toEqual(['Old']);
    expect(await namesOf('?target_engine_version=1.0.0-rc.1%2Bb')).toEqual(['New']);
  });

  test('can be narrowed to games with free places, or without', async () => {
    const [full] = await makeGames('Full', 'Gap', 'Free');
    await lobby.pool.query(
      `update lobby.games set active_members = 4, gap_opened_at = now(), start_gap_players = case game_name when 'Gap' then 1 else 0 end
       where game_name in ('Full', 'Gap')`,
    );
    expect(full).toBeDefined();
    expect(await namesOf('?has_free_places=true')).toEqual(['Free', 'Gap']);
    expect(await namesOf('?has_free_places=false')).toEqual(['Full']);
  });

  test('shows no free places in games that take nobody', async () => {
    await makeDraft(reader, { game_name: 'Own draft' });
    expect(await namesOf('?has_free_places=true')).toEqual([]);
    expect(await namesOf('?has_free_places=false')).toEqual(['Own draft']);
  });

  test('shows those who look for a game none whose deadline has passed', async () => {
    const soon = new Date(lobby.now().getTime() + 60_000).toISOString();
    await makeOpenGame(owner, { game_name: 'Over', enrollment_ends_at: soon });
    await makeDraft(reader, { game_name: 'Own draft' });
    await makeGames('Ahead');
    lobby.clock.set(new Date(soon));
    for (const query of ['?sort=ending_soon', '?has_free_places=true', '?has_free_places=true&q=o%20a']) {
      expect(await namesOf(query)).toEqual(query.includes('q=') ? [] : ['Ahead']);
    }
    expect(await namesOf('?status=enrollment_open')).toEqual(['Ahead', 'Over']);
  });

  test.each([
    ['orion', ['Orion Arm: the war']],
    ['ORI', ['Orion Arm: the war']],
    ['war%20orion', ['Orion Arm: the war']],
    ['war-orion!', ['Orion Arm: the war']],
    ["o'hara", ["O'Hara & friends (2)"]],
    ['2', ["O'Hara & friends (2)"]],
    ['friends%20orion', []],
    ['rion', []],
    ['звёзд', ['Звёздный путь']],
    ["'%20%26%20!(:*", undefined],
  ])('can be searched for words and beginnings of words: %s', async (q, expected) => {
    await makeGames('Orion Arm: the war', "O'Hara & friends (2)", 'Звёздный путь');
    if (expected === undefined) expect(await reader.get(`/games?q=${q}`)).toMatchObject({ status: 400 });
    else expect(await namesOf(`?q=${q}`)).toEqual(expected);
  });

  test.each([
    ['GROSSE', ['Große Schlacht']],
    ['schlacht', ['Große Schlacht']],
    ['cafe', ['Café Orbit']],
    ['ＣＡＦＥ', ['Café Orbit']],
    ['戦争', ['銀河戦争']],
    ['河', ['銀河戦争']],
    ['争', ['銀河戦争']],
    [`a${'b'.repeat(90)}`, ['Long run']],
  ])(
    'can be searched in another case, without accents, and inside words without blanks: %s',
    async (q, expected) => {
      const names = ['Große Schlacht', 'Café Orbit', '銀河戦争'];
      await makeGames(...names);
      await makeOpenGame(owner, { game_name: 'Long run', description: `a${'b'.repeat(1_999)}` });
      expect(await namesOf(`?q=${encodeURIComponent(q)}`)).toEqual(expected);
    },
  );

  test('follow a change of name and description', async () => {
    const [gameId] = await makeGames('Orion one');
    await owner.patch(`/games/${gameId}`, { body: { game_name: 'Vega two' } });
    expect(await namesOf('?q=orion')).toEqual([]);
    expect(await namesOf('?q=vega')).toEqual(['Vega two']);
  });

  test('find private games and drafts by their words for those who may see them, and no others', async () => {
    const draft = await makeDraft(owner, { game_name: 'Orion draft' });
    await makeOpenGame(owner, { game_type: 'private', game_name: 'Orion private' });
    expect(await namesOf('?q=orion')).toEqual([]);
    const all = column(await lobby.admin().get('/games?q=orion'), 'game_name');
    expect(all).toEqual(['Orion private']);
    expect(column(await lobby.admin().get('/games?q=orion&status=draft'), 'game_name')).toEqual([
      'Orion draft',
    ]);
    expect(column(await owner.get('/games?q=orion'), 'game_name').toSorted()).toEqual([
      'Orion draft',
      'Orion private',
    ]);
    expect(draft).toBeDefined();
  });

  test('find cancelled games only with their status, and keep no words of them', async () => {
    const [gameId] = await makeGames('Orion one');
    await owner.post(`/games/${gameId}/cancel`);
    const draftId = await makeDraft(owner, { game_name: 'Orion two' });
    await owner.post(`/games/${draftId}/cancel`);
    expect(await namesOf('?q=orion')).toEqual([]);
    expect(await namesOf('?q=orion&status=cancelled')).toEqual(['Orion one']);
    const { rows } = await lobby.pool.query('select * from lobby.listed_words where game_id = any($1)', [
      [gameId, draftId],
    ]);
    expect(rows).toEqual([]);
  });

  test('can be searched in descriptions, too', async () => {
    await makeOpenGame(owner, { game_name: 'Plain', description: 'See example.org/rules, it is friendly.' });
    expect(await namesOf('?q=plain%20friendly')).toEqual(['Plain']);
    expect(await namesOf('?q=rules')).toEqual(['Plain']);
  });

  test('takes all filters together', async () => {
    await makeGames('Orion one', 'Orion two');
    const all = 'status=enrollment_open&game_type=public&has_free_places=true&target_engine_version=1.4.0';
    expect(await namesOf(`?${all}&q=orion&page_size=1`)).toEqual(['Orion two']);
  });
});

test('lists of applications, members and transitions come in pages, the first first', async () => {
  const [gameId] = await makeGames('Paged');
  const names = ['Alphas', 'Betas', 'Gammas'];
  for (const name of names) {
    lobby.clock.advance(1_000);
    await join(lobby.player(), owner, gameId ?? '', name);
  }
  reader = owner;
  expect(await readAll(`/games/${gameId}/applications?page_size=2`, 'race_name')).toEqual(names);
  expect(await readAll(`/games/${gameId}/memberships?page_size=1`, 'race_name')).toEqual(names);
  await join(lobby.player(), owner, gameId ?? '', 'Deltas');
  expect(await readAll(`/games/${gameId}/timeline?page_size=1`, 'to')).toEqual([
    'enrollment_open',
    'ready_to_start',
  ]);
});

test('applications can be narrowed to a status', async () => {
  const [gameId] = await makeGames('Narrowed');
  await join(lobby.player(), owner, gameId ?? '', 'Approveds');
  await apply(lobby.player(), gameId ?? '', 'Pendings');
  const names = async (status: string) =>
    column(await owner.get(`/games/${gameId}/applications?status=${status}`), 'race_name');
  expect(await names('approved')).toEqual(['Approveds']);
  expect(await names('pending')).toEqual(['Pendings']);
  expect(await names('rejected')).toEqual([]);
});
