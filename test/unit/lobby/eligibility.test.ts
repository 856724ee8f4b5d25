import { createServer, type RequestListener } from 'node:http';
import { delay, HttpResponse, http, passthrough } from 'msw';
import { setupServer } from 'msw/node';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Eligibility, mayCreate, mayJoin, mayRegister } from '../../../lib/lobby/domain/eligibility.ts';
import { createEligibility } from '../../../lib/lobby/peers/eligibility.ts';

const baseUrl = 'http://users.test/base';
const userId = '0198c2f0-0000-7000-8000-000000000001';
const route = `${baseUrl}/api/v1/internal/users/:user_id/lobby-eligibility`;
const answer = {
  user_id: userId,
  exists: true,
  permanent_block: false,
  can_create_public_game: true,
  can_create_private_game: false,
  can_join_game: true,
  max_owned_games: 3,
  max_active_memberships: 10,
  max_registered_race_names: 5,
};

const server = setupServer();
beforeAll(() => server.listen({ onUnhandledRequest: 'error' }));
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

/** A client, and the warnings that it leaves for operators. */
function client(options: { baseUrl?: string; token?: string; timeoutMs?: number } = {}) {
  const warnings: string[] = [];
  const log = pino(
    { level: 'warn', serializers: { error: pino.stdSerializers.err } },
    { write: (line: string) => warnings.push(line) },
  );
  return { eligibility: createEligibility({ baseUrl, timeoutMs: 2_000, log, ...options }), warnings };
}
const lookup = (given = client()) => given.eligibility.lookup(userId, { requestId: 'request-1' });
const answerWith = (resolver: Parameters<typeof http.post>[1]) => server.use(http.post(route, resolver));

const unavailable = { name: 'Refusal', code: 'service_unavailable' };
const unknownSubject = { name: 'Refusal', code: 'subject_not_found' };

describe('asking the User Service', () => {
  test('gives the rights and limits of a user; fields that it does not know are ignored', async () => {
    answerWith(() => HttpResponse.json({ ...answer, something_new: 1 }));
    expect(await lookup()).toEqual({
      userId,
      canCreatePublicGame: true,
      canCreatePrivateGame: false,
      canJoinGame: true,
      maxOwnedGames: 3,
      maxActiveMemberships: 10,
      maxRegisteredRaceNames: 5,
    });
  });

  test('sends the request id, the trace and the token', async () => {
    let headers = new Headers();
    answerWith(({ request }) => {
      headers = request.headers;
      return HttpResponse.json(answer);
    });
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await client({ token: 'secret-token' }).eligibility.lookup(userId, {
      requestId: 'request-7',
      traceparent,
    });
    expect(headers.get('x-request-id')).toBe('request-7');
    expect(headers.get('traceparent')).toBe(traceparent);
    expect(headers.get('authorization')).toBe('Bearer secret-token');
  });

  test.each([
    ['is blocked for good', { permanent_block: true }],
    ['is unknown', { exists: false }],
  ])('a user who %s is not found', async (_what, change) => {
    answerWith(() => HttpResponse.json({ ...answer, ...change }));
    await expect(lookup()).rejects.toMatchObject(unknownSubject);
  });
});

describe('the User Service is unavailable when it', () => {
  test.each([301, 400, 401, 404, 500, 503])('answers with status %i', async (status) => {
    answerWith(() => HttpResponse.json(answer, { status, headers: { location: 'http://elsewhere.test/' } }));
    const given = client();
    await expect(lookup(given)).rejects.toMatchObject(unavailable);
    expect(given.warnings.join()).toContain(`status ${status}`);
  });

  test.each([
    ['no JSON', () => new HttpResponse('<html>busy</html>')],
    ['an empty body', () => new HttpResponse('')],
    ['JSON of another shape', () => HttpResponse.json({ ok: true })],
    ['a limit below zero', () => HttpResponse.json({ ...answer, max_owned_games: -1 })],
    ['a right that is not a boolean', () => HttpResponse.json({ ...answer, can_join_game: 'yes' })],
    ['the rights of somebody else', () => HttpResponse.json({ ...answer, user_id: crypto.randomUUID() })],
  ])('answers with %s', async (_what, resolver) => {
    answerWith(resolver);
    await expect(lookup()).rejects.toMatchObject(unavailable);
  });

  test('does not answer in time', async () => {
    answerWith(async () => {
      await delay('infinite');
      return HttpResponse.json(answer);
    });
    await expect(lookup(client({ timeoutMs: 50 }))).rejects.toMatchObject(unavailable);
  });

  test('begins an answer and does not end it in time', async () => {
    // A real server: mocked bodies are not cut by the request's signal.
    const stalling = await listen((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"user_id":');
    });
    const given = client({ baseUrl: stalling.url, timeoutMs: 200 });
    await expect(lookup(given)).rejects.toMatchObject(unavailable);
    expect(given.warnings.join()).toContain('timeout');
    await stalling.close();
  });

  test('cannot be reached', async () => {
    server.use(http.post(route, () => HttpResponse.error()));
    await expect(lookup()).rejects.toMatchObject(unavailable);
  });

  test('refuses connections', async () => {
    const gone = await listen(() => {});
    await gone.close();
    const given = client({ baseUrl: gone.url });
    await expect(lookup(given)).rejects.toMatchObject(unavailable);
    expect(given.warnings.join()).toContain('ECONNREFUSED');
  });
});

