import { createRoute, type RouteHandler } from '@hono/zod-openapi';
import { engineRoutes, gameSetupSchema, gameStateSchema } from '../../lib/engine/api.ts';
import type { HttpEnv } from '../../lib/http/env.ts';
import { errorResponses, jsonBody, jsonResponse } from '../../lib/http/schemas.ts';
import type { SampleEngine } from '../../lib/sample-engine/engine.ts';

export const setUpGameRoute = createRoute({
  method: 'put',
  path: engineRoutes.game,
  operationId: 'setUpGame',
  summary: 'Sets the game up; again with the same players it changes nothing',
  request: { body: jsonBody(gameSetupSchema) },
  responses: { 200: jsonResponse(gameStateSchema, 'The state'), ...errorResponses('invalid_state') },
});

export function setUpGameHandler(engine: SampleEngine): RouteHandler<typeof setUpGameRoute, HttpEnv> {
  return async (c) => c.json(await engine.setUp(c.req.valid('json')), 200);
}
