import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../../infra/local/child.ts';
import { type Answer, json } from '../../support/gateway/fake-upstream.ts';
import { startTestGateway, type TestGateway } from '../../support/gateway/gateway.ts';
import { confirmBody, sendBody } from '../../support/gateway/sign-in-bodies.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway({
    GATEWAY_BACKEND_TIMEOUT: '300ms',
  });
});
afterAll(() => gateway[Symbol.asyncDispose]());
beforeEach(() => {
  gateway.backend.received.length = 0;
});

const post = async (route: string, body: string, headers: Record<string, string> = {}) => {
  const response = await fetch(`${gateway.httpUrl}/api/v1/public/auth/${route}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  return { status: response.status, body: await response.json(), headers: response.headers };
};

describe('sign-in through the gateway', () => {
  it('forwards request and response, with the request id but without the caller’s identity headers', async () => {
    gateway.backend.answer = json(202, { challenge_id: 'c', expires_at: '2026-01-01T00:10:00.000Z' });
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const response = await post('send-email-code', '{"email":"ada@example.com"}', {
      'x-request-id': 'my-request',
      'x-user-id': '01930f3c-7b1a-7000-8000-00000000a11c',
      authorization: 'Bearer mine',
      traceparent,
    });
    expect(response).toMatchObject({ status: 202, body: { challenge_id: 'c' } });
    expect(response.headers.get('x-request-id')).toBe('my-request');
    const [asked] = gateway.backend.received;
    expect(asked).toMatchObject({
      method: 'POST',
      url: '/api/v1/public/auth/send-email-code',
      body: '{"email":"ada@example.com"}',
      headers: { 'x-request-id': 'my-request', traceparent },
    });
    expect(asked?.headers['x-user-id']).toBeUndefined();
    expect(asked?.headers.authorization).toBeUndefined();
  });

  it('returns the status, body and Retry-After of a refusal', async () => {
    const body = { error: { code: 'rate_limited', message: 'Too many mails.' } };
    gateway.backend.answer = (_, response) => {
      response.writeHead(429, { 'content-type': 'application/json', 'retry-after': '60' });
      response.end(JSON.stringify(body));
    };
    const response = await post('send-email-code', sendBody());
    expect(response).toMatchObject({ status: 429, body });
    expect(response.headers.get('retry-after')).toBe('60');
  });

  it('refuses a body over 8 KiB and does not call the backend', async () => {
    const response = await post('send-email-code', JSON.stringify({ email: 'x'.repeat(9_000) }));
    expect(response).toMatchObject({ status: 413, body: { error: { code: 'payload_too_large' } } });
    expect(gateway.backend.received).toEqual([]);
  });
});

describe('a backend that fails', () => {
  const good = { device_session_id: 'd', user_id: 'u' };
  const as = (type: string, status: number, body: string): Answer => {
    return (_, response) => response.writeHead(status, { 'content-type': type }).end(body);
  };
  const endless: Answer = (_, response) => {
    response.writeHead(201, { 'content-type': 'application/json' });
    const write = () => {
      while (!response.destroyed && response.write(' '.repeat(64 * 1024)));
    };
    response.on('drain', write);
    write();
  };
  const dripping: Answer = (_, response) => {
    response.writeHead(201, { 'content-type': 'application/json' });
    const timer = setInterval(() => response.write(' '), 20);
    response.once('close', () => clearInterval(timer));
  };
  const failures: [string, Answer][] = [
    ['does not respond', () => undefined],
    ['drips its response', dripping],
    [
      'stops within its response',
      (_, response) => response.writeHead(201, { 'content-length': 9 }).write('{'),
    ],
    ['breaks off', (_, response) => response.socket?.destroy()],
    ['speaks no HTTP', (_, response) => response.socket?.end('garbage\r\n\r\n')],
    ['responds with a page', as('text/html', 200, '<html>')],
    ['responds with the right thing as another type', as('text/plain', 201, JSON.stringify(good))],
    ['responds with without a type', (_, response) => response.writeHead(201).end(JSON.stringify(good))],
    ['responds with half of its JSON', as('application/json', 201, '{"device_session_id":')],
    [
      'responds with bytes that are not text',
      (_, response) => {
        response.writeHead(201, { 'content-type': 'application/json' }).end(Buffer.from([0x7b, 0xff, 0x7d]));
      },
    ],
    ['responds with JSON that is not an object', json(201, [good])],
    ['responds with an error without a body', as('application/json', 500, '')],
    ['responds with another error shape', json(404, { message: 'no such route' })],
    ['responds with a refusal as a success', json(299, good)],
    ['redirects', (_, response) => response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end('{}')],
    ['responds with nothing', (_, response) => response.writeHead(204).end()],
    ['responds with more than 1 MiB', as('application/json', 201, `{"x":"${'x'.repeat(1024 * 1024)}"}`)],
    ['responds with without end', endless],
  ];

  it.each(failures)('because it %s is reported as 503, in bounded time', async (_, answer) => {
    gateway.backend.answer = answer;
    const startedAt = performance.now();
    const { status, body } = await post('confirm-email-code', confirmBody());
    expect({ status, body }).toEqual({
      status: 503,
      body: {
        error: {
          code: 'service_unavailable',
          message: 'Sign-in is not available at the moment; try again later.',
        },
      },
    });
    // GATEWAY_BACKEND_TIMEOUT, and room for a busy machine.
    expect(performance.now() - startedAt).toBeLessThan(300 + 3_000);
    // Asked once: the second time might confirm what the first has confirmed already.
    expect(gateway.backend.received).toHaveLength(1);

    gateway.backend.answer = json(201, good);
    expect(await post('confirm-email-code', confirmBody())).toMatchObject({ status: 201, body: good });
  });

  it('because nothing listens there is reported as 503', async () => {
    const other = await startTestGateway({
      GATEWAY_BACKEND_HTTP_URL: `http://127.0.0.1:${await freePort()}`,
    });
    const response = await fetch(`${other.httpUrl}/api/v1/public/auth/send-email-code`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: sendBody(),
    });
    expect([response.status, (await response.json()).error.code]).toEqual([503, 'service_unavailable']);
    await other[Symbol.asyncDispose]();
  });

  it('and says so in the platform’s own words is believed', async () => {
    const body = { error: { code: 'service_unavailable', message: 'The database is away.' } };
    gateway.backend.answer = json(503, body);
    expect(await post('send-email-code', sendBody())).toMatchObject({ status: 503, body });
  });
});

