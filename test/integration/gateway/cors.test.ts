import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { json } from '../../support/gateway/fake-upstream.ts';
import { startTestGateway, type TestGateway } from '../../support/gateway/gateway.ts';

const origin = 'https://play.example.com';
const path = '/api/v1/public/auth/send-email-code';

const allowed = (response: Response) => response.headers.get('access-control-allow-origin');

/** What a browser asks before it lets a page send JSON. */
function preflight(gateway: TestGateway, from: string): Promise<Response> {
  return fetch(`${gateway.httpUrl}${path}`, {
    method: 'OPTIONS',
    headers: {
      origin: from,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    },
  });
}

function post(gateway: TestGateway, from: string, body = '{}'): Promise<Response> {
  return fetch(`${gateway.httpUrl}${path}`, {
    method: 'POST',
    headers: { origin: from, 'content-type': 'application/json' },
    body,
  });
}

describe('pages of other origins, where origins are listed,', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startTestGateway({
      GATEWAY_PUBLIC_HTTP_CORS_ORIGINS: `${origin}, http://localhost:5173`,
      GATEWAY_RATE_LIMIT_SIGN_IN_EMAIL: '1/h burst 1',
    });
    gateway.backend.answer = json(202, { challenge_id: 'c', expires_at: '2026-01-01T00:10:00.000Z' });
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  it('may ask from a listed origin, without credentials', async () => {
    for (const from of [origin, 'http://localhost:5173']) {
      const response = await preflight(gateway, from);
      expect(response.status).toBe(204);
      expect(allowed(response)).toBe(from);
      expect(response.headers.get('access-control-allow-methods')).toBe('GET,POST');
      expect(response.headers.get('access-control-allow-headers')?.toLowerCase()).toContain('content-type');
      expect(response.headers.get('access-control-max-age')).toBe('600');
      expect(response.headers.get('access-control-allow-credentials')).toBeNull();
      expect(response.headers.get('vary')?.toLowerCase()).toContain('origin');
    }
    expect(gateway.backend.received).toEqual([]);
  });

  it('may read responses and refusals, with Retry-After and the request id', async () => {
    const refusals = [
      await post(gateway, origin, '{"email":"ada@example.com"}'),
      await post(gateway, origin, '{"email":"ada@example.com"}'),
      await post(gateway, origin, `{"email":"${'x'.repeat(9_000)}"}`),
      await fetch(`${gateway.httpUrl}/api/v1/nothing`, { headers: { origin } }),
    ];
    expect(refusals.map(({ status }) => status)).toEqual([202, 429, 413, 404]);
    for (const response of refusals) {
      expect(allowed(response)).toBe(origin);
      const exposed = response.headers.get('access-control-expose-headers');
      expect(exposed?.split(',')).toEqual(['Retry-After', 'X-Request-ID']);
      expect(response.headers.get('vary')?.toLowerCase()).toContain('origin');
    }
    expect(refusals[1]?.headers.get('retry-after')).toMatch(/^\d+$/);
  });

  it.each(['https://evil.example.com', 'null', `${origin}.evil.example.com`, 'http://play.example.com', '*'])(
    'may not read anything from %s',
    async (from) => {
      expect(allowed(await preflight(gateway, from))).toBeNull();
      expect(allowed(await post(gateway, from))).toBeNull();
    },
  );

  it('get no response from the probes', async () => {
    expect(allowed(await fetch(`${gateway.httpUrl}/healthz`, { headers: { origin } }))).toBeNull();
  });
});

describe('pages of other origins, where none is listed,', () => {
  it('may ask nothing', async () => {
    const gateway = await startTestGateway();
    gateway.backend.answer = json(202, { challenge_id: 'c', expires_at: '2026-01-01T00:10:00.000Z' });
    const asked = await preflight(gateway, origin);
    expect([asked.status, allowed(asked)]).toEqual([404, null]);
    expect(allowed(await post(gateway, origin))).toBeNull();
    await gateway[Symbol.asyncDispose]();
  });
});
