// What the lobby answers to requests that it cannot use, word by word, and that it then has changed nothing.
import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Client, createTestLobby, type TestLobby } from '../../support/lobby.ts';
import {
  apply,
  field,
  gameBody,
  invalidFields,
  makeDraft,
  makeOpenGame,
  noSuchApplication,
  noSuchGame,
  notTheOwner,
  refusal,
} from '../../support/lobby-games.ts';
import type { Tables } from '../../support/tables.ts';

let lobby: TestLobby;
let owner: Client;
let stranger: Client;
let draftId: string;
let openId: string;
let applicationId: string;
let before: Tables;

beforeAll(async () => {
  lobby = await createTestLobby();
  [owner, stranger] = [lobby.player(), lobby.player()];
  draftId = await makeDraft(owner);
  openId = await makeOpenGame(owner);
  applicationId = await apply(lobby.player(), openId, 'Applicants');
});
afterAll(() => lobby.close());
beforeEach(async () => {
  before = await lobby.tables();
});
afterEach(async () => {
  expect(await lobby.tables()).toEqual(before);
});

/** A request as it comes over the wire. */
async function send(method: string, path: string, headers: Record<string, string> = {}, body?: BodyInit) {
  const response = await lobby.publicApp.request(path, { method, headers, ...(body && { body }) });
  return { status: response.status, body: await response.json(), etag: response.headers.get('etag') };
}

const everyRoute: [string, string][] = [
  ['POST', '/games'],
  ['GET', '/games'],
  ['GET', '/games/{game}'],
  ['PATCH', '/games/{game}'],
  ['POST', '/games/{game}/open-enrollment'],
  ['POST', '/games/{game}/close-enrollment'],
  ['POST', '/games/{game}/start'],
  ['POST', '/games/{game}/retry-start'],
  ['POST', '/games/{game}/pause'],
  ['POST', '/games/{game}/resume'],
  ['POST', '/games/{game}/cancel'],
  ['GET', '/games/{game}/timeline'],
  ['POST', '/games/{game}/applications'],
  ['GET', '/games/{game}/applications'],
  ['POST', '/applications/{application}/approve'],
  ['POST', '/applications/{application}/reject'],
  ['POST', '/applications/{application}/withdraw'],
  ['POST', '/games/{game}/invites'],
  ['GET', '/games/{game}/invites'],
  ['POST', '/invites/{invite}/redeem'],
  ['POST', '/invites/{invite}/decline'],
  ['POST', '/invites/{invite}/revoke'],
  ['POST', '/invite-codes/{code}/redeem'],
  ['GET', '/games/{game}/memberships'],
  ['POST', '/games/{game}/leave'],
  ['POST', '/memberships/{membership}/remove'],
  ['POST', '/memberships/{membership}/block'],
  ['GET', '/race-names/availability'],
  ['POST', '/race-names/register'],
  ['GET', '/my/games'],
  ['GET', '/my/applications'],
  ['GET', '/my/invites'],
  ['GET', '/my/race-names'],
];

test('these are all routes of the public listener', () => {
  const routes = lobby.publicApp.openAPIRegistry.definitions.flatMap((definition) =>
    definition.type === 'route' ? [`${definition.route.method.toUpperCase()} ${definition.route.path}`] : [],
  );
  const expected = everyRoute.map(([method, path]) =>
    `${method} /api/v1/lobby${path}`
      .replace('{game}', '{game_id}')
      .replace('{application}', '{application_id}')
      .replace('{invite}', '{invite_id}')
      .replace('{membership}', '{membership_id}'),
  );
  expect(routes.toSorted()).toEqual(expected.toSorted());
});

