// What the lobby answers to requests that it cannot use, word by word, and that it then has changed nothing: who asks and
// what comes as a body. Fields are in bad-fields.test.ts, page tokens in page-tokens.test.ts, things of others in
// not-yours.test.ts, the wrong time in wrong-state.test.ts.
import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { gameBody, invalidFields, makeDraft, refusal } from '../../support/lobby/games.ts';
import { type Client, createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';
import { operations, prefix } from '../../support/lobby/world.ts';
import { operatorHeaders } from '../../support/operators.ts';
import type { Tables } from '../../support/stores/tables.ts';

let lobby: TestLobby;
let owner: Client;
let stranger: Client;
let before: Tables;

beforeAll(async () => {
  lobby = await createTestLobby();
  [owner, stranger] = [lobby.player(), lobby.player()];
  await makeDraft(owner);
});
afterAll(() => lobby.close());
beforeEach(async () => {
  before = await lobby.tables();
});
afterEach(async () => {
  expect(await lobby.tables()).toEqual(before);
});

/** A request as it comes over the wire, to some id. */
async function send(operation: string, headers: Record<string, string> = {}, body?: BodyInit) {
  const [method, template] = operation.split(' ') as [string, string];
  const path = template.replace('{code}', 'a'.repeat(22)).replace(/\{\w+\}/, uuidv7());
  const response = await lobby.publicApp.request(`${prefix}${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
  });
  return { status: response.status, body: await response.json(), etag: response.headers.get('etag') };
}

const mutations = [...operations.keys()].filter((operation) => !operation.startsWith('GET'));

test.each([...operations.keys()])(
  '%s without the id of a user in X-User-ID is unauthenticated',
  async (operation) => {
    const forged = [
      {},
      { 'x-user-id': '' },
      { 'x-user-id': 'admin' },
      { 'x-user-id': 'null' },
      { 'x-user-id': '../../internal' },
      { 'x-user-id': `${owner.userId}' or true --` },
      { 'x-user-id': `${owner.userId}, ${stranger.userId}` },
      await operatorHeaders('lobby'),
      { authorization: `Bearer ${owner.userId}` },
    ];
    for (const headers of forged) {
      expect(await send(operation, headers)).toEqual(
        refusal(401, 'unauthenticated', 'X-User-ID is missing or is not a user id.'),
      );
    }
  },
);

describe.each(mutations)('a body of %s', (operation) => {
  const user = () => ({ 'x-user-id': owner.userId });
  const json = () => ({ ...user(), 'content-type': 'application/json' });

  test('that is no JSON is refused', async () => {
    for (const text of ['{"game_name": "Orion', '', 'nonsense', "{'game_name': 1}", '{}{}']) {
      expect(await send(operation, json(), text), text).toEqual(
        refusal(400, 'invalid_request', 'Malformed JSON in request body.'),
      );
    }
  });

  test('that is no object is refused', async () => {
    for (const text of ['[]', 'null', '"game"', '7', 'true']) {
      expect(await send(operation, json(), text), text).toEqual(
        invalidFields({ field: '', problem: 'must be of type object' }),
      );
    }
  });

  test('with fields that are not known is refused', async () => {
    for (const name of ['owner_user_id', '__proto__', 'constructor', '']) {
      const { body } = await send(operation, json(), `{"${name}":{"x":1}}`);
      expect(body).toMatchObject({ error: { code: 'invalid_request' } });
      const { fields } = (body as { error: { details: { fields: unknown[] } } }).error.details;
      expect(fields).toContainEqual({ field: name, problem: 'is not a known field' });
    }
  });

  test('of another media type is refused', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'json']) {
      expect(await send(operation, { ...user(), 'content-type': type }, '{}'), type).toEqual(
        refusal(
          415,
          'unsupported_media_type',
          'A body must be JSON, sent as Content-Type: application/json.',
        ),
      );
    }
  });

  test('that is too large is refused, whether it says so or not', async () => {
    const tooLarge = refusal(413, 'payload_too_large', 'The body is larger than 65536 bytes.');
    const text = `{"x":1}${' '.repeat(65_530)}`;
    const sized = { ...json(), 'content-length': String(text.length) };
    expect(await send(operation, sized, text)).toEqual(tooLarge);
    expect(await send(operation, json(), text)).toEqual(tooLarge);
    const options = JSON.stringify({ options: { text: 'x'.repeat(1_048_576) } });
    expect(await send(operation, json(), options)).toEqual(tooLarge);
    expect(await send(operation, json(), text.slice(0, 65_536))).toMatchObject({ status: 400 });
  });
});

test('a body with bytes that are no UTF-8 is refused', async () => {
  const text = new TextEncoder().encode(JSON.stringify(gameBody));
  text[text.indexOf(0x4f /* O of Orion */)] = 0xff;
  const headers = { 'x-user-id': owner.userId, 'content-type': 'application/json' };
  expect(await send('POST /games', headers, text)).toEqual(
    invalidFields({
      field: 'game_name',
      problem: 'must not contain control characters or characters that could not be read',
    }),
  );
});

test.each(['DELETE /games/{game_id}', 'PUT /games/{game_id}', 'POST /games/explode', 'GET /games//timeline'])(
  '%s is no route and not found',
  async (operation) => {
    const answer = await send(operation, { 'x-user-id': owner.userId });
    expect(answer).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } });
    expect(answer.body).toMatchObject({
      error: { message: expect.stringMatching(/^There is no .+ here\.$/) },
    });
  },
);
