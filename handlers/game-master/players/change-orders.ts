import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { GameMaster } from '../../../lib/game-master/context.ts';
import { withIdempotencyKey } from '../../../lib/game-master/idempotency.ts';
import { finishTurn, turnNow } from '../../../lib/game-master/operations/finish-turn.ts';
import type { ChangedOrders } from '../../../lib/game-master/operations/submit-orders.ts';
import type { Work } from '../../../lib/game-master/store/database.ts';
import type { HttpEnv } from '../../../lib/http/env.ts';
import { idempotencyKeyOf } from '../../../lib/http/idempotency-key.ts';
import { id, timestamp } from '../../../lib/http/schemas.ts';

/** A turn that takes orders; the first is 1. */
export const turnNumber = z
  .int()
  .min(1)
  .max(2 ** 31 - 1);

export const changedOrdersSchema = z
  .object({
    game_id: id,
    turn: turnNumber,
    state: z.enum(['none', 'draft', 'ready']),
    stored_at: timestamp.nullable(),
    turn_now: turnNumber.nullable().openapi({
      description: 'The turn that the game is at now, also on a repeat; null once the game is over.',
    }),
  })
  .openapi('ChangedOrders');

/** Changes the orders of a seat. When nobody is awaited any more, waits a moment for the turn to be played. */
export async function changeOrders(
  c: Context<HttpEnv>,
  gm: GameMaster,
  gameId: string,
  prepare: () => Promise<Work<ChangedOrders>>,
) {
  const key = await idempotencyKeyOf(c);
  const { body, result } = await withIdempotencyKey(gm, key, prepare, toResponse);
  if (result?.notified) gm.outbox.publishSoon([gameId]);
  if (result?.closed) await finishTurn(gm, gameId, c.req.header('traceparent'));
  return c.json({ ...body, turn_now: await turnNow(gm, gameId) }, 200);
}

function toResponse({ gameId, turn, state, storedAt }: ChangedOrders) {
  return { game_id: gameId, turn, state, stored_at: storedAt?.toISOString() ?? null };
}
