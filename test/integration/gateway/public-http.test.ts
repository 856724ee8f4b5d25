import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from '../../support/gateway.ts';
import { json } from '../../support/upstream-server.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway({
    GATEWAY_BACKEND_TIMEOUT: '300ms',
    GATEWAY_PUBLIC_HTTP_READ_HEADER_TIMEOUT: '500ms',
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
  it('hands question and answer through, with the request id but without the caller’s identity headers', async () => {
    gateway.backend.answer = json(202, { challenge_id: 'c', expires_at: '2026-01-01T00:10:00.000Z' });
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const answer = await post('send-email-code', '{"email":"ada@example.com"}', {
      'x-request-id': 'my-request',
      'x-user-id': '01930f3c-7b1a-7000-8000-00000000a11c',
      authorization: 'Bearer mine',
      traceparent,
    });
    expect(answer).toMatchObject({ status: 202, body: { challenge_id: 'c' } });
    expect(answer.headers.get('x-request-id')).toBe('my-request');
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

  it('keeps the status, body and Retry-After of a refusal', async () => {
    const body = { error: { code: 'rate_limited', message: 'Too many mails.' } };
    gateway.backend.answer = (_, response) => {
      response.writeHead(429, { 'content-type': 'application/json', 'retry-after': '60' });
      response.end(JSON.stringify(body));
    };
    const answer = await post('send-email-code', '{}');
    expect(answer).toMatchObject({ status: 429, body });
    expect(answer.headers.get('retry-after')).toBe('60');
  });

  it.each([
    ['is too slow', () => undefined],
    ['answers garbage', json(200, undefined)],
  ])('is 503 when the backend %s', async (_, answer) => {
    gateway.backend.answer = answer;
    expect(await post('confirm-email-code', '{}')).toMatchObject({
      status: 503,
      body: { error: { code: 'service_unavailable' } },
    });
  });

  it('refuses a body over 8 KiB and asks nobody', async () => {
    const answer = await post('send-email-code', JSON.stringify({ email: 'x'.repeat(9_000) }));
    expect(answer).toMatchObject({ status: 413, body: { error: { code: 'payload_too_large' } } });
    expect(gateway.backend.received).toEqual([]);
  });
});

describe('the public listener', () => {
  it('publishes the key that answers are signed with', async () => {
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

  it('drops a client that does not finish its headers', async () => {
    const socket = connect(Number(new URL(gateway.httpUrl).port), '127.0.0.1');
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n');
    const answer = await new Promise<string>((resolve) => {
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.on('close', () => resolve(text));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  });
});
