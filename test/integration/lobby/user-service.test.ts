// What the lobby does when the User Service misbehaves: it grants nothing and says that the service is unavailable.
import { delay, HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createEligibility } from '../../../lib/lobby/eligibility.ts';
import { createLogger } from '../../../lib/telemetry/logger.ts';
import { type Client, createTestLobby, type TestLobby } from '../../support/lobby.ts';
import { apply, gameBody, makeOpenGame, refusal } from '../../support/lobby-games.ts';

const route = 'http://users.test/api/v1/internal/users/:user_id/lobby-eligibility';
const answering = (changes: { exists?: boolean; permanent_block?: boolean } = {}) =>
  http.post<{ user_id: string }>(route, ({ params }) =>
    HttpResponse.json({
      user_id: params.user_id,
      exists: true,
      permanent_block: false,
      can_create_public_game: true,
      can_create_private_game: true,
      can_join_game: true,
      max_owned_games: 10,
      max_active_memberships: 10,
      max_registered_race_names: 1,
      ...changes,
    }),
  );

const server = setupServer(answering());
let lobby: TestLobby;
beforeAll(async () => {
  server.listen({ onUnhandledRequest: 'error' });
  const log = createLogger({ service: 'test', level: 'silent' });
  lobby = await createTestLobby({
    eligibility: createEligibility({ baseUrl: 'http://users.test', timeoutMs: 200, log }),
  });
});
afterEach(() => server.resetHandlers());
afterAll(async () => {
  server.close();
  await lobby.close();
});

let owner: Client;
let bob: Client;
let gameId: string;
let applicationId: string;
beforeEach(async () => {
  [owner, bob] = [lobby.player(), lobby.player()];
  gameId = await makeOpenGame(owner);
  applicationId = await apply(bob, gameId, `Race ${gameId.slice(-12)}`);
});

const everythingThatAsks = () => [
  owner.post('/games', { body: gameBody }),
  lobby.player().post(`/games/${gameId}/applications`, { body: { race_name: 'Askers' } }),
  owner.post(`/applications/${applicationId}/approve`),
];

const failures: [string, () => Response | Promise<Response>][] = [
  ['answers 500', () => new HttpResponse('oops', { status: 500 })],
  ['answers 404', () => HttpResponse.json({ error: { code: 'not_found', message: '' } }, { status: 404 })],
  ['answers no JSON', () => HttpResponse.text('<html>')],
  ['answers something else', () => HttpResponse.json({ exists: true })],
  ['cannot be reached', () => HttpResponse.error()],
  [
    'is too slow',
    async () => {
      await delay(2_000);
      return HttpResponse.json({});
    },
  ],
];

test.each(failures)('nothing is granted when the User Service %s', async (_what, misbehave) => {
  server.use(http.post(route, async (): Promise<Response> => misbehave()));
  const before = await lobby.tables();
  const unavailable = refusal(
    503,
    'service_unavailable',
    'The User Service cannot say right now what this user may do. Try again later.',
  );
  for (const answer of await Promise.all(everythingThatAsks())) expect(answer).toEqual(unavailable);
  expect(await lobby.tables()).toEqual(before);
});

test.each([
  ['is blocked for good', { permanent_block: true }],
  ['is unknown', { exists: false }],
])('nothing is granted to a user who %s', async (_what, change) => {
  server.use(answering(change));
  const before = await lobby.tables();
  const gone = refusal(404, 'subject_not_found', 'There is no such user.');
  for (const answer of await Promise.all(everythingThatAsks())) expect(answer).toEqual(gone);
  expect(await lobby.tables()).toEqual(before);
});

test('a passing failure of the User Service leaves the request to be repeated', async () => {
  const headers = { 'idempotency-key': 'again' };
  server.use(http.post(route, () => HttpResponse.error(), { once: true }));
  const path = `/applications/${applicationId}/approve`;
  expect(await owner.post(path, { headers })).toMatchObject({ status: 503 });
  expect(await owner.post(path, { headers })).toMatchObject({ status: 200 });
});

test('the User Service is asked about the applicant, with the request id and the trace of the request', async () => {
  const asked: { path: string; requestId: string | null; traceparent: string | null }[] = [];
  server.events.on('request:start', ({ request }) => {
    asked.push({
      path: new URL(request.url).pathname,
      requestId: request.headers.get('x-request-id'),
      traceparent: request.headers.get('traceparent'),
    });
  });
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const headers = { 'x-request-id': 'request-1', traceparent };
  await owner.post(`/applications/${applicationId}/approve`, { headers });
  server.events.removeAllListeners();
  const path = `/api/v1/internal/users/${bob.userId}/lobby-eligibility`;
  expect(asked).toEqual([{ path, requestId: 'request-1', traceparent }]);
});
