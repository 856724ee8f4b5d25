// The Game Master and the lobby, each with its own routes, rules and database, over HTTP: who may do what in a game is
// what the lobby says at that moment.
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createLobbyInternalApp } from '../../../handlers/lobby/internal-router.ts';
import { freePort } from '../../../infra/local/child.ts';
import { createLobbyClient } from '../../../lib/game-master/peers/lobby.ts';
import { runTurnWorker } from '../../../lib/game-master/turns/turn-worker.ts';
import { createGameMaster } from '../../../lib/lobby/peers/game-master.ts';
import { type HttpListenerApp, type Listener, listenHttp } from '../../../lib/node/http-listener.ts';
import { createLogger } from '../../../lib/telemetry/logger.ts';
import { createTestGameMaster, type TestGameMaster } from '../../support/engines/game-master.ts';
import { BidEngine } from '../../support/game-master/bid-engine.ts';
import { refusalOf, type Sender, sender } from '../../support/game-master/play-stage.ts';
import {
  administering,
  all,
  outcomesFor,
  playerRequests,
  playing,
  watching,
} from '../../support/game-master/player-requests.ts';
import { type LobbyConsumers, startLobbyConsumers } from '../../support/lobby/consumers.ts';
import { apply, column, field, join, makeOpenGame } from '../../support/lobby/games.ts';
import { type Client, createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';

const log = createLogger({ service: 'test', level: 'silent' });
const patience = { timeout: 15_000, interval: 20 };
const token = 'lobby-token';

let lobby: TestLobby;
let lobbyPort: number;
let lobbyListener: Listener;
let consumers: LobbyConsumers;
let gameMaster: TestGameMaster;
let gameMasterListener: Listener;
let engine: BidEngine;
const stop = new AbortController();
let working: Promise<void>;
beforeAll(async () => {
  lobbyPort = await freePort();
  engine = await new BidEngine().start();
  gameMaster = await createTestGameMaster({
    lobby: createLobbyClient({ baseUrl: `http://127.0.0.1:${lobbyPort}`, token, timeoutMs: 5_000 }),
  });
  gameMasterListener = await listen(gameMaster.internalApp, 0);
  lobby = await createTestLobby({
    gameMaster: createGameMaster({
      baseUrl: `http://127.0.0.1:${gameMasterListener.port}`,
      timeoutMs: 5_000,
      log,
    }),
  });
  lobbyListener = await openLobby();
  consumers = await startLobbyConsumers(lobby);
  const options = { workerId: uuidv7(), engineCalls: 10, log };
  working = runTurnWorker(gameMaster, options, stop.signal);
});
afterAll(async () => {
  stop.abort();
  await working;
  await consumers?.stop();
  await lobbyListener?.close(0);
  await lobby?.close();
  await gameMasterListener?.close(0);
  await gameMaster?.close();
  await engine?.stop();
});

function listen(app: HttpListenerApp, port: number): Promise<Listener> {
  const timeouts = { readHeaderTimeoutMs: 5_000, readTimeoutMs: 5_000, idleTimeoutMs: 5_000 };
  return listenHttp(app, { host: '127.0.0.1', port }, timeouts, log);
}

/** The lobby's internal listener. */
function openLobby(): Promise<Listener> {
  const options = { log, ready: () => true, bodyLimitBytes: 65_536, token };
  return listen(createLobbyInternalApp(options, lobby), lobbyPort);
}

type Game = {
  readonly gameId: string;
  readonly owner: Client;
  /** Of seats 1 to 5. */
  readonly players: readonly Client[];
};

/** @param player has seat 1 and owns the game; unless given, its owner holds no seat. */
async function startGame(
  settings: { game_type: 'public' | 'private'; spectators: boolean },
  player?: Client,
): Promise<Game> {
  const owner = player ?? lobby.player();
  const players = Array.from({ length: 5 }, (_, index) => (index === 0 && player) || lobby.player());
  const gameId = await makeOpenGame(owner, { max_players: 10, ...settings });
  for (const player of players) {
    const name = `R ${player.userId.slice(-12)}`;
    if (settings.game_type === 'private') await invite(player, owner, gameId, name);
    else if (player === owner) await apply(player, gameId, name);
    else await join(player, owner, gameId, name);
    lobby.clock.advance(1_000);
  }
  for (const step of ['close-enrollment', 'start']) {
    expect(await owner.post(`/games/${gameId}/${step}`)).toMatchObject({ status: 200 });
  }
  const jobId = field(await lobby.admin().get(`/games/${gameId}`), 'runtime_job_id');
  await consumers.tellResult(gameId, jobId, { engine_endpoint: engine.empty(gameId, 10) });
  expect(await lobby.admin().get(`/games/${gameId}`)).toMatchObject({ body: { status: 'running' } });
  await vi.waitFor(async () => expect(await turnOf(gameId)).toMatchObject({ phase: 'open' }), patience);
  return { gameId, owner, players };
}

async function invite(player: Client, owner: Client, gameId: string, raceName: string): Promise<void> {
  const body = { user_id: player.userId };
  const inviteId = field(await owner.post(`/games/${gameId}/invites`, { body }), 'invite_id');
  const redeemed = await player.post(`/invites/${inviteId}/redeem`, { body: { race_name: raceName } });
  expect(redeemed).toMatchObject({ status: 201 });
}

/** How the Game Master has the turn of a game. */
async function turnOf(gameId: string): Promise<Record<string, unknown>> {
  const { rows } = await gameMaster.pool.query(
    `select phase, played_turn, status, engine_health, next_attempt_at,
       (select count(*)::int from game_master.orders o where o.game_id = g.game_id) as orders
     from game_master.games g where game_id = $1`,
    [gameId],
  );
  return rows[0];
}

/** A user, or an admin, at the Game Master. */
function at({ gameId }: Pick<Game, 'gameId'>, who: Client | 'admin'): Sender {
  if (who !== 'admin') {
    return sender(gameMaster.publicApp, `/api/v1/games/${gameId}`, { 'x-user-id': who.userId });
  }
  return sender(gameMaster.internalApp, `/api/v1/internal/games/${gameId}`, {});
}

/** The member of seat 3 leaves, that of seat 4 is removed, and that of seat 5 is blocked. @returns these users. */
async function partWithThree({ gameId, owner, players }: Game): Promise<Client[]> {
  const [, , leaves, removed, blocked] = players as [Client, Client, Client, Client, Client];
  const members = column(await owner.get(`/games/${gameId}/memberships`), 'membership_id');
  expect(await leaves.post(`/games/${gameId}/leave`)).toMatchObject({ status: 200 });
  expect(await lobby.admin().post(`/memberships/${members[3]}/remove`)).toMatchObject({ status: 200 });
  expect(await lobby.admin().post(`/memberships/${members[4]}/block`)).toMatchObject({ status: 200 });
  return [leaves, removed, blocked];
}

describe.each([true, false])('in a public game that allows spectators: %s', (spectators) => {
  let game: Game;
  let gone: Client[];
  beforeAll(async () => {
    game = await startGame({ game_type: 'public', spectators });
    gone = await partWithThree(game);
  });

  test('each holder of a seat plays, and sees the game as that seat', async () => {
    for (const [index, player] of game.players.slice(0, 2).entries()) {
      expect(await outcomesFor(at(game, player))).toEqual(playing);
      const { body } = await playerRequests['own view'](at(game, player));
      expect(body).toMatchObject({ audience: `seat:${index + 1}`, view: { for: `seat:${index + 1}` } });
      expect((await at(game, player).get('/turn')).body).toMatchObject({ your_seat: index + 1 });
    }
  });

  test('an owner without a seat, former and blocked members, and strangers watch', async () => {
    for (const user of [game.owner, ...gone, lobby.player()]) {
      expect(await outcomesFor(at(game, user))).toEqual(watching(spectators));
    }
  });

  test('an admin watches, and finds no orders', async () => {
    expect(await outcomesFor(at(game, 'admin'))).toEqual(administering);
  });
});

describe('in a private game', () => {
  let game: Game;
  let gone: Client[];
  beforeAll(async () => {
    game = await startGame({ game_type: 'private', spectators: true });
    gone = await partWithThree(game);
  });

  test('holders of seats play, and the owner and admins watch', async () => {
    for (const player of game.players.slice(0, 2)) {
      expect(await outcomesFor(at(game, player))).toEqual(playing);
    }
    expect(await outcomesFor(at(game, game.owner))).toEqual(watching(true));
    expect(await outcomesFor(at(game, 'admin'))).toEqual(administering);
  });

  test('it is not there for former and blocked members, and strangers', async () => {
    for (const user of [...gone, lobby.player()]) {
      expect(await outcomesFor(at(game, user))).toEqual(all('404 not_found'));
    }
  });
});

test('an owner who plays holds a seat like any other', async () => {
  const owner = lobby.player();
  const game = await startGame({ game_type: 'public', spectators: true }, owner);
  expect(await outcomesFor(at(game, owner))).toEqual(playing);
  expect((await at(game, owner).get('/turn')).body).toMatchObject({ your_seat: 1 });
});

test('a seat is lost at the moment at which its holder leaves, before the Game Master has heard of it', async () => {
  const game = await startGame({ game_type: 'public', spectators: false });
  const [player] = game.players as [Client];
  expect(await outcomesFor(at(game, player))).toEqual(playing);
  expect(await player.post(`/games/${game.gameId}/leave`)).toMatchObject({ status: 200 });
  expect(await outcomesFor(at(game, player))).toEqual(watching(false));
  const { rows } = await gameMaster.pool.query(
    'select vacated_at from game_master.seats where game_id = $1 and seat = 1',
    [game.gameId],
  );
  expect(rows).toEqual([{ vacated_at: null }]);
});

test('a game takes orders only while it runs, as the lobby has it', async () => {
  const game = await startGame({ game_type: 'public', spectators: false });
  const [player] = game.players as [Client];
  const ordered = '409 game_not_running';
  const readOnly = { ...playing, submit: ordered, withdraw: ordered };
  const pull = async (verb: string, by: Client) =>
    expect(await by.post(`/games/${game.gameId}/${verb}`)).toMatchObject({ status: 200 });
  await pull('pause', game.owner);
  expect(await outcomesFor(at(game, player))).toEqual(readOnly);
  await pull('resume', game.owner);
  expect(await outcomesFor(at(game, player))).toEqual(playing);
  await pull('cancel', lobby.admin());
  // There are no views of a game that was not played to its end.
  const over = { ...readOnly, 'own view': '410 view_gone', orders: ordered };
  expect(await outcomesFor(at(game, player))).toEqual(over);
  expect((await at(game, player).get('/turn')).body).toMatchObject({ status: 'cancelled' });
});

test('a game that has not been started does not run, and one that is not shown is not there', async () => {
  const owner = lobby.player();
  const enrolling = { gameId: await makeOpenGame(owner) };
  expect(refusalOf(await at(enrolling, lobby.player()).get('/turn'))).toBe('409 game_not_running');
  const hidden = { gameId: await makeOpenGame(owner, { game_type: 'private' }) };
  expect(await outcomesFor(at(hidden, lobby.player()))).toEqual(all('404 not_found'));
  expect(await outcomesFor(at({ gameId: uuidv7() }, lobby.player()))).toEqual(all('404 not_found'));
  expect(refusalOf(await at(hidden, 'admin').get('/turn'))).toBe('409 game_not_running');
});

describe('while the lobby is away', () => {
  let game: Game;
  let player: Client;
  beforeEach(async () => {
    game = await startGame({ game_type: 'public', spectators: true });
    player = game.players[0] as Client;
    const reply = await at(game, player).post('/orders', { turn: 1, orders: { bid: 4 } });
    expect(reply).toMatchObject({ status: 200 });
  });

  async function away(work: () => Promise<void>): Promise<void> {
    await lobbyListener.close(0);
    try {
      await work();
    } finally {
      lobbyListener = await openLobby();
    }
  }

  test('nothing is shown or taken, for nobody; afterwards everything is as before', async () => {
    await away(async () => {
      for (const user of [...game.players.slice(0, 2), game.owner, lobby.player()]) {
        expect(await outcomesFor(at(game, user))).toEqual(all('503 service_unavailable'));
      }
      for (const path of ['/turn', '/history', '/view?as=spectator']) {
        expect(refusalOf(await at(game, 'admin').get(path))).toBe('503 service_unavailable');
      }
      expect(await turnOf(game.gameId)).toMatchObject({ phase: 'open', orders: 1 });
    });
    expect((await at(game, player).get('/orders')).body).toMatchObject({ orders: { bid: 4 } });
    expect(await outcomesFor(at(game, player))).toEqual(playing);
  });

  test('no turn closes; one that was due is played when the lobby is back', async () => {
    await away(async () => {
      const { rows } = await gameMaster.pool.query(
        `update game_master.games set due_at = now(), next_attempt_at = now() where game_id = $1
         returning next_attempt_at`,
        [game.gameId],
      );
      // An attempt has failed, and another one is to come.
      await vi.waitFor(async () => {
        const { next_attempt_at } = await turnOf(game.gameId);
        expect(Number(next_attempt_at)).toBeGreaterThan(Number(rows[0].next_attempt_at));
      }, patience);
      const unplayed = { phase: 'open', played_turn: 0, engine_health: 'ok' };
      expect(await turnOf(game.gameId)).toMatchObject(unplayed);
      expect(engine.played(game.gameId)).toEqual([]);
    });
    await vi.waitFor(
      async () => expect(await turnOf(game.gameId)).toMatchObject({ phase: 'open', played_turn: 1 }),
      patience,
    );
    const [first] = engine.played(game.gameId)[0]?.orders ?? [];
    expect(first).toEqual({ seat: 1, orders: { bid: 4 }, state: 'draft' });
  });
});