test.each(everyRoute)(
  '%s %s without the id of a user in X-User-ID is unauthenticated',
  async (method, template) => {
    const path = template
      .replace('{game}', openId)
      .replace('{application}', applicationId)
      .replace('{invite}', uuidv7())
      .replace('{code}', 'a'.repeat(22))
      .replace('{membership}', uuidv7());
    const forged = [
      {},
      { 'x-user-id': '' },
      { 'x-user-id': 'admin' },
      { 'x-user-id': 'null' },
      { 'x-user-id': '../../internal' },
      { 'x-user-id': `${owner.userId}' or true --` },
      { 'x-user-id': `${owner.userId}, ${stranger.userId}` },
      { 'x-admin-id': 'ada' },
      { authorization: `Bearer ${owner.userId}` },
    ];
    for (const headers of forged) {
      expect(await send(method, `/api/v1/lobby${path}`, headers)).toEqual(
        refusal(401, 'unauthenticated', 'X-User-ID is missing or is not a user id.'),
      );
    }
  },
);

describe('X-Admin-ID on the internal listener', () => {
  test('that cannot name a person is refused', async () => {
    expect(await lobby.admin('<script>').post('/games', { body: gameBody })).toEqual(
      refusal(400, 'invalid_request', 'X-Admin-ID must be 1 to 64 letters, digits, _ . @ or -.'),
    );
  });
});

describe('a body', () => {
  const user = () => ({ 'x-user-id': owner.userId });
  const json = () => ({ ...user(), 'content-type': 'application/json' });
  const malformed = refusal(400, 'invalid_request', 'Malformed JSON in request body.');

  test.each(['{"game_name": "Orion', '', 'nonsense', "{'game_name': 1}"])(
    'that is no JSON is refused: %j',
    async (text) => {
      expect(await send('POST', '/api/v1/lobby/games', json(), text)).toEqual(malformed);
      expect(await send('PATCH', `/api/v1/lobby/games/${draftId}`, json(), text)).toEqual(malformed);
    },
  );

  test.each([['[]'], ['null'], ['"game"'], ['7']])('that is no object is refused: %s', async (text) => {
    const expected = invalidFields({
      field: '',
      problem: 'must be of type object',
    });
    expect(await send('POST', '/api/v1/lobby/games', json(), text)).toEqual(expected);
  });

  test('of another media type is refused', async () => {
    const headers = { ...user(), 'content-type': 'text/plain' };
    expect(await send('POST', '/api/v1/lobby/games', headers, JSON.stringify(gameBody))).toEqual(
      refusal(415, 'unsupported_media_type', 'Unsupported Media Type.'),
    );
  });

  test('that is too large is refused', async () => {
    const text = JSON.stringify({ ...gameBody, description: 'x'.repeat(70_000) });
    const headers = { ...json(), 'content-length': String(text.length) };
    expect(await send('POST', '/api/v1/lobby/games', headers, text)).toEqual(
      refusal(413, 'payload_too_large', 'The body is larger than 65536 bytes.'),
    );
  });

  test('with bytes that are no UTF-8 is refused', async () => {
    const text = new TextEncoder().encode(JSON.stringify(gameBody));
    text[text.indexOf(0x4f /* O of Orion */)] = 0xff;
    expect(await send('POST', '/api/v1/lobby/games', json(), text)).toEqual(
      invalidFields({
        field: 'game_name',
        problem: 'must not contain control characters or characters that could not be read',
      }),
    );
  });

  test.each([
    ['POST', () => '/games', gameBody],
    ['PATCH', () => `/games/${draftId}`, { game_name: 'Orion Arm' }],
    ['POST', () => `/games/${openId}/applications`, { race_name: 'Zorblax' }],
    ['POST', () => `/games/${draftId}/open-enrollment`, {}],
    ['POST', () => `/applications/${applicationId}/approve`, {}],
  ])('of %s with a field that is not known is refused (row %#)', async (method, path, body) => {
    const text = JSON.stringify({ ...body, owner_user_id: stranger.userId });
    expect(await send(method, `/api/v1/lobby${path()}`, json(), text)).toEqual(
      invalidFields({ field: 'owner_user_id', problem: 'is not a known field' }),
    );
  });
});

