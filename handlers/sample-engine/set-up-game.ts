import { createRoute } from '@hono/zod-openapi';
import { engineRoutes, gameSetupSchema, gameStateSchema } from '../../lib/engine/api.ts';
import { defineRoute } from '../../lib/http/route.ts';
import { errorResponses, jsonBody, jsonResponse } from '../../lib/http/schemas.ts';
import type { SampleEngine } from '../../lib/sample-engine/engine.ts';

const route = createRoute({
  method: 'put',
  path: engineRoutes.game,
  operationId: 'setUpGame',
  summary: 'Sets the game up; a repeat with the same players changes nothing',
  request: { body: jsonBody(gameSetupSchema) },
  responses: { 200: jsonResponse(gameStateSchema, 'The state'), ...errorResponses('invalid_state') },
});

export const setUpGameRoute = (engine: SampleEngine) =>
  defineRoute(route, async (c) => c.json(await engine.setUp(c.req.valid('json')), 200));
