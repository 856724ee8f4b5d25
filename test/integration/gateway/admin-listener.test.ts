import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../../infra/local/child.ts';
import { startTestGateway, type TestGateway } from '../../support/gateway/gateway.ts';

let gateway: TestGateway;
let adminUrl: string;

beforeAll(async () => {
  const addr = `127.0.0.1:${await freePort()}`;
  adminUrl = `http://${addr}`;
  gateway = await startTestGateway({ GATEWAY_ADMIN_HTTP_ADDR: addr });
});
afterAll(() => gateway[Symbol.asyncDispose]());

describe('the admin listener', () => {
  it('serves GET /metrics as Prometheus text', async () => {
    const response = await fetch(`${adminUrl}/metrics`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const text = await response.text();
    expect(text).toContain('# TYPE galaxy_gateway_streams_open gauge\ngalaxy_gateway_streams_open 0\n');
  });

  it.each(['/', '/healthz', '/readyz', '/metrics/', '/metrics/x', '/api/v1/public/auth/server-keys'])(
    'responds with 404 for %s',
    async (path) => {
      const response = await fetch(adminUrl + path);
      expect(response.status).toBe(404);
      expect(await response.text()).toBe('Only GET /metrics is served here.\n');
    },
  );

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])('refuses %s /metrics', async (method) => {
    const response = await fetch(`${adminUrl}/metrics`, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET');
  });
});

it('does not serve metrics on the public listener', async () => {
  expect((await fetch(`${gateway.httpUrl}/metrics`)).status).toBe(404);
});

it('is named as a problem with its variable when its address is taken', async () => {
  const taken = new URL(adminUrl).host;
  await expect(startTestGateway({ GATEWAY_ADMIN_HTTP_ADDR: taken })).rejects.toThrow(
    /^GATEWAY_ADMIN_HTTP_ADDR: .* in use/,
  );
});
