import { createRoute, z } from '@hono/zod-openapi';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { gameStatuses } from '../../../lib/lobby/domain/game.ts';
import { readAccess } from '../../../lib/lobby/operations/read-for-play.ts';

const accessSchema = z.object({
  game_id: id,
  status: z.enum(gameStatuses),
  runtime_job_id: id.nullable(),
  visible: z.boolean().openapi({ description: 'Whether the user may see the game.' }),
  seat: z.int().nullable().openapi({ description: 'null unless the user is an active member with a seat.' }),
  member: z.boolean(),
  owner: z.boolean(),
  spectators: z.boolean(),
});

const route = createRoute({
  method: 'get',
  path: '/games/{game_id}/access',
  operationId: 'readAccess',
  summary: 'What a user may do with a game that runs, for the Game Master',
  tags: ['game master'],
  request: { params: z.strictObject({ game_id: id }), query: z.strictObject({ user_id: id }) },
  responses: { 200: jsonResponse(accessSchema, 'The access'), ...errorResponses('not_found') },
});

export const readAccessRoute = (lobby: Pick<Lobby, 'db'>) =>
  defineRoute(route, async (c) => {
    const access = await readAccess(lobby, c.req.valid('param').game_id, c.req.valid('query').user_id);
    return c.json(
      {
        game_id: access.gameId,
        status: access.status,
        runtime_job_id: access.runtimeJobId,
        visible: access.visible,
        seat: access.seat,
        member: access.member,
        owner: access.owner,
        spectators: access.spectators,
      },
      200,
    );
  });
