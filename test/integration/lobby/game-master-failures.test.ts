// What becomes of a paused game that is resumed while the Game Master misbehaves: it stays paused, and the service is
// unavailable, unless the Game Master refuses the game.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freePort } from '../../../infra/local/child.ts';
import { createGameMaster, type GameMaster } from '../../../lib/lobby/peers/game-master.ts';
import { createLogger } from '../../../lib/telemetry/logger.ts';
import { join, makeOpenGame, refusal } from '../../support/lobby/games.ts';
import { type Answer, type Client, createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';
import {
  type Behaviour,
  brokenResponses,
  type MisbehavingServer,
  refusals,
  respond,
  startMisbehavingServer,
  tooLargeResponses,
} from '../../support/network/misbehaving-server.ts';

const good = () => '{"status":"ok"}';
const alive = respond(200, good());

let server: MisbehavingServer;
/** How the lobby asks; tests in which no answer comes do not wait long for it. */
let client: GameMaster;
let lobby: TestLobby;
const asking = (options: { baseUrl?: string; timeoutMs: number }) =>
  createGameMaster({
    baseUrl: server.url,
    log: createLogger({ service: 'test', level: 'silent' }),
    ...options,
  });

beforeAll(async () => {
  server = await startMisbehavingServer(alive);
  client = asking({ timeoutMs: 10_000 });
  lobby = await createTestLobby({
    gameMaster: {
      probe: (...question) => client.probe(...question),
      register: (...question) => client.register(...question),
    },
  });
});
afterEach(() => {
  server.behave(alive);
  client = asking({ timeoutMs: 10_000 });
});
afterAll(async () => {
  await lobby.close();
  await server.close();
});

let owner: Client;
let gameId: string;
/** Makes a paused game, as a start whose container could not be registered leaves it. */
async function pauseGame(): Promise<void> {
  owner = lobby.player();
  gameId = await makeOpenGame(owner, { max_players: 2 });
  for (const player of [lobby.player(), lobby.player()]) {
    await join(player, owner, gameId, `R ${player.userId.slice(-12)}`);
  }
  expect(await owner.post(`/games/${gameId}/start`)).toMatchObject({ status: 200 });
  await lobby.pool.query(
    `update lobby.games set status = 'paused', container_id = 'c1', engine_endpoint = 'http://10.0.0.1:9000',
       bound_at = now() where game_id = $1`,
    [gameId],
  );
}
beforeEach(() => {
  server.heads.length = 0;
});
const resume = (headers: Record<string, string> = {}) => owner.post(`/games/${gameId}/resume`, { headers });
const calls = () => server.heads.map((head) => head.split(' HTTP/', 1)[0]);

const probe = 'GET /api/v1/internal/healthz';
const registration = () => `POST /api/v1/internal/games/${gameId}/register-runtime`;
const unavailable = refusal(
  503,
  'service_unavailable',
  'The Game Master does not respond right now; nothing was changed. Try again later.',
);

const refused = (status: number) =>
  refusal(
    409,
    'invalid_state',
    `The Game Master refuses the game (status ${status}); nothing was changed. Cancel the game, or ask an operator.`,
    { game_master_status: status },
  );

/** Fails unless the game stays paused, at the probe as at the registration. */
async function staysPaused(behaviour: Behaviour, timeoutMs: number, atRegistration: Answer = unavailable) {
  client = asking({ timeoutMs });
  const before = await lobby.tables();
  server.behave(behaviour);
  expect(await resume()).toEqual(unavailable);
  expect(calls()).toEqual([probe]);
  server.behave((socket, head) => (head.startsWith(probe) ? alive : behaviour)(socket, head));
  expect(await resume()).toEqual(atRegistration);
  expect(calls()).toEqual([probe, probe, registration()]);
  expect(await lobby.tables()).toEqual(before);
}

describe('a game stays paused when the Game Master', () => {
  beforeAll(pauseGame);
  test.each(refusals(good))('%s', (what, behaviour) => {
    const status = Number(what.slice(-3));
    const isRefusal = [400, 403, 404, 409, 499].includes(status);
    return staysPaused(behaviour, 10_000, isRefusal ? refused(status) : unavailable);
  });
  test.each(tooLargeResponses(good))('%s', (_, behaviour) => staysPaused(behaviour, 10_000));
  // Long enough for the probe that goes well before the registration.
  test.each(brokenResponses(good))('%s', (_, behaviour) => staysPaused(behaviour, 1_000));

  test('is not there', async () => {
    client = asking({ baseUrl: `http://127.0.0.1:${await freePort()}`, timeoutMs: 10_000 });
    const before = await lobby.tables();
    expect(await resume()).toEqual(unavailable);
    expect(await lobby.tables()).toEqual(before);
  });
});

test.each<[string, Behaviour]>([
  ['no content', (socket) => socket.end('HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n')],
  ['something that is no JSON', respond(201, 'registered')],
])('a 2xx is a 2xx, also with %s', async (_, behaviour) => {
  await pauseGame();
  server.behave(behaviour);
  expect(await resume()).toMatchObject({ status: 200, body: { status: 'running' } });
  expect(calls()).toEqual([probe, registration()]);
});

test('a request that met a Game Master that was away can be repeated with its key', async () => {
  await pauseGame();
  const headers = { 'idempotency-key': `resume-${gameId}` };
  server.behave((socket) => socket.end());
  expect(await resume(headers)).toEqual(unavailable);
  server.behave(alive);
  expect(await resume(headers)).toMatchObject({ status: 200 });
});
