import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createPublicAuth } from '../../../lib/gateway/commands/public-auth.ts';
import { openUpstreams, type PoolSize, UpstreamService } from '../../../lib/gateway/commands/upstream.ts';
import { RejectedError } from '../../../lib/gateway/domain/rejection.ts';
import { json, startUpstreamServer, type UpstreamServer } from '../../support/gateway/fake-upstream.ts';
import { recordingLog } from '../../support/run/log-lines.ts';

let server: UpstreamServer;
let upstream: UpstreamService;

beforeEach(async () => {
  server = await startUpstreamServer(json(200, { fine: true }));
});
afterEach(async () => {
  await server.close();
  await upstream.close();
});

function service(timeoutMs: number, size?: PoolSize): UpstreamService {
  const options = { name: 'test', baseUrl: server.url, timeoutMs };
  upstream = new UpstreamService(size === undefined ? options : { ...options, size });
  return upstream;
}

const read = { method: 'GET', target: '/thing', headers: {} } as const;
const live = () => new AbortController().signal;

async function unavailable(outcome: Promise<unknown>): Promise<string> {
  const error = await outcome.then(
    () => expect.unreachable('the call got a response'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof RejectedError) || !(error.cause instanceof Error)) throw error;
  expect(error.rejection.reason).toBe('UPSTREAM_UNAVAILABLE');
  return error.cause.message;
}

describe('a call to an upstream', () => {
  it('is given up with the caller’s own reason when the caller goes, and the upstream sees it', async () => {
    const asked = Promise.withResolvers<ServerResponse>();
    server.answer = (_, response) => asked.resolve(response);
    const caller = new AbortController();
    const outcome = service(10_000).call({ ...read, signal: caller.signal });
    const closed = once(await asked.promise, 'close');
    const gone = new Error('the client has disconnected');
    caller.abort(gone);
    await expect(outcome).rejects.toBe(gone);
    await closed;
  });

  it('is not begun for a caller who has gone before', async () => {
    const gone = new Error('the client has disconnected');
    await expect(service(10_000).call({ ...read, signal: AbortSignal.abort(gone) })).rejects.toBe(gone);
    expect(server.received).toEqual([]);
  });

  it('is not sent any more when its caller went while it waited for a connection', async () => {
    const held: ServerResponse[] = [];
    server.answer = (_, response) => held.push(response);
    const full = service(10_000);
    const signal = live();
    const first = Array.from({ length: 128 }, () => full.call({ ...read, signal }));
    await vi.waitFor(() => expect(held).toHaveLength(128), { timeout: 15_000 });
    const caller = new AbortController();
    const waiting = full.call({ ...read, target: '/never', signal: caller.signal });
    const gone = new Error('the client has disconnected');
    caller.abort(gone);
    await expect(waiting).rejects.toBe(gone);

    server.answer = json(200, { fine: true });
    for (const response of held) response.end('{}');
    for (const { status } of await Promise.all(first)) expect(status).toBe(200);
    expect((await full.call({ ...read, target: '/last', signal })).status).toBe(200);
    expect(server.received.map(({ url }) => url)).not.toContain('/never');
  });

  it('is tried twice at most when its connection is lost', async () => {
    server.answer = (_, response) => response.socket?.destroy();
    await unavailable(service(10_000).call({ ...read, signal: live() }));
    expect(server.received).toHaveLength(2);
  });

  it('has one deadline over both tries', async () => {
    let tries = 0;
    server.answer = (_, response) => {
      tries += 1;
      if (tries === 1) setTimeout(() => response.socket?.destroy(), 3_500);
    };
    const startedAt = performance.now();
    await unavailable(service(4_000).call({ ...read, signal: live() }));
    // Less than the first try took and a deadline more.
    expect(performance.now() - startedAt).toBeLessThan(7_300);
    expect(tries).toBe(2);
  });

  it('leaves nothing behind on the caller’s signal', async () => {
    const { signal } = new AbortController();
    const [added, removed] = [vi.spyOn(signal, 'addEventListener'), vi.spyOn(signal, 'removeEventListener')];
    await service(10_000).call({ ...read, signal });
    expect(added).toHaveBeenCalledTimes(1);
    expect(removed.mock.calls).toEqual(added.mock.calls);
  });
});

