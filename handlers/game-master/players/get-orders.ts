import { createRoute, z } from '@hono/zod-openapi';
import type { GameMaster } from '../../../lib/game-master/context.ts';
import { getOrders } from '../../../lib/game-master/operations/get-orders.ts';
import { callerOf } from '../../../lib/http/caller.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, timestamp } from '../../../lib/http/schemas.ts';
import { turnNumber } from './change-orders.ts';
import { turnQuery } from './turn-query.ts';

const ordersSchema = z
  .object({
    game_id: id,
    turn: turnNumber,
    state: z.enum(['none', 'draft', 'ready']),
    orders: z
      .unknown()
      .openapi({ description: 'The JSON object, as it was given; null when there is none.' }),
    stored_at: timestamp.nullable(),
  })
  .openapi('Orders');

const route = createRoute({
  method: 'get',
  path: '/games/{game_id}/orders',
  operationId: 'getOrders',
  summary: 'The caller’s own orders for the open turn; nobody reads those of others',
  tags: ['play'],
  request: { params: z.strictObject({ game_id: id }), query: z.strictObject({ turn: turnQuery }) },
  responses: {
    200: jsonResponse(ordersSchema, 'The orders, as they were given'),
    ...errorResponses('not_found', 'forbidden', 'game_not_running', 'turn_closed', 'service_unavailable'),
  },
});

export const getOrdersRoute = (gm: GameMaster) =>
  defineRoute(route, async (c) => {
    const { game_id } = c.req.valid('param');
    const own = await getOrders(gm, callerOf(c), game_id, c.req.valid('query').turn);
    const { turn, state, orders, storedAt } = own;
    return c.json({ game_id, turn, state, orders, stored_at: storedAt?.toISOString() ?? null }, 200);
  });
