import { createRoute, type RouteHandler } from '@hono/zod-openapi';
import { engineRoutes, gameStateSchema } from '../../lib/engine/api.ts';
import type { HttpEnv } from '../../lib/http/env.ts';
import { errorResponses, jsonResponse, noQuery } from '../../lib/http/schemas.ts';
import type { SampleEngine } from '../../lib/sample-engine/engine.ts';

export const getGameRoute = createRoute({
  method: 'get',
  path: engineRoutes.game,
  operationId: 'getGame',
  summary: 'The game as it is now',
  request: { query: noQuery },
  responses: { 200: jsonResponse(gameStateSchema, 'The state'), ...errorResponses('not_found') },
});

export function getGameHandler(engine: SampleEngine): RouteHandler<typeof getGameRoute, HttpEnv> {
  return (c) => c.json(engine.state(), 200);
}