/** A real server on a port of its own, which requests reach past the mocks. */
async function listen(onRequest: RequestListener) {
  const real = createServer(onRequest);
  await new Promise<void>((resolve) => real.listen(0, '127.0.0.1', resolve));
  const address = real.address();
  if (address === null || typeof address === 'string') throw new TypeError('expected a TCP address');
  server.use(http.all(/^http:\/\/127\.0\.0\.1:/, () => passthrough()));
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: async () => {
      real.closeAllConnections();
      await new Promise((resolve) => real.close(resolve));
    },
  };
}

describe('what rights and limits mean', () => {
  const all: Eligibility = {
    userId,
    canCreatePublicGame: true,
    canCreatePrivateGame: true,
    canJoinGame: true,
    maxOwnedGames: 3,
    maxActiveMemberships: 10,
    maxRegisteredRaceNames: 5,
  };
  const refused = (...reasons: string[]) => ({ ok: false, code: 'not_eligible', details: { reasons } });

  test('a user may create games of the types that they have the right for', () => {
    const publicOnly = { ...all, canCreatePrivateGame: false };
    expect(mayCreate(publicOnly, 'public', 0)).toEqual({ ok: true });
    expect(mayCreate(publicOnly, 'private', 0)).toMatchObject(refused('may_not_create_private_games'));
    const privateOnly = { ...all, canCreatePublicGame: false };
    expect(mayCreate(privateOnly, 'private', 0)).toEqual({ ok: true });
    expect(mayCreate(privateOnly, 'public', 0)).toMatchObject(refused('may_not_create_public_games'));
  });

  test('a user may own as many games as the limit says', () => {
    expect(mayCreate(all, 'public', 2)).toEqual({ ok: true });
    expect(mayCreate(all, 'public', 3)).toMatchObject(refused('owned_games_limit_reached'));
    expect(mayCreate({ ...all, maxOwnedGames: 0 }, 'public', 0)).toMatchObject(
      refused('owned_games_limit_reached'),
    );
  });

  test('a user may play in as many games as the limit says', () => {
    expect(mayJoin(all, 9)).toEqual({ ok: true });
    expect(mayJoin(all, 10)).toMatchObject(refused('active_memberships_limit_reached'));
    expect(mayJoin({ ...all, canJoinGame: false }, 0)).toMatchObject(refused('may_not_join_games'));
  });

  test('a user may register as many race names as the limit says', () => {
    expect(mayRegister({ ...all, maxRegisteredRaceNames: 2 }, 1)).toEqual({ ok: true });
    expect(mayRegister({ ...all, maxRegisteredRaceNames: 2 }, 2)).toMatchObject({
      ...refused('registered_race_names_limit_reached'),
      message: 'The user may not register a race name: its limit of 2 registered race names is reached.',
    });
    expect(mayRegister({ ...all, maxRegisteredRaceNames: 0 }, 0)).toMatchObject(
      refused('registered_race_names_limit_reached'),
    );
  });

  test('every reason is given at once, also in words', () => {
    const verdict = mayCreate({ ...all, canCreatePublicGame: false }, 'public', 7);
    expect(verdict).toMatchObject({
      ...refused('may_not_create_public_games', 'owned_games_limit_reached'),
      message:
        'The user may not create a public game: the account lacks that right, and its limit of 3 owned games is reached.',
    });
  });
});
