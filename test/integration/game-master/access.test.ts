import { beforeAll, describe, expect, test } from 'vitest';
import {
  type PlayedGame,
  type PlayStage,
  stage,
  stranger,
  usePlayStage,
} from '../../support/game-master/play-stage.ts';
import {
  administering,
  all,
  noSeat,
  outcomeOf,
  outcomesFor,
  playerRequests,
  playing,
  watching,
} from '../../support/game-master/player-requests.ts';

usePlayStage();

/** Seat 2 of it is vacant: its holder has left, or was blocked. */
async function makeGame(settings: { public: boolean; spectators: boolean }): Promise<PlayedGame> {
  const game = await stage.game({ seats: 3, ...settings });
  const known = stage.lobby.games.get(game.gameId);
  known?.seats.delete(game.users[1] ?? '');
  known?.members.add(seatless);
  return game;
}

const seatless = '0198f3a0-0000-7000-8000-000000000001';
const ownerOf = ({ gameId }: PlayedGame) => stage.lobby.games.get(gameId)?.ownerUserId ?? '';

describe.each([true, false])('in a public game that allows spectators: %s', (spectators) => {
  let game: PlayedGame;
  beforeAll(async () => {
    game = await makeGame({ public: true, spectators });
  });
  test('the holder of a seat plays and sees the game as that seat', async () => {
    expect(await outcomesFor(game.player(1))).toEqual(playing);
  });

  test('the owner, other members, former ones and everybody else watch', async () => {
    for (const user of [ownerOf(game), seatless, game.users[1] ?? '', stranger]) {
      expect(await outcomesFor(game.user(user))).toEqual(watching(spectators));
    }
  });

  test('admins watch, and find no orders', async () => {
    expect(await outcomesFor(game.admin())).toEqual(administering);
  });
});

test('a private game is there for its members and its owner alone', async () => {
  const game = await makeGame({ public: false, spectators: true });
  expect(await outcomesFor(game.player(1))).toEqual(playing);
  for (const user of [ownerOf(game), seatless])
    expect(await outcomesFor(game.user(user))).toEqual(watching(true));
  for (const user of [game.users[1] ?? '', stranger]) {
    expect(await outcomesFor(game.user(user))).toEqual(all('404 not_found'));
  }
});

test('a private game and one that does not exist look the same, whatever state they are in', async () => {
  const game = await makeGame({ public: false, spectators: true });
  await game.set(`phase = 'setting_up'`);
  const hidden = await playerRequests.turn(game.user(stranger));
  stage.lobby.games.delete(game.gameId);
  expect(await playerRequests.turn(game.user(stranger))).toEqual(hidden);
  expect(await outcomesFor(game.player(1))).toEqual(all('404 not_found'));
  expect(outcomeOf(await game.admin().get('/turn'))).toBe('404 not_found');
});

test('a game is not running before its engine was set up, nor once it gets another one', async () => {
  const game = await makeGame({ public: true, spectators: true });
  const known = stage.lobby.games.get(game.gameId);
  const notRunning = all('409 game_not_running');
  for (const change of [`phase = 'setting_up'`, `phase = 'open', runtime_job_id = gen_random_uuid()`]) {
    await game.set(change);
    expect(await outcomesFor(game.player(1))).toEqual(notRunning);
    expect(outcomeOf(await game.admin().get('/turn'))).toBe('409 game_not_running');
  }
  await stage.pool.query('delete from game_master.seats where game_id = $1', [game.gameId]);
  await stage.pool.query('delete from game_master.games where game_id = $1', [game.gameId]);
  if (known !== undefined) known.runtimeJobId = null;
  expect(await outcomesFor(game.player(1))).toEqual(notRunning);
});

test('a seat whose holder has left takes no orders, even if the lobby said otherwise a moment ago', async () => {
  const game = await stage.game({ seats: 2 });
  await stage.pool.query('update game_master.seats set vacated_at = now() where game_id = $1 and seat = 1', [
    game.gameId,
  ]);
  expect(outcomeOf(await game.player(1).post('/orders', { turn: 1, orders: { bid: 1 } }))).toBe(noSeat);
  await stage.pool.query(
    'update game_master.seats set vacated_at = null, user_id = gen_random_uuid() where game_id = $1 and seat = 1',
    [game.gameId],
  );
  expect(outcomeOf(await game.player(1).post('/orders', { turn: 1, orders: { bid: 1 } }))).toBe(noSeat);
  expect(await stage.stored(game.gameId)).toEqual([]);
});

test.each<[string, NonNullable<PlayStage['lobby']['failure']>]>([
  ['fails', (response) => response.writeHead(500).end('{}')],
  ['hangs up', (response) => response.destroy()],
  ['refuses the token', (response) => response.writeHead(401).end('{}')],
  ['redirects', (response) => response.writeHead(302, { location: '/' }).end()],
  ['responds with something else', (response) => response.writeHead(200).end('{"visible":true}')],
])('nothing is shown or taken while the lobby %s', async (_, failure) => {
  const game = await stage.game({ seats: 1 });
  stage.lobby.failure = failure;
  expect(await outcomesFor(game.player(1))).toEqual(all('503 service_unavailable'));
  expect(outcomeOf(await game.admin().get('/turn'))).toBe('503 service_unavailable');
  expect(await stage.stored(game.gameId)).toEqual([]);
});

test.each(['', 'ada', '0198f3a0'])('a request with the user id %j is refused', async (userId) => {
  const game = await stage.game({ seats: 1 });
  expect(await outcomesFor(game.user(userId))).toEqual(all('401 unauthenticated'));
});

test('a game id that is none is refused', async () => {
  const headers = { 'x-user-id': stranger };
  for (const id of ['1', 'x', '0198f3a0-0000-7000-8000-00000000000g']) {
    expect((await stage.publicApp.request(`/api/v1/games/${id}/turn`, { headers })).status).toBe(400);
  }
});
