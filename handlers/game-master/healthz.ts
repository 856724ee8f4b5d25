import { createRoute, type RouteHandler, z } from '@hono/zod-openapi';
import type { HttpEnv } from '../../lib/http/env.ts';
import { jsonResponse } from '../../lib/http/schemas.ts';

export const healthzRoute = createRoute({
  method: 'get',
  path: '/api/v1/internal/healthz',
  operationId: 'healthz',
  summary: 'Whether games can be resumed: the Game Master is there, and knows the caller’s token',
  responses: { 200: jsonResponse(z.object({ status: z.literal('ok') }), 'It is there') },
});

export function healthzHandler(): RouteHandler<typeof healthzRoute, HttpEnv> {
  return (c) => c.json({ status: 'ok' as const }, 200);
}
