// What the Game Master reads of the lobby: what an admin would be shown, under its own paths of the internal listener.
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  apply,
  column,
  invalidFields,
  join,
  makeDraft,
  makeOpenGame,
  noSuchGame,
} from '../../support/lobby/games.ts';
import { type Answer, type Client, createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';

let lobby: TestLobby;
beforeAll(async () => {
  lobby = await createTestLobby();
});
afterAll(() => lobby.close());

let gameId: string;
beforeEach(async () => {
  const owner = lobby.player();
  gameId = await makeOpenGame(owner, { game_type: 'private' });
  await apply(owner, gameId, `Own ${gameId.slice(-12)}`);
});

/** As the Game Master asks: no user, no admin. */
async function read(path: string): Promise<Answer> {
  const response = await lobby.internalApp.request(`/api/v1/internal${path}`);
  return { status: response.status, body: await response.json(), etag: response.headers.get('etag') };
}

test('a game comes with where it runs, whichever users may see it', async () => {
  const jobId = uuidv7();
  await lobby.pool.query(
    `update lobby.games set status = 'running', runtime_job_id = $2, container_id = 'c1',
       engine_endpoint = 'http://10.0.0.1:9000', bound_at = '2031-05-01T12:00:00Z',
       registered_at = '2031-05-01T12:00:01Z' where game_id = $1`,
    [gameId, jobId],
  );
  const game = await read(`/games/${gameId}`);
  expect(game).toEqual(await lobby.admin().get(`/games/${gameId}`));
  expect(game).toMatchObject({
    status: 200,
    body: {
      status: 'running',
      runtime_job_id: jobId,
      container_id: 'c1',
      engine_endpoint: 'http://10.0.0.1:9000',
      bound_at: '2031-05-01T12:00:00.000Z',
      registered_at: '2031-05-01T12:00:01.000Z',
    },
  });
});

test('the members of a game are those who play', async () => {
  const members = await read(`/games/${gameId}/memberships`);
  expect(members).toEqual(await lobby.admin().get(`/games/${gameId}/memberships`));
  expect(column(members, 'race_name')).toEqual([`Own ${gameId.slice(-12)}`]);
});

test('games can be listed by their status, in pages', async () => {
  const paused = [await makeDraft(lobby.player()), await makeDraft(lobby.player())];
  await lobby.pool.query(
    `update lobby.games set status = 'paused', opened_at = now() where game_id = any($1)`,
    [paused],
  );
  const first = await read('/games?status=paused&page_size=1');
  const { next_page_token } = first.body as { next_page_token: string };
  const second = await read(`/games?status=paused&page_size=1&page_token=${next_page_token}`);
  expect([...column(first, 'game_id'), ...column(second, 'game_id')].toSorted()).toEqual(paused.toSorted());
  expect(second.body).not.toHaveProperty('next_page_token');
  expect(first).toEqual(await lobby.admin().get('/games?status=paused&page_size=1'));
});

test('what is not there, or makes no sense, is refused as it is for admins', async () => {
  expect(await read(`/games/${uuidv7()}`)).toEqual(noSuchGame);
  expect(await read(`/games/${uuidv7()}/memberships`)).toEqual(noSuchGame);
  expect(await read('/games/1')).toEqual(invalidFields({ field: 'game_id', problem: 'must be a UUID' }));
  expect(await read('/games?status=open')).toEqual(
    invalidFields({ field: 'status', problem: expect.stringContaining('must be one of draft, ') }),
  );
});

test('nothing can be changed there, and users have no such paths', async () => {
  const before = await lobby.tables();
  const paths = [`/games/${gameId}/cancel`, '/games', `/games/${gameId}/register-runtime`];
  for (const path of paths) {
    const answer = await lobby.internalApp.request(`/api/v1/internal${path}`, { method: 'POST' });
    expect(answer.status).toBe(404);
  }
  const headers = { 'x-user-id': uuidv7() };
  for (const path of ['/games', `/games/${gameId}`, `/games/${gameId}/memberships`]) {
    expect((await lobby.publicApp.request(`/api/v1/internal${path}`, { headers })).status).toBe(404);
  }
  expect(await lobby.tables()).toEqual(before);
});

test('the standing of a game names the holders of its seats, and not those who have left', async () => {
  const jobId = uuidv7();
  await lobby.pool.query(
    `update lobby.games set status = 'running', opened_at = now(), runtime_job_id = $2, report_seq = 9, options = '{"bots": 1}'
     where game_id = $1`,
    [gameId, jobId],
  );
  const members = await lobby.pool.query(
    `update lobby.memberships set seat = 1 where game_id = $1 returning user_id, race_name`,
    [gameId],
  );
  await lobby.pool.query(
    `insert into lobby.memberships (membership_id, game_id, user_id, race_name, status, seat, joined_at, ended_at)
     values ($1, $2, $3, 'Gone', 'left', 2, now(), now())`,
    [uuidv7(), gameId, uuidv7()],
  );
  expect(await read(`/games/${gameId}/standing`)).toMatchObject({
    status: 200,
    body: {
      game_id: gameId,
      status: 'running',
      runtime_job_id: jobId,
      options: { bots: 1 },
      report_seq: 9,
      seats: [{ seat: 1, ...members.rows[0] }],
    },
  });
  expect(await read(`/games/${uuidv7()}/standing`)).toMatchObject(noSuchGame);
});

test('access says what each user may do: the holder of a seat, the owner, those who left, strangers', async () => {
  const [owner] = (
    await lobby.pool.query('select owner_user_id from lobby.games where game_id = $1', [gameId])
  ).rows;
  await lobby.pool.query('update lobby.memberships set seat = 3 where game_id = $1', [gameId]);
  const access = async (userId: string) => (await read(`/games/${gameId}/access?user_id=${userId}`)).body;
  const nothing = { seat: null, member: false, owner: false, spectators: false };
  expect(await access(owner.owner_user_id)).toMatchObject({
    visible: true,
    seat: 3,
    member: true,
    owner: true,
    spectators: false,
  });
  expect(await access(uuidv7())).toMatchObject({ visible: false, ...nothing });

  await lobby.pool.query(
    `update lobby.memberships set status = 'left', ended_at = now() where game_id = $1`,
    [gameId],
  );
  expect(await access(owner.owner_user_id)).toMatchObject({ visible: true, ...nothing, owner: true });
  await lobby.pool.query(
    `update lobby.games set game_type = 'public', opened_at = now() where game_id = $1`,
    [gameId],
  );
  expect(await access(uuidv7())).toMatchObject({ visible: true, ...nothing });
  expect(await read(`/games/${uuidv7()}/access?user_id=${uuidv7()}`)).toMatchObject(noSuchGame);
  for (const query of ['', '?user_id=7', `?user_id=${uuidv7()}&seat=1`]) {
    expect((await read(`/games/${gameId}/access${query}`)).status).toBe(400);
  }
});

test('the standing of a game has its clock and the seats of those who still play', async () => {
  const owner = lobby.player();
  const game = await makeOpenGame(owner, { spectators: true, options: { size: 3 } });
  const [gone, stays] = [lobby.player(), lobby.player()];
  await join(gone, owner, game, `Gone ${game.slice(-12)}`);
  lobby.clock.advance(1_000);
  await join(stays, owner, game, `Stays ${game.slice(-12)}`);
  expect(await read(`/games/${game}/standing`)).toMatchObject({ status: 200, body: { seats: [] } });
  for (const step of ['close-enrollment', 'start', 'leave'])
    expect(await (step === 'leave' ? gone : owner).post(`/games/${game}/${step}`)).toMatchObject({
      status: 200,
    });
  expect(await read(`/games/${game}/standing`)).toMatchObject({
    status: 200,
    body: {
      ...{ game_id: game, status: 'starting', runtime_job_id: expect.any(String), container_id: null },
      ...{ owner_user_id: owner.userId, turn_schedule: '0 20 * * 1-5', time_zone: 'Europe/Berlin' },
      ...{ spectators: true, options: { size: 3 }, current_turn: null },
      seats: [{ seat: 2, user_id: stays.userId, race_name: `Stays ${game.slice(-12)}` }],
    },
  });
  const access = { game_id: game, status: 'starting', spectators: true };
  expect(await accessOf(game, stays)).toMatchObject({ ...access, ...memberAt(2) });
  expect(await accessOf(game, gone)).toMatchObject({ ...access, ...memberAt(null) });
});

const memberAt = (seat: number | null) => ({ visible: true, seat, member: seat !== null, owner: false });

async function accessOf(game: string, { userId }: Client): Promise<unknown> {
  const answer = await read(`/games/${game}/access?user_id=${userId}`);
  expect(answer.status).toBe(200);
  return answer.body;
}

test('users may see of a game what the lobby shows them, also in its access', async () => {
  const [owner, invited, stranger] = [lobby.player(), lobby.player(), lobby.player()];
  const game = await makeOpenGame(owner, { game_type: 'private' });
  await owner.post(`/games/${game}/invites`, { body: { user_id: invited.userId } });
  for (const [user, visible] of [
    [owner, true],
    [invited, true],
    [stranger, false],
  ] as const) {
    expect((await user.get(`/games/${game}`)).status).toBe(visible ? 200 : 404);
    const isOwner = user === owner;
    expect(await accessOf(game, user)).toMatchObject({ visible, owner: isOwner, member: false, seat: null });
  }
});

test('neither standing nor access is there of a game that is not', async () => {
  const nowhere = uuidv7();
  for (const path of ['standing', `access?user_id=${uuidv7()}`])
    expect(await read(`/games/${nowhere}/${path}`)).toMatchObject({
      status: 404,
      body: { error: { code: 'not_found' } },
    });
});
