import { html } from 'hono/html';
import type { Console } from '../../lib/console/context.ts';
import {
  type Game,
  gameSchema,
  membershipSchema,
  membershipsSchema,
} from '../../lib/console/peers/responses.ts';
import { Refusal } from '../../lib/errors/table.ts';
import { may } from '../../lib/operators/permissions.ts';
import type { Role } from '../../lib/operators/roles.ts';
import { type ConsoleApp, forOperator } from './env.ts';
import { changeIn } from './game-action.ts';
import { gamePath } from './game-path.ts';
import { type Html, layout } from './layout.ts';
import { endsAndReason } from './parts.ts';

const acts = {
  remove: { name: 'Remove', title: 'Remove a member', of: 'active' },
  block: { name: 'Block', title: 'Block a member', of: 'active' },
  unblock: { name: 'Unblock', title: 'Undo a block', of: 'blocked' },
} as const;
type Act = keyof typeof acts;
const names = Object.keys(acts) as Act[];

type Member = {
  membership_id: string;
  user_id: string;
  race_name: string;
  status: string;
  seat: number | null;
};

/** Puts a member out of a game, for now or for good, or lets one who was blocked join again. */
export function memberPage(app: ConsoleApp, { lobby }: Console): void {
  for (const act of names) {
    const { name, title, of } = acts[act];
    const route = `/games/:id/members/:membership/${act}` as const;

    app.get(route, async (c) => {
      const { id, membership } = c.req.param();
      const asked = forOperator(c, 'lobby');
      const [game, { items }] = await Promise.all([
        lobby.ask('GET', gamePath(id), gameSchema, asked),
        lobby.ask('GET', `${gamePath(id)}/memberships?status=${of}&page_size=200`, membershipsSchema, asked),
      ]);
      const member = items.find((one) => one.membership_id === membership);
      if (member === undefined) throw new Refusal('not_found', `The game has no such ${of} member.`);
      const content = html`<p class="words"><bdi>${member.race_name}</bdi> in <bdi>${game.game_name}</bdi></p>
        ${endsAndReason(consequences(act, game, member), {
          action: `/games/${game.game_id}/members/${member.membership_id}/${act}`,
          button: name,
          back: `/games/${game.game_id}`,
          fields: html`<input type="hidden" name="key" value="${crypto.randomUUID()}">`,
        })}`;
      return c.html(layout(c, { title, place: '/games', content }));
    });

    app.post(route, async (c) => {
      const question = { ...forOperator(c, 'lobby'), ...changeIn(c, await c.req.parseBody()) };
      const path = `/api/v1/internal/lobby/memberships/${encodeURIComponent(c.req.param('membership'))}/${act}`;
      const { game_id } = await lobby.ask('POST', path, membershipSchema, question);
      return c.redirect(`/games/${game_id}`, 303);
    });
  }
}

/** What may be done with a member, as links. */
export function memberLinks(roles: readonly Role[], game: Game, member: Member): Html {
  if (!may(roles, 'games.change') || ['finished', 'cancelled'].includes(game.status)) return html``;
  const offered = names.filter((act) => acts[act].of === member.status);
  return html`<span class="links">${offered.map(
    (act) =>
      html`<a href="/games/${game.game_id}/members/${member.membership_id}/${act}">${acts[act].name} …</a>`,
  )}</span>`;
}

function consequences(act: Act, game: Game, { seat }: Member): string[] {
  if (act === 'unblock')
    return ['The user may join the game again, the way they came.', 'The user is notified.'];
  const left = game.active_members - 1;
  const isPlayed = ['starting', 'running', 'paused'].includes(game.status);
  return [
    act === 'block'
      ? 'The user is out of the game and cannot join it again, with this or another account of their address.'
      : 'The user is out of the game. They may come back the way they came.',
    isPlayed
      ? `Seat ${seat ?? 'of the member'} is vacant from the next turn on, and nobody waits for it. The race name stays reserved until the game ends.`
      : 'The place and the race name are free again.',
    ...(isPlayed && left === 0 ? ['The game is cancelled, since nobody is left to play it.'] : []),
    ...(['ready_to_start', 'start_failed'].includes(game.status) && left < game.min_players
      ? ['The game enrolls again, since too few members remain to start it.']
      : []),
    'The user is notified.',
  ];
}
