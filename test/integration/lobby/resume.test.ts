// Resuming a paused game: the Game Master has to be alive, and gets the game first if it never had it.
import { HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createGameMaster } from '../../../lib/lobby/peers/game-master.ts';
import { createLogger } from '../../../lib/telemetry/logger.ts';
import {
  field,
  gameBody,
  join,
  makeDraft,
  makeOpenGame,
  noSuchGame,
  notTheOwner,
  refusal,
} from '../../support/lobby/games.ts';
import { type Client, createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';

const healthz = 'http://gm.test/api/v1/internal/healthz';
const registration = 'http://gm.test/api/v1/internal/games/:game_id/register-runtime';
const alive = () => HttpResponse.json({ status: 'ok' });

type Asked = {
  call: string;
  body: unknown;
  requestId: string | null;
  traceparent: string | null;
  authorization: string | null;
};
let asked: Asked[] = [];
const server = setupServer(http.get(healthz, alive), http.post(registration, alive));
server.events.on('request:start', async ({ request }) => {
  const { headers, method, url } = request;
  const entry: Asked = {
    call: `${method} ${new URL(url).pathname}`,
    body: undefined,
    requestId: headers.get('x-request-id'),
    traceparent: headers.get('traceparent'),
    authorization: headers.get('authorization'),
  };
  asked.push(entry);
  if (method === 'POST') entry.body = await request.clone().json();
});

let lobby: TestLobby;
beforeAll(async () => {
  server.listen({ onUnhandledRequest: 'error' });
  const log = createLogger({ service: 'test', level: 'silent' });
  lobby = await createTestLobby({
    gameMaster: createGameMaster({ baseUrl: 'http://gm.test', token: 'gm-token', timeoutMs: 200, log }),
  });
});
afterEach(() => server.resetHandlers());
afterAll(async () => {
  server.close();
  await lobby.close();
});

let owner: Client;
let players: Client[];
let gameId: string;
/** A paused game, as a start whose container could not be registered leaves it. */
beforeEach(async () => {
  owner = lobby.player();
  players = [lobby.player(), lobby.player()];
  gameId = await makeOpenGame(owner, { max_players: 2 });
  for (const player of players) await join(player, owner, gameId, `R ${player.userId.slice(-12)}`);
  expect(await owner.post(`/games/${gameId}/start`)).toMatchObject({ status: 200 });
  await lobby.pool.query(
    `update lobby.games set status = 'paused', container_id = 'c1', engine_endpoint = 'http://10.0.0.1:9000',
       bound_at = now() where game_id = $1`,
    [gameId],
  );
  asked = [];
});
const markRegistered = () =>
  lobby.pool.query('update lobby.games set registered_at = now() where game_id = $1', [gameId]);
const resume = (client = owner, headers: Record<string, string> = {}) =>
  client.post(`/games/${gameId}/resume`, { headers });
const calls = () => asked.map(({ call }) => call);

test('a game that the Game Master knows runs again once it is alive', async () => {
  await markRegistered();
  expect(await resume()).toMatchObject({ status: 200, body: { status: 'running' } });
  expect(calls()).toEqual([
    'GET /api/v1/internal/healthz',
    `POST /api/v1/internal/games/${gameId}/register-runtime`,
  ]);
  const { rows } = await lobby.pool.query(
    `select payload ->> 'notification_type' as type, payload -> 'recipient_user_ids' as recipients
     from lobby.outbox where ordering_key = $1 order by position desc limit 1`,
    [gameId],
  );
  const recipients = [owner, ...players].map(({ userId }) => userId);
  expect(rows).toEqual([{ type: 'lobby.game.resumed', recipients }]);
});

test('a game that the Game Master never had is registered first, with everything about its runtime', async () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const context = { requestId: 'request-1', traceparent, authorization: 'Bearer gm-token' };
  expect(await resume(owner, { 'x-request-id': 'request-1', traceparent })).toMatchObject({ status: 200 });
  const game = await lobby.admin().get(`/games/${gameId}`);
  expect(game.body).toMatchObject({ status: 'running', registered_at: lobby.now().toISOString() });
  expect(asked).toEqual([
    { call: 'GET /api/v1/internal/healthz', body: undefined, ...context },
    {
      call: `POST /api/v1/internal/games/${gameId}/register-runtime`,
      body: {
        runtime_job_id: field(game, 'runtime_job_id'),
        container_id: 'c1',
        engine_endpoint: 'http://10.0.0.1:9000',
        turn_schedule: gameBody.turn_schedule,
        time_zone: gameBody.time_zone,
        players: players.map(({ userId }, index) => ({
          user_id: userId,
          race_name: `R ${userId.slice(-12)}`,
          seat: index + 1,
        })),
        turn_seconds: null,
        min_turn_seconds: null,
        quiet_days: [],
        grace_seconds: 0,
        early: 'off',
        spectators: false,
        options: {},
        game_name: field(game, 'game_name'),
        owner_user_id: owner.userId,
      },
      ...context,
    },
  ]);
});

test('one of ten who resume at the same time succeeds', async () => {
  const answers = await Promise.all(Array.from({ length: 10 }, () => resume()));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  for (const { status, body } of answers.filter((answer) => answer.status !== 200)) {
    expect([status, body]).toMatchObject([409, { error: { code: 'invalid_state' } }]);
  }
});

test('the Game Master is not asked for what is refused anyway', async () => {
  const draft = await makeDraft(owner);
  expect(await lobby.player().post(`/games/${draft}/resume`)).toEqual(noSuchGame);
  expect(await resume(lobby.player())).toEqual(notTheOwner);
  expect(await resume(owner, { 'if-match': '"1"' })).toMatchObject({
    status: 412,
    body: { error: { code: 'revision_mismatch' } },
  });
  expect(await owner.post(`/games/${draft}/resume`)).toEqual(
    refusal(
      409,
      'invalid_state',
      'The game is draft; resume needs it to be paused. Possible now: open_enrollment, cancel.',
      { status: 'draft', allowed: ['open_enrollment', 'cancel'] },
    ),
  );
  expect(asked).toEqual([]);
});
