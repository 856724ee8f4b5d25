import { createRoute } from '@hono/zod-openapi';
import { engineRoutes, gameStateSchema } from '../../lib/engine/api.ts';
import { defineRoute } from '../../lib/http/route.ts';
import { errorResponses, jsonResponse, noQuery } from '../../lib/http/schemas.ts';
import type { SampleEngine } from '../../lib/sample-engine/engine.ts';

const route = createRoute({
  method: 'get',
  path: engineRoutes.game,
  operationId: 'getGame',
  summary: 'The game as it is now',
  request: { query: noQuery },
  responses: { 200: jsonResponse(gameStateSchema, 'The state'), ...errorResponses('not_found') },
});

export const getGameRoute = (engine: SampleEngine) => defineRoute(route, (c) => c.json(engine.state(), 200));
