import { createRoute, z } from '@hono/zod-openapi';
import { pageOf, pageQuery, pageTokens } from '../../../lib/http/paging.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, timestamp } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import {
  gameStatuses,
  type TimelineEntry,
  transitionActors,
  triggers,
} from '../../../lib/lobby/domain/game.ts';
import { getTimeline } from '../../../lib/lobby/operations/get-timeline.ts';
import { callerOf } from '../request.ts';

const entrySchema = z
  .object({
    entry_id: id,
    game_id: id,
    at: timestamp,
    trigger: z.enum(triggers),
    actor: z.enum(transitionActors),
    actor_id: z.string().nullable().openapi({
      description: 'The user or admin behind the actor; null when there is none, or none was named.',
    }),
    from: z.enum(gameStatuses),
    to: z.enum(gameStatuses),
    reason: z.string().nullable(),
  })
  .openapi('TimelineEntry');

const route = createRoute({
  method: 'get',
  path: '/games/{game_id}/timeline',
  operationId: 'getTimeline',
  summary: 'The transitions of a game, oldest first; for its owner and admins',
  tags: ['games'],
  request: { params: z.strictObject({ game_id: id }), query: z.strictObject(pageQuery) },
  responses: {
    200: jsonResponse(pageOf(entrySchema), 'A page of transitions'),
    ...errorResponses('not_found', 'forbidden'),
  },
});

const tokens = pageTokens('timeline', z.tuple([z.int32().min(0)]).readonly());

export const getTimelineRoute = (lobby: Pick<Lobby, 'db' | 'readFromReplica'>) =>
  defineRoute(route, async (c) => {
    const { game_id } = c.req.valid('param');
    const { page_size, page_token } = c.req.valid('query');
    const token = tokens.of({ game_id, ...c.req.query() });
    const after = token.read(page_token)?.[0];
    const { items, next } = await getTimeline(lobby, callerOf(c), game_id, { size: page_size, after });
    return c.json(
      {
        items: items.map(toEntry),
        ...(next === undefined ? {} : { next_page_token: token.write([next]) }),
      },
      200,
    );
  });

function toEntry(entry: TimelineEntry): z.infer<typeof entrySchema> {
  return {
    entry_id: entry.entryId,
    game_id: entry.gameId,
    at: entry.at.toISOString(),
    trigger: entry.trigger,
    actor: entry.actor,
    actor_id: entry.actorId,
    from: entry.from,
    to: entry.to,
    reason: entry.reason,
  };
}
