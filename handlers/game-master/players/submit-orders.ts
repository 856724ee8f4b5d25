import { createRoute, z } from '@hono/zod-openapi';
import type { GameMaster } from '../../../lib/game-master/context.ts';
import { accessOf } from '../../../lib/game-master/operations/access.ts';
import { submitOrders } from '../../../lib/game-master/operations/submit-orders.ts';
import { callerOf } from '../../../lib/http/caller.ts';
import { mutationHeaders } from '../../../lib/http/idempotency-key.ts';
import { isDeeperThan } from '../../../lib/http/json-depth.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonBody, jsonResponse } from '../../../lib/http/schemas.ts';
import { changedOrdersSchema, changeOrders, turnNumber } from './change-orders.ts';

const maxDepth = 50;

const bodySchema = z.strictObject({
  turn: turnNumber.openapi({ description: 'The turn that the orders are for: the one that is open.' }),
  orders: z
    .record(z.string(), z.unknown())
    .refine((orders) => !isDeeperThan(orders, maxDepth), `must not be nested deeper than ${maxDepth} levels`)
    .openapi({ description: 'As the engine’s orders_schema has them; at most 64 KiB as JSON.' }),
  ready: z.boolean().default(false).openapi({
    description: 'Whether nobody needs to wait for this seat any more. Orders can still be replaced.',
  }),
});

const route = createRoute({
  method: 'post',
  path: '/games/{game_id}/orders',
  operationId: 'submitOrders',
  summary: 'Gives orders for the open turn, in place of earlier ones; for holders of a seat',
  tags: ['play'],
  request: {
    params: z.strictObject({ game_id: id }),
    query: z.strictObject({}),
    headers: mutationHeaders,
    body: jsonBody(bodySchema),
  },
  responses: {
    200: jsonResponse(changedOrdersSchema, 'The orders are stored, and count when the turn is played'),
    ...errorResponses(
      'not_found',
      'forbidden',
      'game_not_running',
      'turn_closed',
      'orders_too_large',
      'orders_invalid',
      'idempotency_conflict',
      'engine_unavailable',
      'service_unavailable',
    ),
  },
});

export const submitOrdersRoute = (gm: GameMaster) =>
  defineRoute(route, async (c) => {
    const caller = callerOf(c);
    const { game_id: gameId } = c.req.valid('param');
    const access = await accessOf(gm, caller, gameId);
    return changeOrders(c, gm, gameId, () => submitOrders(gm, caller, access, c.req.valid('json')));
  });
