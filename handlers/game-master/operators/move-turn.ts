import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { GameMaster } from '../../../lib/game-master/context.ts';
import { withIdempotencyKey } from '../../../lib/game-master/idempotency.ts';
import type { MovedTurn } from '../../../lib/game-master/operations/move-turn.ts';
import type { Work } from '../../../lib/game-master/store/database.ts';
import type { HttpEnv } from '../../../lib/http/env.ts';
import { idempotencyKeyOf } from '../../../lib/http/idempotency-key.ts';
import { id, timestamp } from '../../../lib/http/schemas.ts';
import { latestClosing } from '../../../lib/time/turn-clock.ts';
import { turnNumber } from '../players/change-orders.ts';

export const movedTurnSchema = z
  .object({
    game_id: id,
    turn: turnNumber,
    due_at: timestamp,
    closes_at: timestamp.openapi({ description: 'When the turn closes at the latest.' }),
  })
  .openapi('MovedTurn');

/** Moves the time at which a turn is due, and logs why. */
export async function moveTurn(
  c: Context<HttpEnv>,
  gm: Pick<GameMaster, 'db' | 'outbox'>,
  work: Work<MovedTurn>,
  { reason, done }: { readonly reason: string; readonly done: string },
) {
  const key = await idempotencyKeyOf(c);
  const { body, result } = await withIdempotencyKey(gm, key, () => work, toMovedTurn);
  if (result !== undefined) {
    gm.outbox.publishSoon([result.gameId]);
    c.get('log').info({ ...body, reason }, done);
  }
  return c.json(body, 200);
}

function toMovedTurn({ gameId, turn, dueAt, graceSeconds }: MovedTurn): z.infer<typeof movedTurnSchema> {
  return {
    game_id: gameId,
    turn,
    due_at: dueAt.toISOString(),
    closes_at: latestClosing({ graceSeconds }, dueAt).toISOString(),
  };
}
