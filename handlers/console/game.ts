import { html } from 'hono/html';
import type { Console } from '../../lib/console/context.ts';
import {
  auditSchema,
  type Game,
  gameSchema,
  membershipsSchema,
  timelineSchema,
} from '../../lib/console/peers/responses.ts';
import { Refusal } from '../../lib/errors/table.ts';
import { isUuid } from '../../lib/protocol/ids.ts';
import { operatorNames } from './audit.ts';
import { type ConsoleApp, type ConsoleContext, forOperator, sessionOf } from './env.ts';
import { actionLinks } from './game-action.ts';
import { gamePath } from './game-path.ts';
import { engineCard, seatsCard, turnCard } from './game-play.ts';
import { type Html, layout } from './layout.ts';
import { memberLinks } from './member.ts';
import { auditTable, inPlainWords, problem, shown, statusTag, time, userLink } from './parts.ts';

/** One game: what lobby and Game Master know of it, and what can be done with it. Of a service that is down, it says so. */
export function gamePage(app: ConsoleApp, console: Console): void {
  app.get('/games/:id', async (c) => {
    const id = c.req.param('id');
    if (!isUuid(id)) throw new Refusal('not_found', 'There is no such game.');
    const { lobby } = console;
    const found = await lobby
      .ask('GET', gamePath(id), gameSchema, forOperator(c, 'lobby'))
      .catch((error: unknown) => {
        if (error instanceof Refusal && error.code === 'service_unavailable') return error;
        throw error;
      });
    const game = found instanceof Refusal ? undefined : found;
    const isPlayed = game === undefined || game.container_id !== null;
    const content = html`${found instanceof Refusal ? problem(found.message) : head(c, found)}
      ${isPlayed ? turnCard(c, console, id) : ''}
      ${isPlayed ? seatsCard(c, console, id) : ''}
      ${game && membersCard(c, console, game)}
      ${isPlayed ? engineCard(c, console, id) : ''}
      ${game && timelineCard(c, console, id)}
      ${actsCard(c, console, id)}`;
    return c.html(layout(c, { title: game?.game_name ?? `Game ${id}`, place: '/games', content }));
  });
}

function head(c: ConsoleContext, game: Game): Html {
  return html`<p>${statusTag(game.status)} <code>${game.game_id}</code></p>
    ${game.description && html`<p class="words"><bdi>${game.description}</bdi></p>`}
    ${actionLinks(sessionOf(c).operator.roles, game)}
    ${facts(c, game)}`;
}

function facts(c: ConsoleContext, game: Game): Html {
  const clock = game.turn_schedule ?? `every ${game.turn_seconds} s`;
  const rows: [string, Html | string | number | null][] = [
    ['Owner', game.owner_user_id === null ? 'an operator' : userLink(c, game.owner_user_id)],
    ['Players', `${game.active_members}, of ${game.min_players} to ${game.max_players}`],
    ['Engine', `${game.engine_family} ${game.target_engine_version}`],
    ['Health of the engine', game.engine_health && inPlainWords(game.engine_health)],
    ['Container', game.container_id && html`<code>${game.container_id}</code>`],
    [
      'Clock',
      `${clock}, ${game.time_zone}${game.grace_seconds > 0 ? `, grace ${game.grace_seconds} s` : ''}`,
    ],
    ['Last turn that was played', game.current_turn],
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

function membersCard(c: ConsoleContext, { lobby }: Console, game: Game): Promise<Html> {
  return shown(async () => {
    const path = `${gamePath(game.game_id)}/memberships?page_size=200`;
    const [active, blocked] = await Promise.all([
      lobby.ask('GET', path, membershipsSchema, forOperator(c, 'lobby')),
      lobby.ask('GET', `${path}&status=blocked`, membershipsSchema, forOperator(c, 'lobby')),
    ]);
    const members = [...active.items, ...blocked.items];
    if (members.length === 0)
      return html`<section class="card"><h2>Members</h2><p class="nothing">It has no members.</p></section>`;
    return html`<section class="card"><h2>Members</h2><div class="table" tabindex="0"><table>
      <thead><tr><th>Race name</th><th>State</th><th>Seat</th><th>User</th><th>Joined (UTC)</th><th></th></tr></thead>
      <tbody>${members.map(
        (one) => html`<tr>
          <td class="words"><bdi>${one.race_name}</bdi></td><td>${statusTag(one.status)}</td><td>${one.seat ?? '–'}</td>
          <td>${userLink(c, one.user_id)}</td><td>${time(one.joined_at)}</td>
          <td>${memberLinks(sessionOf(c).operator.roles, game, one)}</td>
        </tr>`,
      )}</tbody></table></div></section>`;
  });
}

function timelineCard(c: ConsoleContext, { lobby }: Console, id: string): Promise<Html> {
  return shown(async () => {
    const path = `${gamePath(id)}/timeline?page_size=200`;
    const { items } = await lobby.ask('GET', path, timelineSchema, forOperator(c, 'lobby'));
    if (items.length === 0)
      return html`<section class="card"><h2>Timeline</h2><p class="nothing">Nothing happened yet.</p></section>`;
    return html`<section class="card"><h2>Timeline</h2><div class="table" tabindex="0"><table>
      <thead><tr><th>When (UTC)</th><th>What</th><th>By</th><th>From → to</th><th>Remark</th></tr></thead>
      <tbody>${items.map(
        (
          one,
        ) => html`<tr><td>${time(one.at)}</td><td>${inPlainWords(one.trigger)}</td><td>${inPlainWords(one.actor)}</td>
          <td>${inPlainWords(one.from)} → ${inPlainWords(one.to)}</td><td class="words">${one.reason ?? '–'}</td></tr>`,
      )}</tbody></table></div></section>`;
  });
}

/** What operators did with the game, in the lobby and in the Game Master. */
async function actsCard(
  c: ConsoleContext,
  { backend, lobby, gameMaster }: Console,
  id: string,
): Promise<Html> {
  const path = `/api/v1/internal/audit-entries?subject_kind=game&subject_id=${encodeURIComponent(id)}&page_size=50`;
  const logs = await Promise.all(
    (
      [
        ['lobby', lobby],
        ['game-master', gameMaster],
      ] as const
    ).map(([audience, service]) =>
      service.ask('GET', path, auditSchema, forOperator(c, audience)).then(
        ({ items }) => items.map((entry) => ({ ...entry, service: audience })),
        (error: unknown) => {
          if (error instanceof Refusal) return error.message;
          throw error;
        },
      ),
    ),
  );
  const entries = logs
    .flatMap((log) => (typeof log === 'string' ? [] : log))
    .toSorted((one, other) => (one.entry_id < other.entry_id ? 1 : -1));
  return html`<section class="card"><h2>What operators did</h2>
    ${logs.map((log) => (typeof log === 'string' ? problem(log) : ''))}
    ${auditTable(entries, await operatorNames(c, backend))}</section>`;
}
