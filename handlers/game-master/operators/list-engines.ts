import { createRoute, z } from '@hono/zod-openapi';
import { engineHealths } from '../../../lib/game-master/domain/game.ts';
import {
  listRunningEngines,
  type RunningEngine,
} from '../../../lib/game-master/operations/ask-engine-host.ts';
import { callerOf } from '../../../lib/http/caller.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, noQuery } from '../../../lib/http/schemas.ts';

const runningEngineSchema = z
  .object({
    game_id: id,
    runtime_job_id: id,
    engine_family: z.string().nullable(),
    engine_version: z.string(),
    state: z
      .enum(['starting', 'running', 'ended'])
      .openapi({ description: '`ended`: it is started again in a moment.' }),
    memory_bytes: z.int().nonnegative().nullable().openapi({ description: 'null when it is not known.' }),
    ended_times: z.int().nonnegative().openapi({ description: 'How often in a row it has ended by itself.' }),
    engine_health: z.enum(engineHealths).nullable().openapi({
      description: 'null when it plays no game that the Game Master plays.',
    }),
    failures: z
      .int()
      .nonnegative()
      .nullable()
      .openapi({ description: 'Attempts in a row to use it that failed.' }),
  })
  .openapi('RunningEngine');

const route = createRoute({
  method: 'get',
  path: '/engines',
  operationId: 'listRunningEngines',
  summary: 'Every engine that the Runtime Manager runs, or should, with its memory and failures',
  tags: ['operations'],
  request: { query: noQuery },
  responses: {
    200: jsonResponse(z.object({ items: z.array(runningEngineSchema) }), 'All engines'),
    ...errorResponses('service_unavailable'),
  },
});

export const listRunningEnginesRoute = (gm: Parameters<typeof listRunningEngines>[0]) =>
  defineRoute(route, async (c) => {
    const engines = await listRunningEngines(gm, callerOf(c).traceparent);
    return c.json({ items: engines.map(toEngine) }, 200);
  });

function toEngine({ engine, game }: RunningEngine): z.infer<typeof runningEngineSchema> {
  const { start_job_id, ...rest } = engine;
  return {
    ...rest,
    runtime_job_id: start_job_id,
    engine_health: game?.engineHealth ?? null,
    failures: game?.failures ?? null,
  };
}
