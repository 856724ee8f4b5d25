import { createRoute, z } from '@hono/zod-openapi';
import { defineRoute } from '../../lib/http/route.ts';
import { jsonResponse } from '../../lib/http/schemas.ts';

const route = createRoute({
  method: 'get',
  path: '/api/v1/internal/healthz',
  operationId: 'healthz',
  summary: 'Whether games can be resumed: the Game Master runs, and accepts the caller’s token',
  responses: { 200: jsonResponse(z.object({ status: z.literal('ok') }), 'It runs') },
});

export const healthzRoute = defineRoute(route, (c) => c.json({ status: 'ok' as const }, 200));
