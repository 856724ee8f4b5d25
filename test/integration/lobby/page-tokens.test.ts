// Page tokens that were not given by the list that they are brought to, or that somebody has changed on the way.
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { apply, approve, field, invalidFields, join, makeOpenGame } from '../../support/lobby/games.ts';
import { type Client, createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';
import { makeWorld, operations, type World } from '../../support/lobby/world.ts';

let lobby: TestLobby;
let world: World;
let closedId: string;
let tokens: string[];
beforeAll(async () => {
  lobby = await createTestLobby();
  world = await makeWorld(lobby);
  // Two items, at least, for every list.
  const { owner, applicant, guest, publicId, applicationId } = world;
  closedId = await makeOpenGame(owner);
  for (const name of ['Closers', 'Enders']) await join(lobby.player(), owner, closedId, name);
  await owner.post(`/games/${closedId}/close-enrollment`);
  await apply(applicant, await makeOpenGame(owner), 'Applicants');
  await approve(owner, applicationId);
  await apply(lobby.player(), publicId, 'Hopefuls');
  const privateId = await makeOpenGame(owner, { game_type: 'private' });
  await owner.post(`/games/${privateId}/invites`, { body: { user_id: guest.userId } });
  tokens = await Promise.all(lists.map(tokenOf));
});
afterAll(() => lobby.close());

type List = [operation: string, as: () => Client, path: () => string];
const lists: List[] = [
  ['GET /games', () => world.owner, () => '/games?'],
  ['GET /games', () => world.owner, () => '/games?sort=ending_soon&'],
  ['GET /games/{game_id}/timeline', () => world.owner, () => `/games/${closedId}/timeline?`],
  ['GET /games/{game_id}/applications', () => world.owner, () => `/games/${world.publicId}/applications?`],
  ['GET /games/{game_id}/invites', () => world.owner, () => `/games/${world.privateId}/invites?`],
  ['GET /games/{game_id}/memberships', () => world.owner, () => `/games/${world.publicId}/memberships?`],
  ['GET /my/games', () => world.owner, () => '/my/games?'],
  ['GET /my/applications', () => world.applicant, () => '/my/applications?'],
  ['GET /my/invites', () => world.guest, () => '/my/invites?'],
  ['GET /my/race-names', () => world.member, () => '/my/race-names?'],
];

/** Another filter than none. */
const filterOf: Record<string, string> = {
  '/my/games?': 'role=owner',
  '/my/applications?': 'status=rejected',
  '/my/invites?': 'status=declined',
  '/my/race-names?': 'kind=registered',
};

const tokenOf = async ([, as, path]: List) =>
  field(await as().get(`${path()}page_size=1`), 'next_page_token');
const read = ([, as, path]: List, token: string) =>
  as().get(`${path()}page_token=${encodeURIComponent(token)}`);
const notAToken = invalidFields({
  field: 'page_token',
  problem: 'is not a token of this list with these filters; start again without one',
});

const decode = (token: string): unknown[] =>
  JSON.parse(atob(token.replaceAll('-', '+').replaceAll('_', '/')));
const encode = (value: unknown) =>
  btoa(JSON.stringify(value)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

test('these are all lists that come in pages', () => {
  const paged = [...operations].filter(([, { parameters }]) =>
    parameters.some(({ name }) => name === 'page_token'),
  );
  expect([...new Set(lists.map(([operation]) => operation))].toSorted()).toEqual(
    paged.map(([operation]) => operation).toSorted(),
  );
});

describe.each(lists.map((list, index) => [list[0], index, list] as const))(
  '%s, list %i',
  (_, index, list) => {
    const token = () => tokens[index] ?? '';

    test('takes its own token, and no other list’s', async () => {
      expect(await read(list, token())).toMatchObject({ status: 200 });
      for (const other of tokens.toSpliced(index, 1)) expect(await read(list, other)).toEqual(notAToken);
    });

    test('takes its token neither with other filters nor of another game', async () => {
      const [, as, path] = list;
      const others = path().startsWith('/games?')
        ? [`${path()}has_free_places=true&`, `${path()}game_type=private&`, `${path()}q=x&`]
        : path().startsWith('/my/')
          ? [`${path()}${filterOf[path()]}&`]
          : [path().replace(/[0-9a-f-]{36}/, uuidv7())];
      for (const other of others)
        expect(await as().get(`${other}page_token=${token()}`), other).toEqual(notAToken);
      expect(await as().get(`${path()}page_size=2&page_token=${token()}`)).toMatchObject({ status: 200 });
    });

    test('takes none that was put together otherwise', async () => {
      const before = await lobby.tables();
      const [name, ...place] = decode(token());
      const forged = [
        [name],
        [name, ...place, 1],
        [name, ...place.map(String), uuidv7()],
        [name, ...place.toReversed(), null],
        [name, -1, ...place.slice(1)],
        [name, 2 ** 60, ...place.slice(1)],
        [name, 0.5, ...place.slice(1)],
        [name, null, ...place.slice(1)],
        [name, '0', ...place.slice(1)],
        ...(place.length > 1
          ? [
              [name, place[0], "' or true --"],
              [name, place[0], 7],
            ]
          : []),
        [`${name}.`, ...place],
        { 0: name, 1: place[0] },
        null,
      ].map(encode);
      const spelled = [
        `${token()}=`,
        ` ${token()}`,
        token().slice(0, -2),
        `${token()}AAAA`,
        token().repeat(2),
      ];
      for (const bad of [...forged, ...spelled]) {
        expect(await read(list, bad), bad).toEqual(notAToken);
      }
      expect(await lobby.tables()).toEqual(before);
    });

    test('takes none with a letter that is another, unless it names another place', async () => {
      for (let at = 0; at < token().length; at++) {
        const changed = `${token().slice(0, at)}${token()[at] === 'A' ? 'B' : 'A'}${token().slice(at + 1)}`;
        const answer = await read(list, changed);
        if (answer.status !== 200) expect(answer, changed).toEqual(notAToken);
      }
    });
  },
);
