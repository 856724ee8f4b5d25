import { html } from 'hono/html';
import type { Console } from '../../lib/console/context.ts';
import {
  type Game,
  gameSchema,
  membershipsSchema,
  timelineSchema,
} from '../../lib/console/peers/responses.ts';
import { may } from '../../lib/operators/permissions.ts';
import { type ConsoleApp, forOperator, sessionOf } from './env.ts';
import { type Html, layout } from './layout.ts';
import { statusTag, time } from './parts.ts';

/** One game: its settings, members and timeline, and what can be done with it. */
export function gamePage(app: ConsoleApp, { lobby }: Console): void {
  app.get('/games/:id', async (c) => {
    const path = `/api/v1/internal/lobby/games/${encodeURIComponent(c.req.param('id'))}`;
    const asked = forOperator(c, 'lobby');
    const [game, members, timeline] = await Promise.all([
      lobby.ask('GET', path, gameSchema, asked),
      lobby.ask('GET', `${path}/memberships?page_size=200`, membershipsSchema, asked),
      lobby.ask('GET', `${path}/timeline?page_size=200`, timelineSchema, asked),
    ]);
    const mayCancel =
      may(sessionOf(c).operator.roles, 'games.change') && !['finished', 'cancelled'].includes(game.status);
    const content = html`<p>${statusTag(game.status)} <code>${game.game_id}</code></p>
      ${game.description && html`<p class="words"><bdi>${game.description}</bdi></p>`}
      ${mayCancel ? html`<p><a class="button danger" href="/games/${game.game_id}/cancel">Cancel this game …</a></p>` : ''}
      ${facts(game)}
      <section class="card"><h2>Members</h2>${membersTable(members.items)}</section>
      <section class="card"><h2>Timeline</h2>${timelineTable(timeline.items)}</section>`;
    return c.html(layout(c, { title: game.game_name, place: '/games', content }));
  });
}

function facts(game: Game): Html {
  const clock = game.turn_schedule ?? `every ${game.turn_seconds} s`;
  const rows: [string, Html | string | number | null][] = [
    ['Owner', game.owner_user_id === null ? 'an operator' : html`<code>${game.owner_user_id}</code>`],
    ['Players', `${game.active_members} of ${game.min_players} to ${game.max_players}`],
    ['Engine', `${game.engine_family} ${game.target_engine_version}`],
    ['Health of the engine', game.engine_health],
    ['Container', game.container_id],
    ['Clock', `${clock}, ${game.time_zone}`],
    ['Turn', game.current_turn],
    ['Turn is due (UTC)', time(game.due_at)],
    ['Enrollment ends (UTC)', time(game.enrollment_ends_at)],
    ['Made (UTC)', time(game.created_at)],
    ['Started (UTC)', time(game.started_at)],
    ['Finished (UTC)', time(game.finished_at)],
    ['Revision', game.revision],
  ];
  return html`<section class="card"><h2>Game</h2><dl>${rows.map(
    ([name, value]) => html`<div><dt>${name}</dt><dd>${value ?? '–'}</dd></div>`,
  )}</dl></section>`;
}

function membersTable(
  members: readonly {
    user_id: string;
    race_name: string;
    status: string;
    seat: number | null;
    joined_at: string;
  }[],
): Html {
  if (members.length === 0) return html`<p class="nothing">It has no members.</p>`;
  return html`<div class="table"><table>
    <thead><tr><th>Race name</th><th>State</th><th>Seat</th><th>User</th><th>Joined (UTC)</th></tr></thead>
    <tbody>${members.map(
      (
        one,
      ) => html`<tr><td class="words"><bdi>${one.race_name}</bdi></td><td>${statusTag(one.status)}</td><td>${one.seat ?? '–'}</td>
        <td><code>${one.user_id}</code></td><td>${time(one.joined_at)}</td></tr>`,
    )}</tbody></table></div>`;
}

function timelineTable(
  entries: readonly {
    at: string;
    trigger: string;
    actor: string;
    from: string;
    to: string;
    reason: string | null;
  }[],
): Html {
  if (entries.length === 0) return html`<p class="nothing">Nothing happened yet.</p>`;
  return html`<div class="table"><table>
    <thead><tr><th>When (UTC)</th><th>What</th><th>By</th><th>From → to</th><th>Remark</th></tr></thead>
    <tbody>${entries.map(
      (
        one,
      ) => html`<tr><td>${time(one.at)}</td><td>${one.trigger.replaceAll('_', ' ')}</td><td>${one.actor.replaceAll('_', ' ')}</td>
        <td>${one.from.replaceAll('_', ' ')} → ${one.to.replaceAll('_', ' ')}</td><td class="words">${one.reason ?? '–'}</td></tr>`,
    )}</tbody></table></div>`;
}
