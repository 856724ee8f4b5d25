import type { Context } from 'hono';
import type { HttpEnv } from '../../../lib/http/env.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { withIdempotencyKey } from '../../../lib/lobby/idempotency.ts';
import type { StoredGame } from '../../../lib/lobby/store/games.ts';
import { callerOf, idempotencyKeyOf } from '../request.ts';
import { etagOf, toGameFor } from './game-response.ts';

/** Makes a change to a game; responds with the changed game and its ETag. */
export async function changeGame(
  c: Context<HttpEnv>,
  lobby: Lobby,
  prepare: Parameters<typeof withIdempotencyKey<StoredGame, unknown>>[2],
) {
  const game = await withIdempotencyKey(lobby, await idempotencyKeyOf(c), prepare, toGameFor(callerOf(c)));
  c.header('ETag', etagOf(game));
  return c.json(game, 200);
}
