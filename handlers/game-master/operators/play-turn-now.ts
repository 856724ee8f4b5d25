import { createRoute, z } from '@hono/zod-openapi';
import type { GameMaster } from '../../../lib/game-master/context.ts';
import { playTurnNow } from '../../../lib/game-master/operations/move-turn.ts';
import { callerOf } from '../../../lib/http/caller.ts';
import { mutationHeaders } from '../../../lib/http/idempotency-key.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonBody, jsonResponse } from '../../../lib/http/schemas.ts';
import { turnNumber } from '../players/change-orders.ts';
import { movedTurnSchema, moveTurn } from './move-turn.ts';
import { reason } from './reason.ts';

const turn = turnNumber.openapi({
  description: 'The turn that is open; refused when the game is at another.',
});

const route = createRoute({
  method: 'post',
  path: '/games/{game_id}/turn/play',
  operationId: 'playTurnNow',
  summary:
    'Has the open turn of a game closed and played now, with the orders that there are; a turn worker does it in a moment',
  tags: ['operations'],
  request: {
    params: z.strictObject({ game_id: id }),
    headers: mutationHeaders,
    body: jsonBody(z.strictObject({ turn, reason })),
  },
  responses: {
    200: jsonResponse(movedTurnSchema, 'The turn, which takes no more orders'),
    ...errorResponses('not_found', 'game_not_running', 'turn_closed', 'idempotency_conflict'),
  },
});

export const playTurnNowRoute = (gm: Pick<GameMaster, 'db' | 'outbox'>) =>
  defineRoute(route, (c) => {
    const { game_id: gameId } = c.req.valid('param');
    const { turn, reason } = c.req.valid('json');
    const work = playTurnNow(gm, callerOf(c), { gameId, turn, reason });
    return moveTurn(c, gm, work, { reason, done: 'a turn is to be played now' });
  });