describe('a game', () => {
  test.each([
    ['game_type', 'secret', 'must be one of public, private'],
    ['game_name', 7, 'must be of type string'],
    ['game_name', 'ab', 'must have 3 to 60 characters'],
    ['game_name', 'x'.repeat(61), 'must have 3 to 60 characters'],
    ['game_name', ' Orion', 'must not begin or end with a space'],
    ['game_name', 'Orion\nArm', 'must be one line'],
    ['game_name', 'Ori\u0000on', 'must not contain control characters or characters that could not be read'],
    ['game_name', 'Ori\ud800on', 'must not contain control characters or characters that could not be read'],
    ['description', 'x'.repeat(2_001), 'must have at most 2000 characters'],
    ['description', null, 'must be of type string'],
    ['min_players', 1, 'must be a whole number from 2 to 1000'],
    ['min_players', '2', 'must be a whole number from 2 to 1000'],
    ['min_players', 2.5, 'must be a whole number from 2 to 1000'],
    ['max_players', 1_001, 'must be a whole number from 2 to 1000'],
    ['max_players', 1e300, 'must be a whole number from 2 to 1000'],
    ['min_players', 5, undefined],
    ['start_gap_hours', 337, 'must be a whole number from 0 to 336'],
    ['start_gap_players', -1, 'must be a whole number from 0 to 100'],
    ['enrollment_ends_at', 'tomorrow', 'must be a time such as 2026-01-31T12:00:00Z'],
    ['enrollment_ends_at', '2031-06-01T12:00:00', 'must be a time such as 2026-01-31T12:00:00Z'],
    ['enrollment_ends_at', '2031-02-30T12:00:00Z', 'must be a time such as 2026-01-31T12:00:00Z'],
    ['enrollment_ends_at', '9999-12-31T23:59:59-23:59', 'must lie before the year 9999'],
    ['enrollment_ends_at', '2031-05-01T11:59:59Z', 'must lie ahead; it is now 2031-05-01T12:00:00.000Z'],
    ['turn_schedule', '* * * *', 'must be a cron expression of five fields, such as 0 20 * * 1-5'],
    ['turn_schedule', '0 0 30 2 *', 'never comes due; choose a day that exists'],
    ['time_zone', 'Mars/Olympus', 'must be an IANA time zone such as Europe/Berlin or UTC'],
    ['target_engine_version', 'latest', 'must be a semantic version such as 1.4.0 or 2.0.0-rc.1'],
  ])('with a bad %s is not made, and a draft does not become one (row %#)', async (name, value, problem) => {
    const wrong =
      problem === undefined
        ? { field: 'max_players', problem: `must not be below min_players (${value})` }
        : { field: name, problem };
    const expected = invalidFields(wrong);
    expect(await owner.post('/games', { body: { ...gameBody, [name]: value } })).toEqual(expected);
    if (name !== 'game_type') {
      expect(await owner.patch(`/games/${draftId}`, { body: { [name]: value } })).toEqual(expected);
    }
  });

  test('is refused with everything that is wrong at once', async () => {
    const { game_name, max_players, ...incomplete } = gameBody;
    expect(await owner.post('/games', { body: { ...incomplete, min_players: 0, colour: 'red' } })).toEqual(
      invalidFields(
        { field: 'game_name', problem: 'is missing' },
        { field: 'min_players', problem: 'must be a whole number from 2 to 1000' },
        { field: 'max_players', problem: 'must be a whole number from 2 to 1000' },
        { field: 'colour', problem: 'is not a known field' },
      ),
    );
  });

  test('cannot change its type or its status by hand', async () => {
    const body = { game_name: 'Orion', game_type: 'private', status: 'running' };
    expect(await owner.patch(`/games/${draftId}`, { body })).toEqual(
      invalidFields(
        { field: 'game_type', problem: 'is not a known field' },
        { field: 'status', problem: 'is not a known field' },
      ),
    );
  });

  test('is not changed by nothing', async () => {
    expect(await owner.patch(`/games/${draftId}`, { body: {} })).toEqual(
      invalidFields({ field: '', problem: 'name at least one field to change' }),
    );
  });
});

