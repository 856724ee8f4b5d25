// Which games a lobby offers: as they are listed, made, changed and opened.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EngineCatalogue } from '../../../lib/engine/catalogue.ts';
import { entryOf } from '../../support/engines/catalogue.ts';
import {
  column,
  field,
  gameBody,
  invalidFields,
  join,
  makeDraft,
  makeOpenGame,
  refusal,
} from '../../support/lobby/games.ts';
import { createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';
import { intentsOf, stopJobsOf, toldOf } from '../../support/lobby/outbox.ts';
import { operatorIds } from '../../support/operators.ts';

const options_schema = {
  type: 'object',
  properties: {
    bots: { type: 'integer', minimum: 0, maximum: 3 },
    galaxy: { type: 'object', properties: { size: { enum: ['small', 'large'] } } },
  },
  additionalProperties: false,
};
const conquest = entryOf({ family: 'conquest', version: '1.0.0', seats: { min: 3, max: 6 }, options_schema });
const longNamed = entryOf({ family: 'f'.repeat(64), version: `1.0.0-${'v'.repeat(58)}` });
const duel = entryOf({ family: 'duel', version: '1.0.0', seats: { min: 2, max: 2 } });

let lobby: TestLobby;
beforeAll(async () => {
  const engines = [
    conquest,
    { ...conquest, manifest: { ...conquest.manifest, version: '2.0.0' } },
    duel,
    longNamed,
  ];
  lobby = await createTestLobby({ catalogue: new EngineCatalogue({ engines }) });
});
afterAll(() => lobby.close());

const body = { ...gameBody, target_engine_version: '1.0.0', min_players: 3, max_players: 6 };

test('the engines are listed with what they say of themselves, and without how they are started', async () => {
  const { status, body } = await lobby.player().get('/engines');
  expect(status).toBe(200);
  expect(body).toMatchObject({
    items: [
      { family: 'conquest', version: '1.0.0', manifest: conquest.manifest },
      { family: 'conquest', version: '2.0.0' },
      { family: 'duel', version: '1.0.0', manifest: duel.manifest },
      { family: longNamed.manifest.family, version: longNamed.manifest.version },
    ],
  });
  expect(JSON.stringify(body)).not.toContain('/nowhere/engine');
});

describe('a draft', () => {
  test('plays the first family unless it names one', async () => {
    const player = lobby.player();
    expect(await player.post('/games', { body })).toMatchObject({
      status: 201,
      body: { engine_family: 'conquest' },
    });
    const named = { ...body, engine_family: 'duel', min_players: 2, max_players: 2 };
    expect(await player.post('/games', { body: named })).toMatchObject({
      status: 201,
      body: { engine_family: 'duel' },
    });
  });

  test.each([
    [
      'a family that is not offered',
      { engine_family: 'chess' },
      {
        field: 'engine_family',
        problem: `is not a game of this platform; there are conquest, duel, ${longNamed.manifest.family}`,
      },
    ],
    [
      'options that the engine does not know',
      { options: { colour: 'red' } },
      { field: 'options.colour', problem: expect.any(String) },
    ],
    [
      'a wrong value deep in its options',
      { options: { galaxy: { size: 'huge' } } },
      { field: 'options.galaxy.size', problem: expect.any(String) },
    ],
    [
      'too few players for the engine',
      { min_players: 2 },
      {
        field: 'min_players',
        problem: 'must be at least 3 with options.bots; conquest 1.0.0 has 3 to 6 seats',
      },
    ],
    [
      'more places than the engine has',
      { start_gap_players: 1 },
      {
        field: 'max_players',
        problem: 'must be at most 6 with start_gap_players; conquest 1.0.0 has 3 to 6 seats',
      },
    ],
  ])('is not made with %s, and not changed to it', async (_, changes, problem) => {
    const player = lobby.player();
    expect(await player.post('/games', { body: { ...body, ...changes } })).toEqual(invalidFields(problem));
    const gameId = await makeDraft(player, body);
    expect(await player.patch(`/games/${gameId}`, { body: changes })).toEqual(invalidFields(problem));
    expect(await player.get(`/games/${gameId}`)).toMatchObject({ body: { revision: 1 } });
  });

  test('names a family and a version that are as long as they may be', async () => {
    const longest = { engine_family: 'f'.repeat(64), target_engine_version: `1.0.0-${'v'.repeat(58)}` };
    expect(await lobby.player().post('/games', { body: { ...body, ...longest } })).toMatchObject({
      status: 201,
      body: longest,
    });
    const found = await lobby.player().get(`/games?engine_family=${longest.engine_family}`);
    expect(found).toMatchObject({ status: 200, body: { items: [] } });
  });

  test('counts bots where people are missing', async () => {
    const changes = { min_players: 1, options: { bots: 2 } };
    expect(await lobby.player().post('/games', { body: { ...body, ...changes } })).toMatchObject({
      status: 201,
      body: { options: { bots: 2 } },
    });
  });

  test('for a version that is to come is held to its engine when enrollment opens', async () => {
    const player = lobby.player();
    const changes = { target_engine_version: '3.0.0', options: { anything: true } };
    const gameId = await makeDraft(player, { ...body, ...changes });
    const open = () => player.post(`/games/${gameId}/open-enrollment`);
    expect(await open()).toMatchObject({
      status: 409,
      body: {
        error: {
          code: 'invalid_state',
          message:
            'No engine can play the game as it is: target_engine_version is not offered for conquest; there are 1.0.0, ' +
            '2.0.0. Change it first.',
        },
      },
    });
    // Options count for the version that it gets.
    const change = (changed: object) => player.patch(`/games/${gameId}`, { body: changed });
    expect(await change({ target_engine_version: '2.0.0' })).toMatchObject({ status: 400 });
    expect(await change({ target_engine_version: '2.0.0', options: {} })).toMatchObject({ status: 200 });
    expect(await open()).toMatchObject({ status: 200, body: { status: 'enrollment_open' } });
  });

  test('whose family is gone can have other settings changed, and is not opened', async () => {
    const player = lobby.player();
    const gameId = await makeDraft(player, body);
    await lobby.pool.query(`update lobby.games set engine_family = 'gone' where game_id = $1`, [gameId]);
    expect(await player.patch(`/games/${gameId}`, { body: { game_name: 'Old times' } })).toMatchObject({
      status: 200,
    });
    expect(await player.post(`/games/${gameId}/open-enrollment`)).toMatchObject({
      status: 409,
      body: { error: { details: { fields: [{ field: 'engine_family' }] } } },
    });
  });
});

test('lists find the games of one family', async () => {
  const owner = lobby.player();
  const duelId = await makeOpenGame(owner, {
    ...body,
    engine_family: 'duel',
    min_players: 2,
    max_players: 2,
  });
  const conquestId = await makeOpenGame(owner, body);
  const idsOf = async (query: string) => {
    const { body } = await lobby.player().get(`/games?status=enrollment_open&${query}`);
    return (body as { items: { game_id: string }[] }).items.map(({ game_id }) => game_id);
  };
  expect(await idsOf('engine_family=duel')).toEqual([duelId]);
  expect(await idsOf('engine_family=conquest')).toContain(conquestId);
  expect(await idsOf('engine_family=duel&target_engine_version=2.0.0')).toEqual([]);
  expect(await lobby.player().get('/games?engine_family=Duel%20!')).toMatchObject({ status: 400 });
  expect(field(await lobby.player().get(`/games/${duelId}`), 'engine_family')).toBe('duel');
});

describe('an admin corrects what players can no longer change', () => {
  const reason = 'The owner has asked for it.';
  const correct = (gameId: string, changes: object) =>
    lobby.admin().post(`/games/${gameId}/correct`, { body: { ...changes, reason } });
  /** A game with an owner, who can look at its timeline. */
  const gameThatIs = async (status: string, currentTurn: number | null = null) => {
    const owner = lobby.player();
    const gameId = await makeOpenGame(owner, body);
    for (const [index, player] of [lobby.player(), lobby.player(), lobby.player()].entries()) {
      await join(player, owner, gameId, `Corrected ${gameId.slice(-8)} ${index}`);
    }
    await owner.post(`/games/${gameId}/close-enrollment`);
    if (status !== 'ready_to_start') await owner.post(`/games/${gameId}/start`);
    const bound = status === 'paused' || status === 'running';
    await lobby.pool.query(
      `update lobby.games set status = $2, current_turn = $3, start_expires_at = null,
         container_id = case when $4 then 'c1' end, bound_at = case when $4 then updated_at end,
         engine_endpoint = case when $4 then 'http://127.0.0.1:9' end,
         registered_at = case when $4 then updated_at end
       where game_id = $1`,
      [gameId, status, currentTurn, bound],
    );
    return { owner, gameId };
  };

  test.each(['ready_to_start', 'start_failed', 'paused'])('of a game that is %s', async (status) => {
    const { owner, gameId } = await gameThatIs(status, status === 'paused' ? 7 : null);
    const changes = { game_name: 'A decent name', turn_schedule: '0 9 * * *', time_zone: 'Asia/Tokyo' };
    const corrected = await correct(gameId, changes);
    expect(corrected).toMatchObject({
      status: 200,
      body: { ...changes, status, description: gameBody.description },
    });
    expect(await lobby.admin().get(`/games/${gameId}`)).toEqual(corrected);
    const timeline = (await owner.get(`/games/${gameId}/timeline`)).body as { items: object[] };
    expect(timeline.items.at(-1)).toMatchObject({
      trigger: 'correct',
      actor: 'admin',
      actor_id: operatorIds.ada,
      from: status,
      to: status,
      reason,
    });
    expect(column(await lobby.player().get('/games?q=decent'), 'game_id')).toContain(gameId);
  });

  test.each(['ready_to_start', 'start_failed'])(
    'also the version of one that is %s, for one that is offered and takes its options',
    async (status) => {
      const { owner, gameId } = await gameThatIs(status);
      const before = await lobby.tables();
      expect(await correct(gameId, { target_engine_version: '3.0.0' })).toEqual(
        invalidFields({
          field: 'target_engine_version',
          problem: 'is not offered for conquest; there are 1.0.0, 2.0.0',
        }),
      );
      expect(await correct(gameId, { options: { colour: 'red' } })).toMatchObject({ status: 400 });
      expect(await lobby.tables()).toEqual(before);
      expect(await correct(gameId, { target_engine_version: '2.0.0' })).toMatchObject({
        status: 200,
        body: { status, target_engine_version: '2.0.0' },
      });
      const retry = status === 'start_failed' ? 'retry-start' : 'start';
      expect(await owner.post(`/games/${gameId}/${retry}`)).toMatchObject({ status: 200 });
      const jobs = (await toldOf(lobby, gameId)).filter(({ kind }) => kind === 'start_job');
      expect(jobs.at(-1)?.payload).toMatchObject({ engine_version: '2.0.0' });
    },
  );

  test('the version of a paused game before its first turn, which is then started again', async () => {
    const { owner, gameId } = await gameThatIs('paused', 0);
    const earlier = field(await lobby.admin().get(`/games/${gameId}`), 'runtime_job_id');
    expect(await correct(gameId, { target_engine_version: '2.0.0' })).toMatchObject({
      status: 200,
      body: { status: 'start_failed', target_engine_version: '2.0.0' },
    });
    expect(await stopJobsOf(lobby, gameId)).toMatchObject([{ start_job_id: earlier, reason: 'superseded' }]);
    expect(await intentsOf(lobby, gameId, 'lobby.game.start_failed')).toMatchObject([{ to: [owner.userId] }]);
    expect(await owner.post(`/games/${gameId}/retry-start`)).toMatchObject({
      status: 200,
      body: { status: 'starting' },
    });
    const jobs = (await toldOf(lobby, gameId)).filter(({ kind }) => kind === 'start_job');
    expect(jobs.map(({ payload }) => payload.engine_version)).toEqual(['1.0.0', '2.0.0']);
  });

  test('not the version of a paused game that was played', async () => {
    const { gameId } = await gameThatIs('paused', 1);
    const before = await lobby.tables();
    expect(await correct(gameId, { target_engine_version: '2.0.0' })).toEqual(
      refusal(
        409,
        'invalid_state',
        'Turn 1 was played, and a game cannot go on with another engine. Cancel it.',
        { status: 'paused' },
      ),
    );
    expect(await lobby.tables()).toEqual(before);
  });

  test('with a reason, and of no game that plays, enrolls or is over', async () => {
    const { owner, gameId } = await gameThatIs('running', 1);
    const before = await lobby.tables();
    expect(await correct(gameId, { game_name: 'A decent name' })).toMatchObject({
      status: 409,
      body: { error: { code: 'invalid_state', details: { status: 'running' } } },
    });
    const path = `/games/${gameId}/correct`;
    expect(await lobby.admin().post(path, { body: { game_name: 'A decent name' } })).toMatchObject({
      status: 400,
      body: { error: { details: { fields: [{ field: 'reason' }] } } },
    });
    expect(await lobby.admin().post(path, { body: { reason } })).toMatchObject({ status: 400 });
    expect(await owner.post(path, { body: { game_name: 'Mine', reason } })).toMatchObject({ status: 404 });
    expect(await lobby.tables()).toEqual(before);
  });
});
