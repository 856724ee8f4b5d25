import { html } from 'hono/html';
import type { Console } from '../../lib/console/context.ts';
import {
  type Game,
  gameSchema,
  membershipsSchema,
  pendingSchema,
} from '../../lib/console/peers/responses.ts';
import { type ConsoleApp, forOperator, textIn } from './env.ts';
import { layout } from './layout.ts';
import { reasonField, statusTag } from './parts.ts';

/** Cancels a game, after the operator has seen what that ends and has said why. */
export function cancelGamePage(app: ConsoleApp, { lobby }: Console): void {
  const pathOf = (id: string) => `/api/v1/internal/lobby/games/${encodeURIComponent(id)}`;

  app.get('/games/:id/cancel', async (c) => {
    const path = pathOf(c.req.param('id'));
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
      <section class="card danger"><h2>This cannot be undone</h2>
        <ul id="blast-radius">${ends.map((line) => html`<li>${line}</li>`)}</ul>
      </section>
      <form class="card" method="post" action="/games/${game.game_id}/cancel">
        <input type="hidden" name="revision" value="${game.revision}">
        ${reasonField}
        <div class="buttons"><button class="danger">Cancel the game</button><a class="button" href="/games/${game.game_id}">Keep it</a></div>
      </form>`;
    return c.html(layout(c, { title: 'Cancel a game', place: '/games', content }));
  });

  app.post('/games/:id/cancel', async (c) => {
    const reason = textIn(await c.req.parseBody(), 'reason');
    const question = { ...forOperator(c, 'lobby'), reason };
    const { game_id } = await lobby.ask('POST', `${pathOf(c.req.param('id'))}/cancel`, gameSchema, question);
    return c.redirect(`/games/${game_id}`, 303);
  });
}

/** What the cancellation ends, in sentences. */
function blastRadius(
  game: Game,
  counts: { members: number; applications: number; invites: number },
): string[] {
  const counted = (count: number, one: string, many: string) =>
    count === 0 ? [] : [`${count} ${count === 1 ? one : many}.`];
  return [
    'The game ends without a result.',
    ...counted(counts.members, 'player loses their seat', 'players lose their seats'),
    ...counted(counts.members, 'race name becomes free', 'race names become free'),
    ...counted(counts.applications, 'application is cancelled', 'applications are cancelled'),
    ...counted(counts.invites, 'invite is cancelled', 'invites are cancelled'),
    ...(game.container_id === null ? [] : ['Its engine is stopped.']),
    'Its owner and players are notified.',
  ];
}
