// What the lobby does when the User Service misbehaves: it grants nothing and says that the service is unavailable.
import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../../infra/local/child.ts';
import { createEligibility, type EligibilityClient } from '../../../lib/lobby/peers/eligibility.ts';
import { nameKeys } from '../../../lib/names/keys.ts';
import { createLogger } from '../../../lib/telemetry/logger.ts';
import { apply, field, gameBody, makeOpenGame, refusal } from '../../support/lobby/games.ts';
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

const rights = {
  exists: true,
  permanent_block: false,
  can_create_public_game: true,
  can_create_private_game: true,
  can_join_game: true,
  max_owned_games: 10,
  max_active_memberships: 10,
  max_registered_race_names: 1,
};
const userOf = (head: string) =>
  /^POST \/api\/v1\/internal\/users\/([^/]+)\/lobby-eligibility /.exec(head)?.[1];
const rightsOf = (head: string) => ({ user_id: userOf(head), ...rights });
const answering =
  (changes: object = {}): Behaviour =>
  (socket, head) =>
    respond(200, JSON.stringify({ ...rightsOf(head), ...changes }))(socket, head);

let users: MisbehavingServer;
let lobby: TestLobby;
/** How the lobby asks; tests in which no answer comes do not wait long for it. */
let client: EligibilityClient;
const asking = (options: { baseUrl?: string; timeoutMs: number }) =>
  createEligibility({
    baseUrl: users.url,
    log: createLogger({ service: 'test', level: 'silent' }),
    ...options,
  });

let owner: Client;
let applicant: Client;
let applicationId: string;
/** Every request that asks the User Service, and could be granted. */
let everythingThatAsks: [what: string, ask: () => Promise<Answer>][];

beforeAll(async () => {
  users = await startMisbehavingServer(answering());
  client = asking({ timeoutMs: 10_000 });
  lobby = await createTestLobby({ eligibility: { lookup: (...question) => client.lookup(...question) } });
  owner = lobby.player();
  applicant = lobby.player();
  const gameId = await makeOpenGame(owner);
  applicationId = await apply(applicant, gameId, 'Applicant');
  const privateId = await makeOpenGame(owner, { game_type: 'private' });
  const invites = `/games/${privateId}/invites`;
  const guest = lobby.player();
  const inviteId = field(await owner.post(invites, { body: { user_id: guest.userId } }), 'invite_id');
  const code = field(
    await owner.post(invites, { body: { max_uses: 5, expires_at: gameBody.enrollment_ends_at } }),
    'code',
  );
  const registrar = lobby.player();
  const raceNameId = await makePending(registrar.userId, gameId);

  everythingThatAsks = [
    ['creates a public game', () => owner.post('/games', { body: gameBody })],
    ['creates a private game', () => owner.post('/games', { body: { ...gameBody, game_type: 'private' } })],
    [
      'applies',
      () => lobby.player().post(`/games/${gameId}/applications`, { body: { race_name: 'Askers' } }),
    ],
    ['approves', () => owner.post(`/applications/${applicationId}/approve`)],
    ['approves as admin', () => lobby.admin().post(`/applications/${applicationId}/approve`)],
    ['invites', () => owner.post(invites, { body: { user_id: lobby.player().userId } })],
    ['redeems an invite', () => guest.post(`/invites/${inviteId}/redeem`, { body: { race_name: 'Guests' } })],
    [
      'redeems a code',
      () => lobby.player().post(`/invite-codes/${code}/redeem`, { body: { race_name: 'Finders' } }),
    ],
    [
      'registers a race name',
      () => registrar.post('/race-names/register', { body: { race_name_id: raceNameId } }),
    ],
  ];
});
afterEach(() => {
  users.behave(answering());
  client = asking({ timeoutMs: 10_000 });
});
afterAll(async () => {
  await lobby.close();
  await users.close();
});

/** A name that a game has left to the user. */
async function makePending(userId: string, gameId: string): Promise<string> {
  const [raceNameId, name] = [uuidv7(), 'Registrars'];
  await lobby.db.transaction(async (tx) => {
    const at = lobby.now();
    await lobby.raceNames.reserve(tx, { raceNameId, userId, gameId, name, keys: nameKeys(name), at });
    await lobby.raceNames.allowRegistration(tx, { userId, gameId }, new Date(at.getTime() + 60_000));
  });
  return raceNameId;
}

