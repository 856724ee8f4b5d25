import { once } from 'node:events';
import { Agent, get, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { listenHttp } from '../../lib/node/http-listener.ts';
import { createLogger } from '../../lib/telemetry/logger.ts';

const log = createLogger({ service: 'test', level: 'silent' });
const address = { host: '127.0.0.1', port: 0 };
const timeouts = { readHeaderTimeoutMs: 2_000, readTimeoutMs: 10_000, idleTimeoutMs: 60_000 };

/** An app whose answers wait until the test lets them go. */
function heldApp() {
  const release = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  const fetch = async (request: Request) => {
    if (new URL(request.url).pathname === '/held') {
      reached.resolve();
      await release.promise;
    }
    return new Response('done');
  };
  return { fetch, reached: reached.promise, release: release.resolve };
}

test('a close waits for the request that is running, and not for its connection to become idle', async () => {
  const app = heldApp();
  const listener = await listenHttp(app, address, timeouts, log);
  const agent = new Agent({ keepAlive: true });
  const held = get({ ...address, port: listener.port, path: '/held', agent });
  const answered = once(held, 'response');
  await app.reached;

  let closed = false;
  const closing = listener.close(30_000).then(() => {
    closed = true;
  });
  expect(closed).toBe(false);
  const releasedAt = performance.now();
  app.release();
  const [response] = (await answered) as [IncomingMessage];
  expect([response.statusCode, response.headers.connection]).toEqual([200, 'close']);
  expect(await text(response)).toBe('done');
  await closing;
  expect(performance.now() - releasedAt).toBeLessThan(5_000);
  agent.destroy();
});

test('a request that comes on a kept connection during a close gets its response, which ends the connection', async () => {
  const listener = await listenHttp({ fetch: () => new Response('fine') }, address, timeouts, log);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = async () => {
    const [response] = (await once(get({ ...address, port: listener.port, agent }), 'response')) as [
      IncomingMessage,
    ];
    return [await text(response), response.headers.connection];
  };
  expect(await ask()).toEqual(['fine', 'keep-alive']);
  const closing = listener.close(30_000);
  expect(await ask()).toEqual(['fine', 'close']);
  await closing;
  agent.destroy();
});

test('a close cuts what still runs when its time is over', async () => {
  const app = heldApp();
  const listener = await listenHttp(app, address, timeouts, log);
  const held = get({ ...address, port: listener.port, path: '/held' });
  const cut = once(held, 'error');
  await app.reached;
  await listener.close(50);
  expect((await cut)[0]).toMatchObject({ code: 'ECONNRESET' });
  app.release();
});

test('an address that is taken is named', async () => {
  const first = await listenHttp(heldApp(), address, timeouts, log);
  await expect(listenHttp(heldApp(), { ...address, port: first.port }, timeouts, log)).rejects.toThrow(
    `127.0.0.1:${first.port} is in use by another process`,
  );
  await first.close(0);
});

test('an answer that came before the whole request was read tells the client that the connection ends', async () => {
  const fetch = async (request: Request) => {
    if (request.url.endsWith('/reads')) await request.arrayBuffer();
    return new Response('done', { status: request.url.endsWith('/reads') ? 200 : 413 });
  };
  const listener = await listenHttp({ fetch }, address, timeouts, log);
  const agent = new Agent({ keepAlive: true });
  const post = async (path: string) => {
    const client = request({ ...address, port: listener.port, path, agent, method: 'POST' });
    client.on('error', () => undefined);
    client.end(Buffer.alloc(1024 * 1024));
    const [response] = (await once(client, 'response')) as [IncomingMessage];
    response.resume();
    return [response.statusCode, response.headers.connection];
  };
  expect(await post('/reads')).toEqual([200, 'keep-alive']);
  expect(await post('/refuses')).toEqual([413, 'close']);
  agent.destroy();
  await listener.close(1_000);
});
