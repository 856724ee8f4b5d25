import { createRoute, z } from '@hono/zod-openapi';
import { readEngineLog } from '../../../lib/game-master/operations/ask-engine-host.ts';
import { callerOf } from '../../../lib/http/caller.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse } from '../../../lib/http/schemas.ts';
import { maxLogTailBytes } from '../../../lib/protocol/engine-requests.ts';

const bytesProblem = `must be a whole number from 1 to ${maxLogTailBytes}`;

const route = createRoute({
  method: 'get',
  path: '/games/{game_id}/engine/log',
  operationId: 'readEngineLog',
  summary: 'The end of what the engine of a game wrote, without the values that operators gave to engines',
  tags: ['operations'],
  request: {
    params: z.strictObject({ game_id: id }),
    query: z.strictObject({
      max_bytes: z
        .string()
        .regex(/^\d{1,6}$/, bytesProblem)
        .transform(Number)
        .refine((bytes) => bytes >= 1 && bytes <= maxLogTailBytes, bytesProblem)
        .default(16_384)
        .openapi({ type: 'integer', minimum: 1, maximum: maxLogTailBytes, default: 16_384 }),
    }),
  },
  responses: {
    200: jsonResponse(
      z.object({
        game_id: id,
        runtime_job_id: id,
        text: z.string(),
        cut: z
          .boolean()
          .openapi({ description: 'Whether it wrote more before that; then the text begins with a line.' }),
      }),
      'The end of the log',
    ),
    ...errorResponses('not_found', 'service_unavailable'),
  },
});

export const readEngineLogRoute = (gm: Parameters<typeof readEngineLog>[0]) =>
  defineRoute(route, async (c) => {
    const { game_id: gameId } = c.req.valid('param');
    const { max_bytes: maxBytes } = c.req.valid('query');
    const { game, text, cut } = await readEngineLog(gm, { gameId, maxBytes }, callerOf(c).traceparent);
    return c.json({ game_id: gameId, runtime_job_id: game.runtimeJobId, text, cut }, 200);
  });
