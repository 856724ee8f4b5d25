import { createRoute, z } from '@hono/zod-openapi';
import { maxPlayers } from '../../lib/engine/api.ts';
import type { RegisterRuntime } from '../../lib/game-master/registration.ts';
import { defineRoute } from '../../lib/http/route.ts';
import { errorResponses, id, jsonBody, jsonResponse } from '../../lib/http/schemas.ts';
import { keptTraceparent } from '../../lib/telemetry/trace.ts';
import { isTimeZone } from '../../lib/time/time-zone.ts';
import { scheduleProblem } from '../../lib/time/turn-schedule.ts';

const bodySchema = z
  .strictObject({
    runtime_job_id: z.uuidv7('must be a UUIDv7').toLowerCase(),
    container_id: z.string().min(1).max(256),
    engine_endpoint: z
      .url({ protocol: /^https?$/, error: 'must be a URL such as http://10.0.0.7:9000' })
      .max(2_048)
      .transform((url) => url.replace(/\/+$/, '')),
    turn_schedule: z.string().max(100),
    time_zone: z
      .string()
      .max(64)
      .refine(isTimeZone, 'must be an IANA time zone such as Europe/Berlin or UTC'),
    players: z
      .array(z.strictObject({ user_id: id, race_name: z.string().min(1) }))
      .min(1)
      .max(maxPlayers)
      .refine(
        (players) => new Set(players.map(({ user_id }) => user_id)).size === players.length,
        'must name each player once',
      ),
  })
  .superRefine(({ turn_schedule, time_zone }, context) => {
    const zone = isTimeZone(time_zone) ? time_zone : 'UTC';
    const problem = scheduleProblem(turn_schedule, zone, new Date());
    if (problem !== undefined)
      context.addIssue({ code: 'custom', path: ['turn_schedule'], message: problem });
  });

const route = createRoute({
  method: 'post',
  path: '/api/v1/internal/games/{game_id}/register-runtime',
  operationId: 'registerRuntime',
  summary: 'Takes over a game whose engine runs; a repeat with the same runtime changes nothing',
  request: { params: z.strictObject({ game_id: id }), body: jsonBody(bodySchema) },
  responses: {
    200: jsonResponse(z.object({ game_id: id, runtime_job_id: id }), 'The game is played here'),
    ...errorResponses('invalid_state'),
  },
});

export const registerRuntimeRoute = (register: RegisterRuntime) =>
  defineRoute(route, (c) => {
    const { game_id: gameId } = c.req.valid('param');
    const body = c.req.valid('json');
    const runtime = {
      gameId,
      jobId: body.runtime_job_id,
      containerId: body.container_id,
      engineEndpoint: body.engine_endpoint,
      turnSchedule: body.turn_schedule,
      timeZone: body.time_zone,
      players: body.players.map(({ user_id, race_name }) => ({ userId: user_id, raceName: race_name })),
    };
    register(runtime, keptTraceparent(c.req.header('traceparent')));
    return c.json({ game_id: gameId, runtime_job_id: runtime.jobId }, 200);
  });
