import { createRoute, z } from '@hono/zod-openapi';
import { orderStates } from '../../../lib/engine/api.ts';
import type { GameMaster } from '../../../lib/game-master/context.ts';
import { closeReasons } from '../../../lib/game-master/domain/game.ts';
import { listHistory } from '../../../lib/game-master/operations/list-history.ts';
import type { PlayedTurn } from '../../../lib/game-master/store/reads.ts';
import { callerOf } from '../../../lib/http/caller.ts';
import { pageOf, pageQuery, pageTokens } from '../../../lib/http/paging.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, timestamp } from '../../../lib/http/schemas.ts';
import { turnNumber } from './change-orders.ts';

const playedTurnSchema = z
  .object({
    turn: turnNumber,
    opened_at: timestamp,
    due_at: timestamp.nullable(),
    closed_at: timestamp,
    close_reason: z.enum(closeReasons),
    played_at: timestamp,
    seats: z.array(
      z.object({
        seat: z.int().positive(),
        state: z.enum([...orderStates, 'not_awaited']).openapi({
          description: 'What became of its orders; `not_awaited` for bots.',
        }),
      }),
    ),
  })
  .openapi('PlayedTurn');

const route = createRoute({
  method: 'get',
  path: '/games/{game_id}/history',
  operationId: 'listHistory',
  summary: 'The turns of a game that were played, the last one first',
  tags: ['play'],
  request: { params: z.strictObject({ game_id: id }), query: z.strictObject(pageQuery) },
  responses: {
    200: jsonResponse(pageOf(playedTurnSchema), 'A page of turns'),
    ...errorResponses('not_found', 'game_not_running', 'service_unavailable'),
  },
});

const tokens = pageTokens('history', z.tuple([z.int32().min(1)]).readonly());

export const listHistoryRoute = (gm: GameMaster) =>
  defineRoute(route, async (c) => {
    const { game_id } = c.req.valid('param');
    const { page_size: size, page_token } = c.req.valid('query');
    const token = tokens.of({ game_id, ...c.req.query() });
    const before = token.read(page_token)?.[0];
    const { items, next } = await listHistory(gm, callerOf(c), game_id, { size, before });
    return c.json(
      {
        items: items.map(toPlayedTurn),
        ...(next === undefined ? {} : { next_page_token: token.write([next]) }),
      },
      200,
    );
  });

function toPlayedTurn(turn: PlayedTurn): z.infer<typeof playedTurnSchema> {
  return {
    turn: turn.turn,
    opened_at: turn.openedAt.toISOString(),
    due_at: turn.dueAt?.toISOString() ?? null,
    closed_at: turn.closedAt.toISOString(),
    close_reason: turn.closeReason,
    played_at: turn.playedAt.toISOString(),
    seats: [...turn.outcomes],
  };
}
