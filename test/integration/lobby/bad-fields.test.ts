// Every field of every route of the lobby, under, over and beside what it may be: the answer names the field and what is
// wrong with it, and nothing is changed. field-bounds.test.ts has what stands at its bounds.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Schema } from '../../../infra/generate/operations.ts';
import { parseRaceName } from '../../../lib/lobby/domain/race-name/canonical.ts';
import { gameBody, invalidFields } from '../../support/lobby/games.ts';
import { createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';
import {
  inviteUntil,
  makeWorld,
  operations,
  type Request,
  request,
  usualRequest,
  type World,
} from '../../support/lobby/world.ts';

let lobby: TestLobby;
let world: World;
beforeAll(async () => {
  lobby = await createTestLobby();
  world = await makeWorld(lobby);
});
afterAll(() => lobby.close());

/** A value, and what is wrong with it. */
type Bad = [value: unknown, problem: unknown];

const uuid = 'must be a UUID';
const badIds: Bad[] = [
  ['1', uuid],
  ['null', uuid],
  ['0197a000-0000-7000-8000-00000000000g', uuid],
  ['0197a000-0000-7000-8000-0000000000000', uuid],
  ["0197a000-0000-7000-8000-000000000000' or true --", uuid],
];
const noTexts: Bad[] = [7, null, true, [], { $ne: '' }].map((value) => [value, 'must be of type string']);
const unreadable: Bad[] = [
  'Ori\u0000on',
  'Ori\u007fon',
  'Ori\u0085on',
  'Ori\ud800on',
  'Ori\ufffdon',
  'Ori\ufdd0on',
].map((value) => [value, 'must not contain control characters or characters that could not be read']);
const turning: Bad[] = ['Ori\u202eon', 'Ori\u2066on', '\u202dOrion\u202c'].map((value) => [
  value,
  'must not contain marks that turn the direction of what follows',
]);
const unseen = 'must not contain characters that cannot be seen';
const time = 'must be a time such as 2026-01-31T12:00:00Z';
const badTimes: Bad[] = [
  ...[null, 7, '', 'tomorrow', '2031-06-01', '2031-06-01T12:00:00', '2031-02-30T12:00:00Z'].map(
    (value): Bad => [value, time],
  ),
  ['9999-01-01T00:00:00Z', 'must lie before the year 9999'],
  ['9999-12-31T23:59:59-23:59', 'must lie before the year 9999'],
];
const version = 'must be a semantic version such as 1.4.0 or 2.0.0-rc.1';
const badRaceNames = [
  '',
  'ab',
  'x'.repeat(25),
  'x'.repeat(60_000),
  ' Zorblax',
  'Zorb  lax',
  'Zorb\u0000lax',
  'Zorb\u200blax' /* zero-width space */,
  'Zorb\u200dlax' /* zero-width joiner */,
  'Zorb\u00adlax' /* soft hyphen */,
  '\u200fZorblax' /* right-to-left mark */,
  'Zorb\u202elax' /* right-to-left override */,
  'Zorb\ud800lax',
  'Zorb;drop',
  'Zorb👾lax',
  'Rex\u0331\u0331',
  'אבגabc' /* Hebrew, then Latin */,
  'Admin',
  'аdmіn' /* Cyrillic а and і */,
  '---',
];

/** What no field of this name may be; the schema is the one that is published for it. */
const badValues: Record<string, (schema: Schema) => Bad[]> = {
  game_id: () => badIds,
  application_id: () => badIds,
  invite_id: () => badIds,
  membership_id: () => badIds,
  code: () =>
    ['a'.repeat(21), 'a'.repeat(23), `${'a'.repeat(21)}!`, `${'a'.repeat(21)}é`].map((value) => [
      value,
      'must be a code of 22 letters, digits, _ or -',
    ]),
  user_id: () => [7, null, '', 'bob', {}].map((value) => [value, uuid]),
  race_name_id: () => [7, null, '', 'bob', {}].map((value) => [value, uuid]),

  'Idempotency-Key': () =>
    ['', 'a b', 'a'.repeat(65), 'a/b', 'a"'].map((value) => [
      value,
      'must be 1 to 64 letters, digits, _ or -',
    ]),
  'If-Match': () =>
    ['', 'one', '"1', '1"', 'W/"1"', '-1', '*', '1234567890', '"1", "2"'].map((value) => [
      value,
      'must be the revision of the game in digits, such as 3',
    ]),

  page_size: () =>
    ['', '0', '201', '1000', '-1', '1.5', '1e2', 'ten', '１'].map((value) => [
      value,
      'must be a whole number from 1 to 200',
    ]),
  page_token: () =>
    ['', '???', 'a'.repeat(513), btoa('[]'), btoa('["games.newest"]')].map((value) => [
      value,
      'is not a token of this list with these filters; start again without one',
    ]),
  status: oneOf,
  role: oneOf,
  kind: oneOf,
  sort: oneOf,
  game_type: oneOf,
  has_free_places: () => ['', 'yes', 'TRUE', '1'].map((value) => [value, 'must be true or false']),
  waiting_for_me: () => ['', 'yes', 'TRUE', '1'].map((value) => [value, 'must be true or false']),
  q: () => [
    ['', 'must have a letter or a digit'],
    ['!!', 'must have a letter or a digit'],
    ['a'.repeat(101), 'must have at most 100 characters'],
  ],
  // Whatever is asked about is answered: that is what the route is for.
  name: () => [],

  game_name: () => [
    ...noTexts,
    ...unreadable,
    ...turning,
    ['ab', 'must have 3 to 60 characters'],
    ['x'.repeat(61), 'must have 3 to 60 characters'],
    ['👾'.repeat(61), 'must have 3 to 60 characters'],
    [' Orion', 'must not begin or end with a space'],
    ['Orion\u00a0', 'must not begin or end with a space'],
    ['Orion\nArm', 'must be one line'],
    ['Orion\tArm', 'must be one line'],
    ['Orion\u2028Arm', 'must be one line'],
    ['\u200b\u200b\u200b', unseen],
    ['Orion\u200b', unseen],
    ['Ori\u00adon', unseen],
    ['\u200fOrion', unseen],
    ['\u3164\u3164\u3164' /* Hangul filler */, unseen],
    ['\u2800\u2800\u2800' /* blank Braille */, unseen],
    ['\u0301\u0301\u0301', unseen],
    ['Ori\u200Don', unseen],
    [
      `Orion${'\u0489'.repeat(2)}`,
      'must have combining marks after letters only, at most 4 in a row, none twice in a row',
    ],
    ['Orion\uE000', unreadable[0]?.[1]],
  ],
  description: () => [
    ...noTexts,
    ...unreadable,
    ...turning,
    ['x'.repeat(2_001), 'must have at most 2000 characters'],
  ],
  min_players: wholeNumber,
  max_players: wholeNumber,
  start_gap_hours: wholeNumber,
  start_gap_players: wholeNumber,
  enrollment_ends_at: () => [
    ...badTimes,
    ['2031-05-01T12:00:00Z', 'must lie ahead; it is now 2031-05-01T12:00:00.000Z'],
    ['1970-01-01T00:00:00Z', 'must lie ahead; it is now 2031-05-01T12:00:00.000Z'],
  ],
  turn_schedule: () => [
    ...noTexts.filter(([value]) => value !== null),
    ['', 'must have 1 to 100 characters'],
    [`${'0,'.repeat(47)}0 * * * *`, 'must have 1 to 100 characters'],
    ['* * * *', 'must be a cron expression of five fields with one blank between them, such as 0 20 * * 1-5'],
    [
      '* * * * * *',
      'must be a cron expression of five fields with one blank between them, such as 0 20 * * 1-5',
    ],
    [
      '0 20 * * ',
      'must be a cron expression of five fields with one blank between them, such as 0 20 * * 1-5',
    ],
    ['@daily', 'must be a cron expression of five fields with one blank between them, such as 0 20 * * 1-5'],
    ['60 * * * *', expect.stringContaining('is not a cron expression: ')],
    ['0 20 * * +1', expect.stringContaining('is not a cron expression: fields hold ')],
    ['0 0 30 2 *', 'never comes due; choose a day that exists'],
    ['*/5 * * * *', 'must leave 15 minutes between turns, but two of its turns are 5 minutes apart'],
  ],
  // One that has a schedule, too, is refused for that (clock-settings.test.ts); these are no numbers for it.
  turn_seconds: (schema) => wholeNumber(schema).filter(([value]) => value !== null),
  min_turn_seconds: (schema) => wholeNumber(schema).filter(([value]) => value !== null),
  quiet_days: () =>
    [null, 7, '6', {}, [0], [8], [1.5], ['6'], [null], [[6]], [6, 6], [1, 2, 3, 4, 5, 6, 7]].map((value) => [
      value,
      'must be a list of at most 6 different days, from 1 (Monday) to 7 (Sunday)',
    ]),
  grace_seconds: wholeNumber,
  from: () => [
    ...badTimes.filter(([, problem]) => problem === time),
    ...['1999-12-31T23:59:59.999Z', '2100-01-01T00:00:00Z', '9999-12-31T23:59:59Z'].map(
      (value): Bad => [value, 'must lie in the years from 2000 to 2099'],
    ),
  ],
  early: oneOf,
  auto_approve: () => [null, 0, 'true', {}].map((value) => [value, 'must be true or false']),
  spectators: () => [null, 0, 'true', {}].map((value) => [value, 'must be true or false']),
  options: () => [
    ...[null, 7, 'large', true, [], [{}]].map((value): Bad => [value, 'must be an object']),
    ...unreadable.flatMap(([text, problem]): Bad[] => [
      [{ text }, problem],
      [{ list: [[{ [String(text)]: 1 }]] }, problem],
    ]),
    ...turning.map(([text, problem]): Bad => [{ text }, problem]),
    [{ text: 'x'.repeat(16_384 - '{"text":""}'.length + 1) }, 'must have at most 16384 bytes as JSON'],
    [{ text: '\u00e9'.repeat(8_192) }, 'must have at most 16384 bytes as JSON'],
    [{ a: [{ b: [{ c: [{ d: [{}] }] }] }] }, 'must have at most 8 levels of objects and lists'],
    [JSON.parse('{"a":{"__proto__":{"bots":1}}}'), 'must not have a field named __proto__'],
    ...[1e21, -1e300, 1e-7].map(
      (value): Bad => [{ value }, 'must not have numbers from 1e21 up, or between 0 and 1e-6'],
    ),
  ],
  time_zone: () => [
    ...noTexts,
    ['', 'must have 1 to 64 characters'],
    ['Z'.repeat(65), 'must have 1 to 64 characters'],
    ['Mars/Olympus', 'must be a name of the IANA tz database, such as Europe/Berlin or UTC'],
    ['Europe/Berlin ', 'must be a name of the IANA tz database, such as Europe/Berlin or UTC'],
  ],
  engine_family: () => [...noTexts, ...badFamilies],
  target_engine_version: () => [
    ...noTexts,
    ['', 'must have 1 to 64 characters'],
    [`1.0.0-${'a'.repeat(59)}`, 'must have 1 to 64 characters'],
    ...['latest', '1.4', 'v1.4.0', '1.4.0 ', '01.4.0'].map((value): Bad => [value, version]),
  ],

  race_name: () => [
    ...noTexts,
    ...badRaceNames.map((name): Bad => {
      const parsed = parseRaceName(name);
      if (parsed.ok) throw new Error(`${name} is a race name`);
      return [name, parsed.message];
    }),
  ],
  max_uses: () =>
    [null, '1', 0, -1, 1_001, 1.5, 1e300].map((value) => [value, 'must be a whole number from 1 to 1000']),
  expires_at: () => [
    ...badTimes,
    ['2031-05-01T12:00:00.000Z', 'must lie ahead'],
    ['1970-01-01T00:00:00Z', 'must lie ahead'],
  ],
};

function oneOf(schema: Schema): Bad[] {
  const values = schema.enum as string[];
  const problem = `must be one of ${values.join(', ')}`;
  return ['', 'any', values[0]?.toUpperCase(), `${values[0]} `].map((value) => [value, problem]);
}

function wholeNumber({ minimum, maximum }: Schema): Bad[] {
  const problem = `must be a whole number from ${minimum} to ${maximum}`;
  const values = [null, '2', true, [], 2.5, 1e300, Number(minimum) - 1, Number(maximum) + 1];
  return values.map((value) => [value, problem]);
}

const badFamilies: Bad[] = ['', 'Star Wars', 'STAR', 'x'.repeat(65)].map((value) => [
  value,
  'must be a family such as four-in-a-row',
]);

/** In a filter a version is looked for as it is; in a game it must be one. */
const badVersionFilters: Bad[] = ['', '1 4', '1'.repeat(65)].map((value) => [
  value,
  'must be a semantic version such as 1.4.0',
]);

type Place = 'path' | 'query' | 'header' | 'body';
type Field = { name: string; place: Place; schema: Schema; required: boolean };

function fieldsOf(operation: string): Field[] {
  const { parameters, body } = operations.get(operation) ?? { parameters: [], body: undefined };
  const required = (body?.required ?? []) as string[];
  return [
    ...parameters.map(({ name, in: place, schema, required }) => ({
      name,
      place: place as Place,
      schema,
      required,
    })),
    ...Object.entries((body?.properties ?? {}) as Record<string, Schema>).map(([name, schema]) => ({
      name,
      place: 'body' as const,
      schema,
      required: required.includes(name),
    })),
  ];
}

function badValuesOf({ name, place, schema }: Field): Bad[] {
  if (name === 'target_engine_version' && place === 'query') return badVersionFilters;
  if (name === 'engine_family' && place === 'query') return badFamilies;
  const values = badValues[name];
  if (values === undefined) throw new Error(`This test does not know what ${name} may not be.`);
  return values(schema);
}

/** What is usual, but for one field. */
function withField(operation: string, { name, place }: Field, value: unknown): Request {
  if (place === 'path') return { params: { [name]: encodeURIComponent(String(value)) } };
  if (place === 'query') return { query: { [name]: String(value) } };
  if (place === 'header') return { headers: { [name]: String(value) } };
  return { body: { ...bodyFor(operation, name), [name]: value } };
}

function bodyFor(operation: string, name: string): object {
  const ofCode = operation === 'POST /games/{game_id}/invites' && name !== 'user_id';
  if (ofCode) return { max_uses: 5, expires_at: inviteUntil };
  return usualRequest(world, operation).body as object;
}

describe.each([...operations.keys()])('%s', (operation) => {
  const fields = fieldsOf(operation);

  test('refuses what its fields cannot be, and changes nothing', async () => {
    const before = await lobby.tables();
    for (const bad of fields) {
      for (const [value, problem] of badValuesOf(bad)) {
        const answer = await request(world, operation, withField(operation, bad, value));
        const what = `${bad.name} = ${JSON.stringify(value).slice(0, 80)}`;
        expect(answer, what).toEqual(invalidFields({ field: bad.name, problem }));
      }
    }
    expect(await lobby.tables()).toEqual(before);
  });

  test('refuses to do without what it needs, and what it does not know', async () => {
    const before = await lobby.tables();
    const { body, query } = usualRequest(world, operation);
    for (const { name, place } of fields.filter(({ required, place }) => required && place !== 'path')) {
      const missing = invalidFields({ field: name, problem: 'is missing' });
      const { [name]: _, ...rest } = { ...(place === 'query' ? query : (body as Record<string, string>)) };
      const [method, path] = operation.split(' ') as [string, string];
      if (method === 'GET') expect(await world.owner.get(path)).toEqual(missing);
      else expect(await request(world, operation, { body: rest }), name).toEqual(missing);
    }
    const unknown = invalidFields({ field: 'owner_user_id', problem: 'is not a known field' });
    const extra = { owner_user_id: world.stranger.userId };
    const asked = operation.startsWith('GET')
      ? { query: extra }
      : { body: { ...(body as object), ...extra } };
    expect(await request(world, operation, asked)).toEqual(unknown);
    expect(await lobby.tables()).toEqual(before);
  });
});

test('a maximum below the minimum is refused, together or by a change of one of them', async () => {
  const { owner, draftId } = world;
  const before = await lobby.tables();
  const refused = (minimum: number) =>
    invalidFields({ field: 'max_players', problem: `must not be below min_players (${minimum})` });
  const body = { ...gameBody, min_players: 5, max_players: 4 };
  expect(await owner.post('/games', { body })).toEqual(refused(5));
  expect(await owner.patch(`/games/${draftId}`, { body: { min_players: 5 } })).toEqual(refused(5));
  expect(await owner.patch(`/games/${draftId}`, { body: { min_players: 4, max_players: 3 } })).toEqual(
    refused(4),
  );
  expect(await lobby.tables()).toEqual(before);
});

test('a private game takes no applications, so it approves none', async () => {
  const { owner, privateId } = world;
  const before = await lobby.tables();
  const refused = invalidFields({
    field: 'auto_approve',
    problem: 'must be false: a private game takes no applications',
  });
  const body = { ...gameBody, game_type: 'private', auto_approve: true };
  expect(await owner.post('/games', { body })).toEqual(refused);
  expect(await owner.patch(`/games/${privateId}`, { body: { auto_approve: true } })).toEqual(refused);
  expect(await lobby.tables()).toEqual(before);
});

test('a request is refused with everything that is wrong at once', async () => {
  const { game_name, max_players, ...incomplete } = gameBody;
  const before = await lobby.tables();
  const body = { ...incomplete, min_players: 0, time_zone: '', colour: 'red' };
  expect(await world.owner.post('/games', { body })).toEqual(
    invalidFields(
      { field: 'game_name', problem: 'is missing' },
      { field: 'min_players', problem: 'must be a whole number from 1 to 1000' },
      { field: 'max_players', problem: 'is missing' },
      { field: 'time_zone', problem: 'must have 1 to 64 characters' },
      { field: 'colour', problem: 'is not a known field' },
    ),
  );
  expect(await lobby.tables()).toEqual(before);
});

test.each([
  {},
  { max_uses: 1 },
  { expires_at: inviteUntil },
  { user_id: '0197a000-0000-7000-8000-000000000000', max_uses: 1 },
  { user_id: '0197a000-0000-7000-8000-000000000000', max_uses: 1, expires_at: inviteUntil },
])('an invite is for a user or by a code, not %j', async (body) => {
  const before = await lobby.tables();
  expect(await world.owner.post(`/games/${world.privateId}/invites`, { body })).toEqual(
    invalidFields({ field: '', problem: 'must have either user_id, or max_uses and expires_at' }),
  );
  expect(await lobby.tables()).toEqual(before);
});

test('a game is not changed by nothing, nor in its type or status', async () => {
  const before = await lobby.tables();
  const path = `/games/${world.draftId}`;
  expect(await world.owner.patch(path, { body: {} })).toEqual(
    invalidFields({ field: '', problem: 'name at least one field to change' }),
  );
  const body = { game_name: 'Orion', game_type: 'private', status: 'running' };
  expect(await world.owner.patch(path, { body })).toEqual(
    invalidFields(
      { field: 'game_type', problem: 'is not a known field' },
      { field: 'status', problem: 'is not a known field' },
    ),
  );
  expect(await lobby.tables()).toEqual(before);
});
