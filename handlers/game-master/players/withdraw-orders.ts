import { createRoute, z } from '@hono/zod-openapi';
import type { GameMaster } from '../../../lib/game-master/context.ts';
import { accessOf } from '../../../lib/game-master/operations/access.ts';
import { withdrawOrders } from '../../../lib/game-master/operations/withdraw-orders.ts';
import { callerOf } from '../../../lib/http/caller.ts';
import { mutationHeaders } from '../../../lib/http/idempotency-key.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonBody, jsonResponse } from '../../../lib/http/schemas.ts';
import { changedOrdersSchema, changeOrders, turnNumber } from './change-orders.ts';

const route = createRoute({
  method: 'post',
  path: '/games/{game_id}/orders/withdraw',
  operationId: 'withdrawOrders',
  summary: 'Takes back the orders for the open turn; for holders of a seat',
  tags: ['play'],
  request: {
    params: z.strictObject({ game_id: id }),
    query: z.strictObject({}),
    headers: mutationHeaders,
    body: jsonBody(z.strictObject({ turn: turnNumber })),
  },
  responses: {
    200: jsonResponse(changedOrdersSchema, 'The seat has no orders for this turn'),
    ...errorResponses(
      'not_found',
      'forbidden',
      'game_not_running',
      'turn_closed',
      'idempotency_conflict',
      'service_unavailable',
    ),
  },
});

export const withdrawOrdersRoute = (gm: GameMaster) =>
  defineRoute(route, async (c) => {
    const { game_id: gameId } = c.req.valid('param');
    const access = await accessOf(gm, callerOf(c), gameId);
    return changeOrders(c, gm, gameId, () => withdrawOrders(gm, access, c.req.valid('json').turn));
  });
