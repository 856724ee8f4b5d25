import { createRoute, z } from '@hono/zod-openapi';
import { gameResultSchema, manifestSchema } from '../../../lib/engine/api.ts';
import type { GameMaster } from '../../../lib/game-master/context.ts';
import { getTurn, type Turn, turnStatuses } from '../../../lib/game-master/operations/get-turn.ts';
import { callerOf } from '../../../lib/http/caller.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, noQuery, timestamp } from '../../../lib/http/schemas.ts';

const turn = z.int().nonnegative();
const seat = z.int().positive();

const turnSchema = z
  .object({
    game_id: id,
    turn: turn.openapi({ description: 'The turn to be played next; once the game is over, the last one.' }),
    status: z.enum(turnStatuses).openapi({
      description: 'Only an `open` turn takes orders. A `closed` one is being played.',
    }),
    opened_at: timestamp.nullable(),
    due_at: timestamp
      .nullable()
      .openapi({ description: 'null while the game is paused, and once it is over.' }),
    closes_at: timestamp.nullable().openapi({
      description:
        'When the turn closes at the latest: at due_at, or later by grace_seconds while a seat that it waits for has given nothing.',
    }),
    due_reason: z.enum(['schedule', 'turn_seconds']).nullable(),
    awaiting: z.array(seat).openapi({ description: 'Seats that the turn waits for, ready or not.' }),
    ready: z.array(seat).openapi({ description: 'Those among them that need not be waited for.' }),
    your_seat: seat.nullable(),
    your_orders: z.enum(['none', 'draft', 'ready']).nullable(),
    played_turn: turn.openapi({ description: 'The last turn that was played; 0 before the first.' }),
    turn_order: manifestSchema.shape.turn_order.nullable(),
    result: gameResultSchema.nullable(),
  })
  .openapi('Turn');

const route = createRoute({
  method: 'get',
  path: '/games/{game_id}/turn',
  operationId: 'getTurn',
  summary: 'The turn that a game is at: when it is due, and who is awaited',
  tags: ['play'],
  request: { params: z.strictObject({ game_id: id }), query: noQuery },
  responses: {
    200: jsonResponse(turnSchema, 'The turn'),
    ...errorResponses('not_found', 'game_not_running', 'service_unavailable'),
  },
});

export const getTurnRoute = (gm: GameMaster) =>
  defineRoute(route, async (c) => {
    const { game_id } = c.req.valid('param');
    return c.json(toTurn(game_id, await getTurn(gm, callerOf(c), game_id)), 200);
  });

function toTurn(gameId: string, now: Turn): z.infer<typeof turnSchema> {
  return {
    game_id: gameId,
    turn: now.turn,
    status: now.status,
    opened_at: now.openedAt?.toISOString() ?? null,
    due_at: now.dueAt?.toISOString() ?? null,
    closes_at: now.closesAt?.toISOString() ?? null,
    due_reason: now.dueReason,
    awaiting: [...now.awaiting],
    ready: [...now.ready],
    your_seat: now.seat,
    your_orders: now.ownOrders,
    played_turn: now.playedTurn,
    turn_order: now.turnOrder,
    result: now.result,
  };
}
