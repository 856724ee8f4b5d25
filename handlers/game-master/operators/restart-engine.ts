import { createRoute, z } from '@hono/zod-openapi';
import { restartEngine } from '../../../lib/game-master/operations/ask-engine-host.ts';
import { callerOf } from '../../../lib/http/caller.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonBody, jsonResponse } from '../../../lib/http/schemas.ts';
import { reason } from './reason.ts';

const route = createRoute({
  method: 'post',
  path: '/games/{game_id}/engine/restart',
  operationId: 'restartEngine',
  summary: 'Has the engine of a game ended and started again with its data; responds before that is done',
  tags: ['operations'],
  request: {
    params: z.strictObject({ game_id: id }),
    body: jsonBody(z.strictObject({ reason })),
  },
  responses: {
    200: jsonResponse(z.object({ game_id: id, runtime_job_id: id }), 'The engine is being restarted'),
    ...errorResponses('not_found', 'invalid_state', 'service_unavailable'),
  },
});

export const restartEngineRoute = (gm: Parameters<typeof restartEngine>[0]) =>
  defineRoute(route, async (c) => {
    const { game_id: gameId } = c.req.valid('param');
    const { reason } = c.req.valid('json');
    const { runtimeJobId } = await restartEngine(gm, callerOf(c), { gameId, reason });
    c.get('log').info(
      { game_id: gameId, runtime_job_id: runtimeJobId, reason },
      'an engine is to be restarted',
    );
    return c.json({ game_id: gameId, runtime_job_id: runtimeJobId }, 200);
  });
