import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { field, gameBody, join, makeDraft, makeOpenGame, refusal } from '../../support/lobby/games.ts';
import { createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';

let lobby: TestLobby;
beforeAll(async () => {
  lobby = await createTestLobby();
});
afterAll(() => lobby.close());

const everything = {
  game_name: 'Perseus Arm',
  description: 'Fast and grim.',
  min_players: 3,
  max_players: 9,
  start_gap_hours: 1,
  start_gap_players: 2,
  enrollment_ends_at: '2031-07-01T12:00:00.000Z',
  turn_schedule: '0 8 * * *',
  time_zone: 'Asia/Tokyo',
  auto_approve: true,
  early: 'all_ready',
  spectators: true,
  options: { map: { width: 40 }, bots: 2 },
  target_engine_version: '2.0.0-rc.1',
};

describe('a draft', () => {
  test('can be changed in everything', async () => {
    const owner = lobby.player();
    const gameId = await makeDraft(owner);
    lobby.clock.advance(1_000);
    const changed = await owner.patch(`/games/${gameId}`, { body: everything });
    const expected = { ...everything, status: 'draft', revision: 2, updated_at: lobby.now().toISOString() };
    expect(changed).toMatchObject({ status: 200, body: expected, etag: '"2"' });
    expect(await owner.get(`/games/${gameId}`)).toEqual(changed);
  });

  test('keeps what a change does not name', async () => {
    const owner = lobby.player();
    const made = await owner.post('/games', { body: gameBody });
    const changed = await owner.patch(`/games/${field(made, 'game_id')}`, { body: { description: '' } });
    expect(changed.body).toEqual({
      ...(made.body as object),
      description: '',
      revision: 2,
      updated_at: lobby.now().toISOString(),
    });
  });

  test('can be changed by an admin', async () => {
    const gameId = await makeDraft(lobby.player());
    expect(await lobby.admin().patch(`/games/${gameId}`, { body: { game_name: 'Tidied' } })).toMatchObject({
      status: 200,
      body: { game_name: 'Tidied' },
    });
  });

  test('whose deadline has passed can be renamed, and given a new deadline', async () => {
    const owner = lobby.player();
    const soon = new Date(lobby.now().getTime() + 1_000).toISOString();
    const gameId = await makeDraft(owner, { enrollment_ends_at: soon });
    lobby.clock.advance(2_000);
    expect(await owner.patch(`/games/${gameId}`, { body: { game_name: 'Late' } })).toMatchObject({
      status: 200,
    });
    expect(await owner.patch(`/games/${gameId}`, { body: { enrollment_ends_at: soon } })).toMatchObject({
      status: 400,
    });
  });
});

describe('a game that enrolls players', () => {
  const allowed = ['game_name', 'description', 'enrollment_ends_at', 'auto_approve'];

  test('can get another name and description, a later deadline, and automatic approval', async () => {
    const owner = lobby.player();
    const gameId = await makeOpenGame(owner);
    const { game_name, description, enrollment_ends_at, auto_approve } = everything;
    const body = { game_name, description, enrollment_ends_at, auto_approve };
    expect(await owner.patch(`/games/${gameId}`, { body })).toMatchObject({
      status: 200,
      body: { ...gameBody, ...body, status: 'enrollment_open', revision: 3 },
    });
  });

  test.each(Object.entries(everything).filter(([name]) => !allowed.includes(name)))(
    'cannot be changed in %s',
    async (name, value) => {
      const owner = lobby.player();
      const gameId = await makeOpenGame(owner);
      const before = await lobby.tables();
      expect(await owner.patch(`/games/${gameId}`, { body: { game_name: 'Other', [name]: value } })).toEqual(
        refusal(
          409,
          'invalid_state',
          `The game is enrollment_open; ${name} can no longer be changed. Only ${allowed.join(', ')} can.`,
          { status: 'enrollment_open', allowed },
        ),
      );
      expect(await lobby.tables()).toEqual(before);
    },
  );

  test.each(['2031-06-01T12:00:00.000Z', '2031-05-20T00:00:00+02:00'])(
    'cannot get a deadline that is not later: %s',
    async (enrollment_ends_at) => {
      const owner = lobby.player();
      const gameId = await makeOpenGame(owner);
      const before = await lobby.tables();
      expect(await owner.patch(`/games/${gameId}`, { body: { enrollment_ends_at } })).toEqual(
        refusal(
          409,
          'invalid_state',
          'While players enroll, the deadline can only be moved to a later time than 2031-06-01T12:00:00.000Z.',
          { status: 'enrollment_open', allowed },
        ),
      );
      expect(await lobby.tables()).toEqual(before);
    },
  );
});

test('a game whose enrollment has ended cannot be changed', async () => {
  const owner = lobby.player();
  const gameId = await makeOpenGame(owner, { max_players: 2 });
  await join(lobby.player(), owner, gameId, 'Enders');
  await join(lobby.player(), owner, gameId, 'Finishers');
  const before = await lobby.tables();
  expect(await owner.patch(`/games/${gameId}`, { body: { description: 'New' } })).toEqual(
    refusal(
      409,
      'invalid_state',
      'The game is ready_to_start; description can no longer be changed. Nothing of it can.',
      { status: 'ready_to_start', allowed: [] },
    ),
  );
  expect(await lobby.tables()).toEqual(before);
});

describe('If-Match', () => {
  test.each(['1', '"1"'])('with the current revision (%s) lets the change be made', async (revision) => {
    const owner = lobby.player();
    const gameId = await makeDraft(owner);
    const options = { body: { game_name: 'Matched' }, headers: { 'if-match': revision } };
    expect(await owner.patch(`/games/${gameId}`, options)).toMatchObject({ status: 200, etag: '"2"' });
  });

  test('with another revision keeps a change from being lost', async () => {
    const owner = lobby.player();
    const gameId = await makeDraft(owner);
    await owner.patch(`/games/${gameId}`, { body: { game_name: 'Mine' }, headers: { 'if-match': '1' } });
    const before = await lobby.tables();
    const options = { body: { game_name: 'Yours' }, headers: { 'if-match': '1' } };
    expect(await owner.patch(`/games/${gameId}`, options)).toEqual(
      refusal(
        412,
        'revision_mismatch',
        'The game is at revision 2, not 1. Read it again before you change it.',
        {
          revision: 2,
        },
      ),
    );
    expect(await lobby.tables()).toEqual(before);
  });

  test('does not mind players who came in meanwhile', async () => {
    const owner = lobby.player();
    const gameId = await makeOpenGame(owner);
    await join(lobby.player(), owner, gameId, 'Meanwhiles');
    const options = { body: { game_name: 'Unminded' }, headers: { 'if-match': '2' } };
    expect(await owner.patch(`/games/${gameId}`, options)).toMatchObject({ status: 200 });
  });
});