describe('a race name', () => {
  test.each([
    ['ab', 'A race name has 3 to 24 characters; this one has 2.'],
    ['x'.repeat(25), 'A race name has 3 to 24 characters; this one has 25.'],
    ['x'.repeat(60_000), 'A race name has at most 24 characters.'],
    ['Zorb\u0000lax', expect.stringContaining('Character 5 of the race name, U+0000, is not allowed')],
    ['Zorb\u200blax', expect.stringContaining('U+200B')],
    ['Zorb;drop', expect.stringContaining('is not allowed')],
    ['Admin', 'This race name is reserved for the platform, or looks like one that is.'],
    [null, 'must be of type string'],
    [{ $ne: '' }, 'must be of type string'],
  ])('that cannot be one is refused (row %#)', async (raceName, problem) => {
    const body = { race_name: raceName };
    expect(await stranger.post(`/games/${openId}/applications`, { body })).toEqual(
      invalidFields({ field: 'race_name', problem }),
    );
  });
});

describe('an id in a path', () => {
  test.each(['1', 'null', '..%2f..%2finternal', `%00${uuidv7()}`, "'%20or%20true", `${uuidv7()}x`])(
    'that is no UUID is refused: %s',
    async (id) => {
      const expected = (name: string) => invalidFields({ field: name, problem: 'must be a UUID' });
      expect(await owner.get(`/games/${id}`)).toEqual(expected('game_id'));
      expect(await owner.get(`/games/${id}/memberships`)).toEqual(expected('game_id'));
      expect(await owner.post(`/games/${id}/open-enrollment`)).toEqual(expected('game_id'));
      expect(await owner.post(`/applications/${id}/approve`)).toEqual(expected('application_id'));
    },
  );

  test('that nothing has is not found', async () => {
    const id = uuidv7();
    expect(await owner.get(`/games/${id}`)).toEqual(noSuchGame);
    expect(await owner.get(`/games/${id}/memberships`)).toEqual(noSuchGame);
    expect(await owner.get(`/games/${id}/applications`)).toEqual(noSuchGame);
    expect(await owner.get(`/games/${id}/timeline`)).toEqual(noSuchGame);
    expect(await owner.patch(`/games/${id}`, { body: { game_name: 'Orion' } })).toEqual(noSuchGame);
    expect(await owner.post(`/games/${id}/open-enrollment`)).toEqual(noSuchGame);
    expect(await owner.post(`/games/${id}/applications`, { body: { race_name: 'Zorblax' } })).toEqual(
      noSuchGame,
    );
    expect(await owner.post(`/applications/${id}/approve`)).toEqual(noSuchApplication);
    expect(await lobby.admin().get(`/games/${id}`)).toEqual(noSuchGame);
    expect(await lobby.admin().post(`/applications/${id}/approve`)).toEqual(noSuchApplication);
  });
});

describe("somebody else's game", () => {
  test('that is a draft is not found, whatever one wants of it', async () => {
    expect(await stranger.get(`/games/${draftId}`)).toEqual(noSuchGame);
    expect(await stranger.patch(`/games/${draftId}`, { body: { game_name: 'Mine now' } })).toEqual(
      noSuchGame,
    );
    expect(await stranger.post(`/games/${draftId}/open-enrollment`)).toEqual(noSuchGame);
    const body = { race_name: 'Zorblax' };
    expect(await stranger.post(`/games/${draftId}/applications`, { body })).toEqual(noSuchGame);
  });

  test('that is open to all can be seen, but not managed', async () => {
    expect(await stranger.patch(`/games/${openId}`, { body: { game_name: 'Mine now' } })).toEqual(
      notTheOwner,
    );
    expect(await stranger.post(`/games/${openId}/open-enrollment`)).toEqual(notTheOwner);
    expect(await stranger.get(`/games/${openId}/timeline`)).toEqual(notTheOwner);
    expect(await stranger.post(`/applications/${applicationId}/approve`)).toEqual(noSuchApplication);
  });

  test('costs the User Service no question', async () => {
    const asked = lobby.users.lookups();
    await stranger.post(`/games/${draftId}/applications`, { body: { race_name: 'Zorblax' } });
    await stranger.post(`/applications/${applicationId}/approve`);
    expect(lobby.users.lookups()).toBe(asked);
  });
});

