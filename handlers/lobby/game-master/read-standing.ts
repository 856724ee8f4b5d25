import { createRoute, z } from '@hono/zod-openapi';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, timestamp } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { earlyModes, gameStatuses } from '../../../lib/lobby/domain/game.ts';
import { readStanding } from '../../../lib/lobby/operations/read-for-play.ts';

const standingSchema = z.object({
  game_id: id,
  status: z.enum(gameStatuses),
  revision: z.int(),
  runtime_job_id: id.nullable(),
  container_id: z.string().nullable(),
  engine_endpoint: z.string().nullable(),
  registered_at: timestamp.nullable(),
  game_name: z.string(),
  owner_user_id: id.nullable(),
  turn_schedule: z.string().nullable(),
  time_zone: z.string(),
  turn_seconds: z.int().nullable(),
  min_turn_seconds: z.int().nullable(),
  quiet_days: z.array(z.int()),
  grace_seconds: z.int(),
  early: z.enum(earlyModes),
  spectators: z.boolean(),
  options: z.record(z.string(), z.unknown()),
  engine_family: z.string(),
  target_engine_version: z.string(),
  current_turn: z.int().nullable(),
  report_seq: z.int().nullable().openapi({ description: 'Of the last report that counted.' }),
  seats: z
    .array(z.object({ seat: z.int(), user_id: id, race_name: z.string() }))
    .openapi({ description: 'Of active members.' }),
});

const route = createRoute({
  method: 'get',
  path: '/games/{game_id}/standing',
  operationId: 'readStanding',
  summary: 'How a game stands, how its turns are due, and who holds its seats, for the Game Master',
  tags: ['game master'],
  request: { params: z.strictObject({ game_id: id }) },
  responses: { 200: jsonResponse(standingSchema, 'The standing'), ...errorResponses('not_found') },
});

export const readStandingRoute = (lobby: Pick<Lobby, 'db'>) =>
  defineRoute(route, async (c) => {
    const { game, holders } = await readStanding(lobby, c.req.valid('param').game_id);
    return c.json(
      {
        game_id: game.gameId,
        status: game.status,
        revision: game.revision,
        runtime_job_id: game.runtimeJobId,
        container_id: game.containerId,
        engine_endpoint: game.engineEndpoint,
        registered_at: game.registeredAt?.toISOString() ?? null,
        game_name: game.gameName,
        owner_user_id: game.ownerUserId,
        turn_schedule: game.turnSchedule,
        time_zone: game.timeZone,
        turn_seconds: game.turnSeconds,
        min_turn_seconds: game.minTurnSeconds,
        quiet_days: [...game.quietDays],
        grace_seconds: game.graceSeconds,
        early: game.early,
        spectators: game.spectators,
        options: game.options,
        engine_family: game.engineFamily,
        target_engine_version: game.targetEngineVersion,
        current_turn: game.currentTurn,
        report_seq: game.reportSeq,
        seats: holders.map(({ seat, userId, raceName }) => ({ seat, user_id: userId, race_name: raceName })),
      },
      200,
    );
  });
