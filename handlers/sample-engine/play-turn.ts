import { createRoute, type RouteHandler } from '@hono/zod-openapi';
import { engineRoutes, gameStateSchema, turnRequestSchema } from '../../lib/engine/api.ts';
import type { HttpEnv } from '../../lib/http/env.ts';
import { errorResponses, jsonBody, jsonResponse } from '../../lib/http/schemas.ts';
import type { SampleEngine } from '../../lib/sample-engine/engine.ts';

export const playTurnRoute = createRoute({
  method: 'post',
  path: engineRoutes.turns,
  operationId: 'playTurn',
  summary: 'Plays the next turn; the last one again only repeats its answer',
  request: { body: jsonBody(turnRequestSchema) },
  responses: {
    200: jsonResponse(gameStateSchema, 'The state'),
    ...errorResponses('not_found', 'invalid_state'),
  },
});

export function playTurnHandler(engine: SampleEngine): RouteHandler<typeof playTurnRoute, HttpEnv> {
  return async (c) => c.json(await engine.playTurn(c.req.valid('json').turn), 200);
}
