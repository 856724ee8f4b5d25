import { html } from 'hono/html';
import { z } from 'zod';
import type { Console } from '../../lib/console/context.ts';
import { gameSchema } from '../../lib/console/peers/responses.ts';
import { type ConsoleApp, forOperator, textIn } from './env.ts';
import { layout } from './layout.ts';
import { endsAndReason } from './parts.ts';

/** Undoes the block of a user from one game. */
export function unblockMemberPage(app: ConsoleApp, { lobby }: Console): void {
  const route = '/users/:id/games/:game/memberships/:membership/unblock';

  app.get(route, async (c) => {
    const { id, game: gameId, membership } = c.req.param();
    const path = `/api/v1/internal/lobby/games/${encodeURIComponent(gameId)}`;
    const game = await lobby.ask('GET', path, gameSchema, forOperator(c, 'lobby'));
    const content = html`<p class="words"><bdi>${game.game_name}</bdi></p>
      ${endsAndReason(['The user may join the game again, the way they came.', 'The user is notified.'], {
        action: `/users/${id}/games/${game.game_id}/memberships/${membership}/unblock`,
        button: 'Undo the block',
        back: `/users/${id}#games`,
      })}`;
    return c.html(layout(c, { title: 'Undo a block', place: '/users', content }));
  });

  app.post(route, async (c) => {
    const { id, membership } = c.req.param();
    const reason = textIn(await c.req.parseBody(), 'reason');
    const path = `/api/v1/internal/lobby/memberships/${encodeURIComponent(membership)}/unblock`;
    const unblocked = z.object({ membership_id: z.string() });
    await lobby.ask('POST', path, unblocked, { ...forOperator(c, 'lobby'), reason });
    return c.redirect(`/users/${id}#games`, 303);
  });
}
