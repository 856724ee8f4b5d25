import { html } from 'hono/html';
import type { Console } from '../../lib/console/context.ts';
import {
  type Game,
  gameSchema,
  membershipsSchema,
  pendingSchema,
} from '../../lib/console/peers/responses.ts';
import { type ConsoleApp, forOperator } from './env.ts';
import { changeIn, onceAtRevision, revisionIn } from './game-action.ts';
import { gamePath } from './game-path.ts';
import { layout } from './layout.ts';
import { counted, endsAndReason, statusTag } from './parts.ts';

/** Cancels a game, after the operator has seen what that ends and has said why. */
export function cancelGamePage(app: ConsoleApp, { lobby }: Console): void {
  app.get('/games/:id/cancel', async (c) => {
    const path = gamePath(c.req.param('id'));
    const asked = forOperator(c, 'lobby');
    const [game, members, applications, invites] = await Promise.all([
      lobby.ask('GET', path, gameSchema, asked),
      lobby.ask('GET', `${path}/memberships?status=active&page_size=200`, membershipsSchema, asked),
      lobby.ask('GET', `${path}/applications?status=pending&page_size=200`, pendingSchema, asked),
      lobby.ask('GET', `${path}/invites?page_size=200`, pendingSchema, asked),
    ]);
    const ends = blastRadius(game, {
      members: members.items.length,
      applications: applications.items.length,
      invites: invites.items.filter(({ status }) => status === 'pending').length,
    });
    const content = html`<p>${statusTag(game.status)} <bdi>${game.game_name}</bdi></p>
      ${endsAndReason(ends, {
        action: `/games/${game.game_id}/cancel`,
        button: 'Cancel the game',
        back: `/games/${game.game_id}`,
        fields: onceAtRevision(game),
      })}`;
    return c.html(layout(c, { title: 'Cancel a game', place: '/games', content }));
  });

  app.post('/games/:id/cancel', async (c) => {
    const form = await c.req.parseBody();
    const question = { ...forOperator(c, 'lobby'), ...changeIn(c, form), revision: revisionIn(form) };
    const { game_id } = await lobby.ask(
      'POST',
      `${gamePath(c.req.param('id'))}/cancel`,
      gameSchema,
      question,
    );
    return c.redirect(`/games/${game_id}`, 303);
  });
}

/** What the cancellation ends, in sentences. */
function blastRadius(
  game: Game,
  counts: { members: number; applications: number; invites: number },
): string[] {
  return [
    'The game ends without a result. This cannot be undone.',
    ...counted(counts.members, 'player loses their seat', 'players lose their seats'),
    ...counted(counts.members, 'race name becomes free', 'race names become free'),
    ...counted(counts.applications, 'application is cancelled', 'applications are cancelled'),
    ...counted(counts.invites, 'invite is cancelled', 'invites are cancelled'),
    ...(game.container_id === null ? [] : ['Its engine is stopped.']),
    'Its owner and players are notified.',
  ];
}
