import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Refusal } from '../../../lib/errors/table.ts';
import { nameKeys } from '../../../lib/names/keys.ts';
import { field, gameBody, invalidFields, makeDraft, refusal } from '../../support/lobby/games.ts';
import { type Client, createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';

const day = 24 * 3_600_000;

let lobby: TestLobby;
let player: Client;
beforeAll(async () => {
  lobby = await createTestLobby();
});
afterAll(() => lobby.close());
beforeEach(() => {
  player = lobby.player();
});

let made = 0;
/** A name that nobody has yet. */
const newName = () => `Zorb ${++made + 1_000}`;

async function reserve({ userId }: Client, name: string): Promise<{ raceNameId: string; gameId: string }> {
  const gameId = await makeDraft(lobby.player());
  const raceNameId = uuidv7();
  const keys = nameKeys(name);
  await lobby.db.transaction(async (tx) => {
    expect(
      await lobby.raceNames.reserve(tx, { raceNameId, userId, gameId, name, keys, at: lobby.now() }),
    ).toBe('reserved');
  });
  return { raceNameId, gameId };
}

/** A name that `client` may register for 30 days. */
async function makePending(client: Client, name = newName()): Promise<string> {
  const { raceNameId, gameId } = await reserve(client, name);
  const until = new Date(lobby.now().getTime() + 30 * day);
  await lobby.db.transaction((tx) =>
    lobby.raceNames.allowRegistration(tx, { userId: client.userId, gameId }, until),
  );
  return raceNameId;
}

const register = (client: Client, raceNameId: string, headers = {}) =>
  client.post('/race-names/register', { body: { race_name_id: raceNameId }, headers });
const noSuchRaceName = refusal(404, 'not_found', 'You hold no race name with this id.');

/** Fails unless `attempt` leaves all state as it was. */
async function changesNothing<T>(attempt: () => Promise<T>): Promise<T> {
  const except = { except: ['user_guards', 'idempotency_keys'] };
  const before = await lobby.tables(except);
  const answer = await attempt();
  expect(await lobby.tables(except)).toEqual(before);
  return answer;
}

describe('registering a race name', () => {
  test('keeps it for good', async () => {
    const name = newName();
    const raceNameId = await makePending(player, name);
    lobby.clock.advance(1_000);
    const at = lobby.now().toISOString();
    expect(await register(player, raceNameId)).toEqual({
      status: 200,
      body: {
        race_name_id: raceNameId,
        kind: 'registered',
        race_name: name,
        game_id: expect.any(String),
        held_since: new Date(lobby.now().getTime() - 1_000).toISOString(),
        register_until: null,
        registered_at: at,
      },
      etag: null,
    });
    const other = lobby.player();
    const check = await other.get(`/race-names/availability?name=${encodeURIComponent(name.toUpperCase())}`);
    expect(check.body).toMatchObject({ available: false, reason: 'taken' });
  });

  test('tells the player so, once, under the game that the name comes from', async () => {
    const name = newName();
    const raceNameId = await makePending(player, name);
    await register(player, raceNameId, { 'idempotency-key': 'told' });
    await register(player, raceNameId, { 'idempotency-key': 'told' });
    const at = lobby.now();
    const { game_id } = (
      await lobby.pool.query('select game_id from lobby.race_names where race_name_id = $1', [raceNameId])
    ).rows[0];
    const { rows } = await lobby.pool.query(
      `select ordering_key, payload from lobby.outbox where payload -> 'payload' ->> 'race_name_id' = $1`,
      [raceNameId],
    );
    expect(rows).toEqual([
      {
        ordering_key: game_id,
        payload: {
          notification_type: 'lobby.race_name.registered',
          producer: 'lobby',
          recipient_user_ids: [player.userId],
          idempotency_key: `lobby.race_name.registered:${raceNameId}`,
          payload: {
            game_id,
            game_name: gameBody.game_name,
            race_name_id: raceNameId,
            race_name: name,
            registered_at: at.toISOString(),
          },
          occurred_at_ms: at.getTime(),
        },
      },
    ]);
  });

  test('works until the last moment of its time, and not after', async () => {
    const name = newName();
    const [inTime, late] = [await makePending(player), await makePending(player, name)];
    const until = new Date(lobby.now().getTime() + 30 * day);
    lobby.clock.set(new Date(until.getTime() - 1));
    expect(await register(player, inTime)).toMatchObject({ status: 200 });
    lobby.clock.set(until);
    expect(await changesNothing(() => register(player, late))).toEqual(
      refusal(
        409,
        'invalid_state',
        `The race name "${name}" could be registered until ${until.toISOString()}; that is over.`,
        { kind: 'pending_registration', register_until: until.toISOString() },
      ),
    );
  });

  test('is refused while the name is reserved for a game', async () => {
    const name = newName();
    const { raceNameId } = await reserve(player, name);
    expect(await changesNothing(() => register(player, raceNameId))).toEqual(
      refusal(
        409,
        'invalid_state',
        `The race name "${name}" is reserved for a game. It can be registered when that is over, if you did well.`,
        { kind: 'reservation' },
      ),
    );
  });

  test('is refused for a name that is registered already', async () => {
    const name = newName();
    const raceNameId = await makePending(player, name);
    await register(player, raceNameId);
    expect(await changesNothing(() => register(player, raceNameId))).toEqual(
      refusal(409, 'invalid_state', `The race name "${name}" is registered already.`, {
        kind: 'registered',
        registered_race_name_id: raceNameId,
      }),
    );
  });

  test('is refused for another game’s name that counts as one that is registered', async () => {
    const first = await makePending(player, 'Paola');
    await register(player, first);
    for (const [name, as] of [
      ['PAOLA', ' as "Paola"'],
      ['Pаola', ' as "Paola"'],
      ['Paola', ''],
    ] as const) {
      const again = await makePending(player, name);
      expect(await changesNothing(() => register(player, again))).toEqual(
        refusal(409, 'invalid_state', `The race name "${name}" is registered already${as}.`, {
          kind: 'pending_registration',
          registered_race_name_id: first,
        }),
      );
    }
  });

  test('is refused at the limit of the player, and works again when that is raised', async () => {
    lobby.users.restrict(player.userId, { maxRegisteredRaceNames: 1 });
    const [first, second] = [await makePending(player), await makePending(player)];
    expect(await register(player, first)).toMatchObject({ status: 200 });
    expect(await changesNothing(() => register(player, second))).toEqual(
      refusal(
        403,
        'not_eligible',
        'The user may not register a race name: its limit of 1 registered race names is reached.',
        { reasons: ['registered_race_names_limit_reached'] },
      ),
    );
    lobby.users.restrict(player.userId, { maxRegisteredRaceNames: 2 });
    expect(await register(player, second)).toMatchObject({ status: 200 });
  });

  test('keeps to the limit when many names are registered at once', async () => {
    lobby.users.restrict(player.userId, { maxRegisteredRaceNames: 2 });
    const ids: string[] = [];
    for (let index = 0; index < 6; index++) ids.push(await makePending(player));
    const statuses = (await Promise.all(ids.map((id) => register(player, id)))).map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([200, 200, 403, 403, 403, 403]);
  });

  test('of one name at once happens once', async () => {
    const raceNameId = await makePending(player);
    const answers = await Promise.all([1, 2, 3, 4].map(() => register(player, raceNameId)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409, 409, 409]);
  });

  test('sent twice with one key is answered twice and happens once', async () => {
    const raceNameId = await makePending(player);
    const key = { 'idempotency-key': 'once' };
    const first = await register(player, raceNameId, key);
    lobby.clock.advance(5_000);
    expect(await register(player, raceNameId, key)).toEqual(first);
    expect(field(first, 'kind')).toBe('registered');
    expect(await register(player, await makePending(player), key)).toMatchObject({
      status: 409,
      body: { error: { code: 'idempotency_conflict' } },
    });
  });

  test('of somebody else’s name is answered as that of none', async () => {
    const raceNameId = await makePending(lobby.player());
    expect(await changesNothing(() => register(player, raceNameId))).toEqual(noSuchRaceName);
    expect(await register(player, uuidv7())).toEqual(noSuchRaceName);
  });

  test('grants nothing while the User Service does not answer, or to a user it does not know', async () => {
    const raceNameId = await makePending(player);
    for (const [status, failure] of [
      [503, new Refusal('service_unavailable', 'Not now.')],
      [404, new Refusal('subject_not_found', 'There is no such user.')],
    ] as const) {
      lobby.users.failWith(failure);
      expect(await changesNothing(() => register(player, raceNameId))).toMatchObject({
        status,
        body: { error: { code: failure.code } },
      });
    }
    lobby.users.failWith(undefined);
  });

  test('grants nothing to a user who is gone', async () => {
    const raceNameId = await makePending(player);
    await lobby.pool.query('insert into lobby.user_guards values ($1, now())', [player.userId]);
    expect(await changesNothing(() => register(player, raceNameId))).toMatchObject({
      status: 404,
      body: { error: { code: 'subject_not_found' } },
    });
  });

  test.each([
    ['no id', {}, { field: 'race_name_id', problem: 'is missing' }],
    ['no UUID', { race_name_id: 'x' }, { field: 'race_name_id', problem: 'must be a UUID' }],
    [
      'a field that is not known',
      { race_name_id: '0197a000-0000-7000-8000-000000000000', name: 'x' },
      { field: 'name', problem: 'is not a known field' },
    ],
  ])('is refused with %s', async (_, body, problem) => {
    expect(await player.post('/race-names/register', { body })).toEqual(invalidFields(problem));
  });

  test('is for users only: the internal listener has no such route', async () => {
    const raceNameId = await makePending(player);
    expect(await register(lobby.admin(), raceNameId)).toMatchObject({
      status: 404,
      body: { error: { code: 'not_found' } },
    });
  });
});