describe('the public listener', () => {
  it('publishes the key that responses are signed with', async () => {
    const { keys } = await (await fetch(`${gateway.httpUrl}/api/v1/public/auth/server-keys`)).json();
    expect(keys).toEqual([{ key_id: expect.any(String), public_key: expect.any(String), status: 'active' }]);
    const publicKey = Buffer.from(keys[0].public_key, 'base64');
    expect(publicKey).toHaveLength(32);
    expect(keys[0].key_id).toBe(createHash('sha256').update(publicKey).digest('hex').slice(0, 16));
  });

  it('has no other route, and serves no internal one', async () => {
    for (const path of ['/', '/api/v1/internal/sessions/x', '/api/v1/lobby/games', '/metrics']) {
      const response = await fetch(`${gateway.httpUrl}${path}`);
      expect([response.status, (await response.json()).error.code]).toEqual([404, 'not_found']);
    }
  });

  it('says not_found to other methods of its routes', async () => {
    for (const { method, route } of [
      { method: 'GET', route: 'send-email-code' },
      { method: 'PUT', route: 'confirm-email-code' },
      { method: 'POST', route: 'server-keys' },
    ]) {
      const response = await fetch(`${gateway.httpUrl}/api/v1/public/auth/${route}`, { method });
      expect([response.status, (await response.json()).error.code]).toEqual([404, 'not_found']);
    }
  });
});

it('a path with another method is 404, TRACE included', async () => {
  const { hostname, port } = new URL(gateway.httpUrl);
  for (const method of ['TRACE', 'PUT', 'PROPFIND']) {
    const sent = request({ hostname, port, method, path: '/api/v1/public/auth/send-email-code' }).end();
    const [response] = await once(sent, 'response');
    response.resume();
    expect(response.statusCode, method).toBe(404);
  }
});

describe('the link of a mail', () => {
  const url = (query: string) => `${gateway.httpUrl}/api/v1/public/mail/unsubscribe${query}`;

  it('asks with a page, whatever follows it, and does nothing', async () => {
    for (const [language, title] of [
      ['de', 'Keine Mails dieser Art mehr?'],
      ['pt', 'No more mails of this kind?'],
    ]) {
      const response = await fetch(url(`?token=t&language=${language}`));
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toMatch(/^text\/html/);
      expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(await response.text()).toContain(`<title>${title}</title>`);
    }
    expect(gateway.backend.received).toEqual([]);
  });

  it('is done by a POST, as mailboxes send it', async () => {
    gateway.backend.answer = json(200, {});
    const response = await fetch(url('?token=t&language=en'), {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'List-Unsubscribe=One-Click',
    });
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('Done: you get no more mails of this kind.');
    const [asked] = gateway.backend.received;
    expect(asked).toMatchObject({ url: '/api/v1/public/mail/unsubscribe', body: '{"token":"t"}' });
  });

  it('is refused where the backend refuses it, or without a token', async () => {
    const body = { error: { code: 'invalid_request', message: 'No.' } };
    gateway.backend.answer = json(400, body);
    const response = await fetch(url('?token=forged'), { method: 'POST' });
    expect({ status: response.status, body: await response.json() }).toEqual({ status: 400, body });
    for (const method of ['GET', 'POST']) expect((await fetch(url(''), { method })).status).toBe(400);
  });
});
