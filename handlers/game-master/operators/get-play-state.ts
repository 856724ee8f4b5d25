import { createRoute, z } from '@hono/zod-openapi';
import { engineHealths } from '../../../lib/game-master/domain/game.ts';
import { getPlayState } from '../../../lib/game-master/operations/get-play-state.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, noQuery, timestamp } from '../../../lib/http/schemas.ts';

const playStateSchema = z
  .object({
    turn_workers: z.int().nonnegative().openapi({ description: 'Turn workers that are alive.' }),
    turns_last_minute: z
      .int()
      .nonnegative()
      .openapi({ description: 'Turns that they played, a few seconds old.' }),
    overdue_seconds: z.number().nonnegative().openapi({
      description:
        'How long the game that has waited longest for a turn worker has waited; 0 when none waits.',
    }),
    failing_games: z
      .array(
        z.object({
          game_id: id,
          game_name: z.string(),
          engine_health: z.enum(engineHealths),
          problem: z.string().nullable(),
          failures: z.int().nonnegative(),
          next_attempt_at: timestamp.nullable(),
        }),
      )
      .openapi({ description: 'Games whose engine failed at the last attempt; at most 20.' }),
    failing_games_complete: z.boolean(),
  })
  .openapi('PlayState');

const route = createRoute({
  method: 'get',
  path: '/play-state',
  operationId: 'getPlayState',
  summary: 'How fast turns are played now, by how many workers, and which games fail',
  tags: ['operations'],
  request: { query: noQuery },
  responses: { 200: jsonResponse(playStateSchema, 'The state of play'), ...errorResponses() },
});

export const getPlayStateRoute = (gm: Parameters<typeof getPlayState>[0]) =>
  defineRoute(route, async (c) => {
    const { workers, turnsLastMinute, overdueSeconds, failing, isComplete } = await getPlayState(gm);
    return c.json(
      {
        turn_workers: workers,
        turns_last_minute: turnsLastMinute,
        overdue_seconds: overdueSeconds,
        failing_games: failing.map((game) => ({
          game_id: game.gameId,
          game_name: game.gameName,
          engine_health: game.engineHealth,
          problem: game.engineProblem,
          failures: game.failures,
          next_attempt_at: game.nextAttemptAt?.toISOString() ?? null,
        })),
        failing_games_complete: isComplete,
      },
      200,
    );
  });