describe('a list', () => {
  const notAToken = invalidFields({
    field: 'page_token',
    problem: 'is not a token of this list; start again without one',
  });
  const base64Url = (value: unknown) => btoa(JSON.stringify(value)).replaceAll('=', '');

  test.each([
    ['page_size=0', 'page_size', 'must be a whole number from 1 to 200'],
    ['page_size=201', 'page_size', 'must be a whole number from 1 to 200'],
    ['page_size=ten', 'page_size', 'must be a whole number from 1 to 200'],
    ['page_size=1&page_size=2', 'page_size', 'must be of type string'],
    ['status=open', 'status', expect.stringContaining('must be one of draft, ')],
    ['game_type=any', 'game_type', 'must be one of public, private'],
    ['has_free_places=yes', 'has_free_places', 'must be true or false'],
    ['q=%21%21', 'q', 'must have a letter or a digit'],
    ['target_engine_version=1%00', 'target_engine_version', 'must be a semantic version such as 1.4.0'],
    ['sort=oldest', 'sort', 'must be one of newest, ending_soon'],
    ['sort=ending_soon&status=running', 'status', 'must be enrollment_open or absent with sort=ending_soon'],
    ['owner=me', 'owner', 'is not a known field'],
  ])('with %s is refused', async (query, name, problem) => {
    expect(await owner.get(`/games?${query}`)).toEqual(invalidFields({ field: name, problem }));
  });

  test.each([
    ['no base64', '???'],
    ['no JSON', btoa('nonsense')],
    ['no list', base64Url({ list: 'games.newest' })],
    ['of another list', base64Url(['applications', 0, uuidv7()])],
    ['with too little', base64Url(['games.newest', 0])],
    ['with too much', base64Url(['games.newest', 0, uuidv7(), 1])],
    ['with a time that is none', base64Url(['games.newest', '2031', uuidv7()])],
    ['with a time that no database can hold', base64Url(['games.newest', 8.64e15, uuidv7()])],
    ['with an id that is none', base64Url(['games.newest', 0, "' or true --"])],
    ['written in another way', `${base64Url(['games.newest', 0, uuidv7()])}=`],
  ])('with a page token that is %s is refused', async (_what, token) => {
    expect(await owner.get(`/games?page_token=${encodeURIComponent(token)}`)).toEqual(notAToken);
  });

  test('takes no token of another order', async () => {
    const page = await owner.get('/games?page_size=1');
    const token = field(page, 'next_page_token');
    expect(await owner.get(`/games?sort=ending_soon&page_token=${token}`)).toEqual(notAToken);
  });

  test('of transitions takes no token that no database can hold', async () => {
    const token = base64Url(['timeline', 2 ** 40]);
    expect(await owner.get(`/games/${openId}/timeline?page_token=${token}`)).toEqual(notAToken);
  });
});

describe('a header', () => {
  test.each(['', 'a b', 'x'.repeat(65), 'ключ'.replace(/./g, '%')])(
    'Idempotency-Key %j is refused',
    async (key) => {
      const headers = { 'idempotency-key': key };
      expect(await owner.post('/games', { body: gameBody, headers })).toEqual(
        invalidFields({ field: 'Idempotency-Key', problem: 'must be 1 to 64 letters, digits, _ or -' }),
      );
    },
  );

  test.each(['', 'one', '"1', 'W/"1"', '-1', '*'])('If-Match %j is refused', async (revision) => {
    const headers = { 'if-match': revision };
    expect(await owner.patch(`/games/${draftId}`, { body: { game_name: 'Orion' }, headers })).toEqual(
      invalidFields({ field: 'If-Match', problem: 'must be the revision of the game, such as 3 or "3"' }),
    );
  });
});

test('a path that is no route is not found', async () => {
  expect(await owner.post('/games/explode')).toEqual(
    refusal(404, 'not_found', 'There is no POST /api/v1/lobby/games/explode here.'),
  );
});