/** Fails unless everything that asks gets this answer, and nothing is changed by it. */
async function everyResponseHasArrived(expected: Answer): Promise<void> {
  const before = await lobby.tables();
  const answers = await Promise.all(
    everythingThatAsks.map(async ([what, ask]) => [what, await ask()] as const),
  );
  expect(answers).toEqual(everythingThatAsks.map(([what]) => [what, expected]));
  expect(await lobby.tables()).toEqual(before);
}

const unavailable = refusal(
  503,
  'service_unavailable',
  'The User Service cannot say right now what this user may do. Try again later.',
);
const good = (head: string) => JSON.stringify(rightsOf(head));
/** Something else than the good answer. */
const answeringWith =
  (make: (rights: object) => unknown): Behaviour =>
  (socket, head) =>
    respond(200, JSON.stringify(make(rightsOf(head))))(socket, head);

describe('nothing is granted when the User Service', () => {
  test.each(refusals(good))('%s', async (_, behaviour) => {
    users.behave(behaviour);
    const asked = users.heads.length;
    await everyResponseHasArrived(unavailable);
    expect(users.heads.slice(asked).every((head) => userOf(head) !== undefined)).toBe(true);
  });

  test.each(brokenResponses(good))('%s', async (_, behaviour) => {
    users.behave(behaviour);
    client = asking({ timeoutMs: 300 });
    await everyResponseHasArrived(unavailable);
  });

  test.each<[string, Behaviour]>([
    ...tooLargeResponses(good),
    ['answers nothing', respond(200, '')],
    [
      'answers without content',
      (socket) => socket.end('HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n'),
    ],
    ['answers no JSON', respond(200, '<html>busy</html>')],
    ['answers half of its JSON', (socket, head) => respond(200, good(head).slice(0, -10))(socket, head)],
    ['answers a list', answeringWith((body) => [body])],
    ['answers null', answeringWith(() => null)],
    ['leaves a right out', answeringWith((body) => ({ ...body, can_join_game: undefined }))],
    ['answers for another user', answering({ user_id: uuidv7() })],
    ['answers with a limit below zero', answering({ max_owned_games: -1 })],
    ['answers with a right that is a word', answering({ can_join_game: 'yes' })],
    ['leaves open whether the user is blocked', answering({ permanent_block: null })],
  ])('%s', async (_, behaviour) => {
    users.behave(behaviour);
    await everyResponseHasArrived(unavailable);
  });

  test('is not there', async () => {
    client = asking({ baseUrl: `http://127.0.0.1:${await freePort()}`, timeoutMs: 10_000 });
    await everyResponseHasArrived(unavailable);
  });

  test('has a name that nobody knows', async () => {
    client = asking({ baseUrl: 'http://users.invalid', timeoutMs: 10_000 });
    await everyResponseHasArrived(unavailable);
  });
});

test.each([
  ['is blocked for good', { permanent_block: true }],
  ['is unknown', { exists: false }],
])('nothing is granted to a user who %s', async (_what, change) => {
  users.behave(answering(change));
  await everyResponseHasArrived(refusal(404, 'subject_not_found', 'There is no such user.'));
});

test('the User Service is asked about the applicant, with the request id and the trace of the request, and a repeat of a request that met its failure can be granted', async () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const headers = { 'idempotency-key': 'again', 'x-request-id': 'request-1', traceparent };
  const path = `/applications/${applicationId}/approve`;
  users.behave((socket) => socket.end());
  expect(await owner.post(path, { headers })).toEqual(unavailable);
  users.behave(answering());
  expect(await owner.post(path, { headers })).toMatchObject({ status: 200 });
  const head = users.heads.at(-1) ?? '';
  expect(userOf(head)).toBe(applicant.userId);
  expect(head.toLowerCase().split('\r\n')).toEqual(
    expect.arrayContaining(['x-request-id: request-1', `traceparent: ${traceparent}`]),
  );
});
