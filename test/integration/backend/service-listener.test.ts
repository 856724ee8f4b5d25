import type { ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestBackend, type TestBackend } from '../../support/backend/backend.ts';
import { json, startUpstreamServer, type UpstreamServer } from '../../support/gateway/fake-upstream.ts';
import { callerWith } from '../../support/service-callers.ts';

describe('with a bearer token', () => {
  let backend: TestBackend;
  beforeAll(async () => {
    backend = await startTestBackend({ callers: callerWith('the-token') });
  });
  afterAll(() => backend.close());

  const ask = (authorization?: string) =>
    backend.request('POST', '/api/v1/public/auth/send-email-code', {
      body: { email: 'ada@example.com' },
      headers: authorization === undefined ? {} : { authorization },
    });

  it.each([undefined, '', 'Bearer', 'Bearer wrong', 'Basic the-token', 'Bearer the-token-and-more'])(
    'refuses calls with the authorization %j and changes nothing',
    async (authorization) => {
      const before = await backend.snapshot();
      const answer = await ask(authorization);
      expect(answer.status).toBe(401);
      expect(answer.body).toMatchObject({ error: { code: 'unauthenticated' } });
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      expect(await backend.snapshot()).toEqual(before);
    },
  );

  it('accepts calls with the token', async () => {
    expect((await ask('Bearer the-token')).status).toBe(202);
  });

  it('responds to probes without it', async () => {
    expect((await backend.request('GET', '/healthz')).body).toEqual({ status: 'ok' });
    expect((await backend.request('GET', '/readyz')).body).toEqual({ status: 'ready' });
  });
});

describe('lobby routes', () => {
  let backend: TestBackend;
  let lobby: UpstreamServer;
  beforeAll(async () => {
    lobby = await startUpstreamServer(json(200, {}));
    backend = await startTestBackend({
      lobby: { httpUrl: lobby.url, token: 'lobby-token', timeoutMs: 1_500 },
    });
  });
  beforeEach(() => {
    lobby.received.length = 0;
  });
  afterAll(async () => {
    await backend.close();
    await lobby.close();
  });

  const body = { game_name: 'Обмен', max_players: 4 };

  it('are passed on with what means something to the lobby and nothing else', async () => {
    lobby.answer = json(201, { game_id: 'g' });
    const answer = await backend.request('POST', '/api/v1/lobby/games?x=1&y=%2F', {
      body,
      headers: {
        authorization: 'Bearer the-backend-token',
        cookie: 'a=b',
        'idempotency-key': 'key-1',
        'if-match': '"7"',
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        'x-operator-assertion': 'eve',
        'x-device-session-id': 'session-1',
        'x-request-id': 'request-1',
        'x-user-id': 'user-1',
      },
    });
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({ game_id: 'g' });

    const [request] = lobby.received;
    expect(request).toMatchObject({
      method: 'POST',
      url: '/api/v1/lobby/games?x=1&y=%2F',
      body: JSON.stringify(body),
      headers: {
        authorization: 'Bearer lobby-token',
        'content-type': 'application/json',
        'idempotency-key': 'key-1',
        'if-match': '"7"',
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        'x-device-session-id': 'session-1',
        'x-request-id': 'request-1',
        'x-user-id': 'user-1',
      },
    });
    expect(request?.headers).not.toHaveProperty('cookie');
    expect(request?.headers).not.toHaveProperty('x-operator-assertion');
  });

  it('are not available while the lobby refuses the token, and the log names the variables', async () => {
    lobby.answer = (_, response) => {
      response.writeHead(401, { 'content-type': 'application/json', 'www-authenticate': 'Bearer' });
      response.end('{"error":{"code":"unauthenticated","message":"No."}}');
    };
    const refused = await backend.request('GET', '/api/v1/lobby/games/1');
    expect(refused.status).toBe(503);
    expect(refused.body).toMatchObject({ error: { code: 'service_unavailable' } });
    expect(refused.headers.get('www-authenticate')).toBeNull();
    expect(backend.logLines.join('')).toContain(
      'BACKEND_LOBBY_HTTP_TOKEN must be the token of a caller in its LOBBY_PUBLIC_HTTP_CALLERS',
    );
  });

  it('return the lobby’s responses unchanged, refusals and redirects too', async () => {
    lobby.answer = (_, response) => {
      response.writeHead(409, { 'content-type': 'application/json', etag: '"3"' });
      response.end('{"error":{"code":"game_full","message":"Full."}}');
    };
    const refused = await backend.request('GET', '/api/v1/lobby/games/1');
    expect(refused.status).toBe(409);
    expect(refused.headers.get('etag')).toBe('"3"');
    expect(refused.body).toEqual({ error: { code: 'game_full', message: 'Full.' } });

    lobby.answer = (_, response) => {
      response.writeHead(302, { location: '/elsewhere', 'content-type': 'application/json' }).end('{}');
    };
    expect((await backend.request('GET', '/api/v1/lobby/games')).status).toBe(302);
    expect(lobby.received.map((request) => request.url)).toEqual([
      '/api/v1/lobby/games/1',
      '/api/v1/lobby/games',
    ]);
  });

  it('return responses that have no body', async () => {
    lobby.answer = (_, response) => response.writeHead(204).end();
    const response = await backend.app.request('/api/v1/lobby/games/1', { method: 'DELETE' });
    expect(response.status).toBe(204);
    expect(await response.text()).toBe('');
  });

  it.each([
    ['is too slow', () => {}],
    ['hangs up', (_: unknown, response: ServerResponse) => response.destroy()],
    [
      'stops in the middle of an answer',
      (_: unknown, response: ServerResponse) => {
        response.writeHead(200, { 'content-length': '100' }).write('{');
      },
    ],
  ])('are unavailable when the lobby %s', async (_, answer) => {
    lobby.answer = answer;
    const refused = await backend.request('GET', '/api/v1/lobby/games');
    expect(refused.status).toBe(503);
    expect(refused.body).toEqual({
      error: {
        code: 'service_unavailable',
        message: 'The lobby does not respond right now; try again later.',
      },
    });
  });

  it('are unavailable when nothing listens there', async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const address = closed.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    await new Promise((resolve) => closed.close(resolve));
    const alone = await startTestBackend({
      lobby: { httpUrl: `http://127.0.0.1:${port}`, token: undefined, timeoutMs: 5_000 },
    });
    try {
      const refused = await alone.request('POST', '/api/v1/lobby/games', { body });
      expect(refused.status).toBe(503);
      expect(refused.body).toMatchObject({ error: { code: 'service_unavailable' } });
    } finally {
      await alone.close();
    }
  });

  it('do not exist where no lobby is configured, and nothing else passes to it where one is', async () => {
    const alone = await startTestBackend();
    try {
      const answer = await alone.request('GET', '/api/v1/lobby/games');
      expect(answer.status).toBe(404);
      expect(answer.body).toMatchObject({ error: { code: 'not_found' } });
    } finally {
      await alone.close();
    }
    for (const path of [
      '/api/v1/lobby/../internal/lobby/games',
      '/api/v1/internal/lobby/games',
      '/healthz',
    ]) {
      await backend.request('GET', path);
    }
    expect(lobby.received).toEqual([]);
  });
});
