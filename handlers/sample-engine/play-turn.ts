import { createRoute } from '@hono/zod-openapi';
import { engineRoutes, gameStateSchema, turnRequestSchema } from '../../lib/engine/api.ts';
import { defineRoute } from '../../lib/http/route.ts';
import { errorResponses, jsonBody, jsonResponse } from '../../lib/http/schemas.ts';
import type { SampleEngine } from '../../lib/sample-engine/engine.ts';

const route = createRoute({
  method: 'post',
  path: engineRoutes.turns,
  operationId: 'playTurn',
  summary: 'Plays the next turn; a repeat of the last one only gets its response again',
  request: { body: jsonBody(turnRequestSchema) },
  responses: {
    200: jsonResponse(gameStateSchema, 'The state'),
    ...errorResponses('not_found', 'invalid_state'),
  },
});

export const playTurnRoute = (engine: SampleEngine) =>
  defineRoute(route, async (c) => c.json(await engine.playTurn(c.req.valid('json').turn), 200));
