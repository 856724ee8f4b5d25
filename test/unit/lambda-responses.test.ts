import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { handleEvents } from '../../infra/lambda/handle-events.ts';
import type { HttpEnv } from '../../lib/http/env.ts';

const event = {
  version: '2.0',
  routeKey: '$default',
  rawPath: '/orders',
  rawQueryString: 'size=1',
  headers: { 'content-type': 'application/json' },
  body: '{"text":"✦"}',
  isBase64Encoded: false,
  requestContext: {
    accountId: '1',
    apiId: 'a',
    authentication: null,
    authorizer: {},
    domainName: 'example.com',
    domainPrefix: 'example',
    http: {
      method: 'POST',
      path: '/orders',
      protocol: 'HTTP/1.1',
      sourceIp: '203.0.113.9',
      userAgent: 'test',
    },
    requestId: 'r',
    routeKey: '$default',
    stage: '$default',
    time: '',
    timeEpoch: 0,
  },
};

test('an answer of Lambda waits for what goes on behind it, since the process is frozen afterwards', async () => {
  const app = new Hono<HttpEnv>();
  app.post('/orders', async (c) => c.json({ ...(await c.req.json()), size: c.req.query('size') }, 201));
  const published = Promise.withResolvers<void>();
  const steps: string[] = [];

  const answering = handleEvents(app, async () => {
    steps.push('waits');
    await published.promise;
  })(event).then((answer) => {
    steps.push('answers');
    return answer;
  });
  await expect.poll(() => steps, { timeout: 10_000 }).toEqual(['waits']);
  steps.push('published');
  published.resolve();

  expect(await answering).toMatchObject({ statusCode: 201, body: '{"text":"✦","size":"1"}' });
  expect(steps).toEqual(['waits', 'published', 'answers']);
});