describe('an upstream whose places are taken', () => {
  const overloaded = {
    rejection: { reason: 'OVERLOADED', retryAfterMs: expect.any(Number), message: expect.any(String) },
  };

  it('refuses at once, and has a place again when a connection is free, not when a caller goes', async () => {
    const held: ServerResponse[] = [];
    server.answer = (_, response) => held.push(response);
    const full = service(10_000, { connections: 1, queue: 1 });
    const first = full.call({ ...read, signal: live() });
    await vi.waitFor(() => expect(held).toHaveLength(1), { timeout: 10_000 });
    const caller = new AbortController();
    const waiting = full.call({ ...read, signal: caller.signal });
    await expect(full.call({ ...read, signal: live() })).rejects.toMatchObject(overloaded);
    // The pool still holds the request of a caller who has gone while it waited.
    caller.abort(new Error('the client has disconnected'));
    await expect(waiting).rejects.toThrow('disconnected');
    await expect(full.call({ ...read, signal: live() })).rejects.toMatchObject(overloaded);

    server.answer = json(200, { fine: true });
    held[0]?.end('{}');
    expect((await first).status).toBe(200);
    await vi.waitFor(async () => expect((await full.call({ ...read, signal: live() })).status).toBe(200), {
      timeout: 10_000,
    });
    // A place that was taken before counts like a call, and is given back once.
    const places = [full.takePlace(0), full.takePlace(0)];
    expect(() => full.takePlace(0)).toThrow('OVERLOADED');
    for (const place of [...places, ...places]) place();
    const again = [full.takePlace(0), full.takePlace(64 * 1024 * 1024)];
    for (const place of again) place();
    expect(() => full.takePlace(64 * 1024 * 1024 + 1)).toThrow('OVERLOADED');
  });

  it('is 429 rate_limited to those who sign in, with when to retry', async () => {
    const { log, lines } = recordingLog();
    const full = service(10_000, { connections: 1, queue: 0 });
    full.takePlace(0);
    const auth = createPublicAuth(full, log);
    const forwarded = auth.forward({
      path: '/api/v1/public/auth/send-email-code',
      body: Buffer.from('{}'),
      requestId: 'r',
      clientAddress: '192.0.2.1',
      traceHeaders: {},
      signal: live(),
    });
    await expect(forwarded).rejects.toMatchObject({
      code: 'rate_limited',
      body: { error: { details: { retry_after_seconds: expect.any(Number) } } },
    });
    expect([server.received, lines]).toEqual([[], []]);
  });
});

describe('a token that an upstream refuses', () => {
  const refusal = (headers: Record<string, string>) => (_: unknown, response: ServerResponse) =>
    response
      .writeHead(401, { 'content-type': 'application/json', ...headers })
      .end('{"error":{"code":"unauthenticated","message":"No."}}');

  function open(lobbyUrl: string | undefined) {
    const { log, lines } = recordingLog();
    const peer = { httpUrl: server.url, grpcAddr: { host: '127.0.0.1', port: 1 }, timeoutMs: 5_000 };
    const upstreams = openUpstreams(
      {
        backend: peer,
        lobby: { httpUrl: lobbyUrl },
        game: { httpUrl: undefined, timeoutMs: 1 },
        upstreamToken: 'guess',
      },
      log,
    );
    upstream = upstreams.lobby;
    return { ...upstreams, lines };
  }

  it('makes it unavailable and is reported by the names of the variables, once for many calls', async () => {
    server.answer = refusal({ 'www-authenticate': 'Bearer' });
    const { backend, lobby, lines } = open(server.url);
    for (let call = 0; call < 5; call += 1) {
      expect(await unavailable(backend.call({ ...read, signal: live() }))).toBe('backend: refuses the token');
      expect(await unavailable(lobby.call({ ...read, signal: live() }))).toBe('lobby: refuses the token');
    }
    expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
      [
        'error',
        'the backend refuses the token; GATEWAY_UPSTREAM_TOKEN must be the token of a caller in its BACKEND_HTTP_CALLERS that has the permission',
      ],
      [
        'error',
        'the lobby refuses the token; GATEWAY_UPSTREAM_TOKEN must be the token of a caller in its LOBBY_PUBLIC_HTTP_CALLERS that has the permission',
      ],
    ]);
    expect(JSON.stringify(lines)).not.toContain('guess');
    await backend.close();
  });

  it('is the backend’s where the lobby is reached through it', async () => {
    server.answer = refusal({ 'www-authenticate': 'Bearer' });
    const { backend, lobby, lines } = open(undefined);
    await unavailable(lobby.call({ ...read, signal: live() }));
    expect(lines[0]?.msg).toContain('BACKEND_HTTP_CALLERS');
    await backend.close();
  });

  it('is something else than a user whom it does not know', async () => {
    server.answer = refusal({});
    const { backend, lobby, lines } = open(server.url);
    expect((await lobby.call({ ...read, signal: live() })).status).toBe(401);
    expect(lines).toEqual([]);
    await backend.close();
  });
});
