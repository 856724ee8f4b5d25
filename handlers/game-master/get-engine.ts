import { createRoute, z } from '@hono/zod-openapi';
import type { GameMaster } from '../../lib/game-master/context.ts';
import { engineHealths, phases } from '../../lib/game-master/domain/game.ts';
import { getEngine } from '../../lib/game-master/operations/get-engine.ts';
import { defineRoute } from '../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, noQuery, timestamp } from '../../lib/http/schemas.ts';

const engineSchema = z
  .object({
    game_id: id,
    runtime_job_id: id,
    container_id: z.string(),
    engine_endpoint: z.string(),
    phase: z.enum(phases),
    played_turn: z.int().nonnegative(),
    engine_health: z.enum(engineHealths),
    problem: z.string().nullable().openapi({ description: 'What was wrong at the last attempt.' }),
    failures: z.int().nonnegative().openapi({ description: 'Attempts in a row that failed.' }),
    next_attempt_at: timestamp.nullable().openapi({ description: 'null when there is nothing to do.' }),
  })
  .openapi('Engine');

const route = createRoute({
  method: 'get',
  path: '/games/{game_id}/engine',
  operationId: 'getEngine',
  summary: 'How the engine of a game does, and what was wrong with it last',
  tags: ['operations'],
  request: { params: z.strictObject({ game_id: id }), query: noQuery },
  responses: { 200: jsonResponse(engineSchema, 'The engine'), ...errorResponses('not_found') },
});

export const getEngineRoute = (gm: Pick<GameMaster, 'db'>) =>
  defineRoute(route, async (c) => {
    const { game_id } = c.req.valid('param');
    const game = await getEngine(gm, game_id);
    return c.json(
      {
        game_id,
        runtime_job_id: game.runtimeJobId,
        container_id: game.containerId,
        engine_endpoint: game.engineEndpoint,
        phase: game.phase,
        played_turn: game.playedTurn,
        engine_health: game.engineHealth,
        problem: game.engineProblem,
        failures: game.failures,
        next_attempt_at: game.nextAttemptAt?.toISOString() ?? null,
      },
      200,
    );
  });
