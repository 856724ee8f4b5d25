import { createRoute, z } from '@hono/zod-openapi';
import type { GameMaster } from '../../../lib/game-master/context.ts';
import { delaySeconds } from '../../../lib/game-master/domain/move-turn.ts';
import { delayTurn } from '../../../lib/game-master/operations/move-turn.ts';
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
const seconds = z.int().min(delaySeconds.min).max(delaySeconds.max);

const route = createRoute({
  method: 'post',
  path: '/games/{game_id}/turn/delay',
  operationId: 'delayTurn',
  summary: 'Has the open turn of a game due later, by so many seconds; quiet days count',
  tags: ['operations'],
  request: {
    params: z.strictObject({ game_id: id }),
    headers: mutationHeaders,
    body: jsonBody(z.strictObject({ turn, seconds, reason })),
  },
  responses: {
    200: jsonResponse(movedTurnSchema, 'The turn as it is now'),
    ...errorResponses('not_found', 'game_not_running', 'turn_closed', 'idempotency_conflict'),
  },
});

export const delayTurnRoute = (gm: Pick<GameMaster, 'db' | 'outbox'>) =>
  defineRoute(route, (c) => {
    const { game_id: gameId } = c.req.valid('param');
    const { turn, seconds, reason } = c.req.valid('json');
    const work = delayTurn(gm, callerOf(c), { gameId, turn, seconds, reason });
    return moveTurn(c, gm, work, { reason, done: 'a turn was delayed' });
  });
