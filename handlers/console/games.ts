import { html } from 'hono/html';
import type { Console } from '../../lib/console/context.ts';
import { type Game, gameSchema, gamesSchema } from '../../lib/console/peers/responses.ts';
import { gameStatuses } from '../../lib/protocol/game-status.ts';
import { isUuid } from '../../lib/protocol/ids.ts';
import { type ConsoleApp, forOperator } from './env.ts';
import { gamePath } from './game-path.ts';
import { type Html, layout } from './layout.ts';
import { inPlainWords, nextPage, statusTag, time } from './parts.ts';

/** As the lobby's search has them, and `q` of the form. */
const filterNames = [
  'q',
  'status',
  'game_type',
  'engine_family',
  'target_engine_version',
  'owner_user_id',
  'created_from',
  'created_before',
] as const;
type Filters = Readonly<Record<(typeof filterNames)[number], string>>;

/** Search for games by words of their name, state, owner, engine and time, or by id. */
export function gamesPage(app: ConsoleApp, { lobby }: Console): void {
  app.get('/games', async (c) => {
    const given = c.req.query();
    const filters = Object.fromEntries(
      filterNames.map((name) => [name, (given[name] ?? '').trim()]),
    ) as Filters;
    if (isUuid(filters.q)) {
      const { game_id } = await lobby.ask('GET', gamePath(filters.q), gameSchema, forOperator(c, 'lobby'));
      return c.redirect(`/games/${game_id}`, 303);
    }
    const set = Object.entries({ ...filters, page_token: given.page_token ?? '' }).filter(
      ([, value]) => value !== '',
    );
    const query = new URLSearchParams(
      set.map(([name, value]) => [name, name.startsWith('created_') ? midnight(value) : value]),
    );
    const path = `/api/v1/internal/lobby/game-search?${query}`;
    const { items, next_page_token } = await lobby.ask('GET', path, gamesSchema, forOperator(c, 'lobby'));
    const nothing =
      next_page_token === undefined ? 'No game matches.' : 'No game matches yet; the next page searches on.';
    const content = html`${search(filters)}
      <section class="card">${items.length === 0 ? html`<p class="nothing">${nothing}</p>` : table(items)}
      ${nextPage('/games', Object.fromEntries(set), next_page_token)}</section>`;
    return c.html(layout(c, { title: 'Games', place: '/games', content }));
  });
}

/** Days of the form are in UTC. */
function midnight(day: string): string {
  return /^\d{4}-\d\d-\d\d$/.test(day) ? `${day}T00:00:00Z` : day;
}

function search(filters: Filters): Html {
  const text = (name: keyof Filters, label: string, more = html``) =>
    html`<div class="field"><label for="${name}">${label}</label><input id="${name}" name="${name}" value="${filters[name]}" maxlength="100" autocomplete="off" ${more}></div>`;
  const choice = (name: keyof Filters, label: string, values: readonly string[]) =>
    html`<div class="field"><label for="${name}">${label}</label><select id="${name}" name="${name}"><option value="">all</option>${values.map(
      (one) =>
        html`<option value="${one}" ${one === filters[name] ? html`selected` : ''}>${inPlainWords(one)}</option>`,
    )}</select></div>`;
  const more = filterNames.slice(2).some((name) => filters[name] !== '');
  return html`<form class="card" method="get" action="/games" role="search">
    <div class="search">
      ${text('q', 'Words of the name, or an id', html`type="search"`)}
      ${choice('status', 'State', gameStatuses)}
      <button class="primary">Search</button>
    </div>
    <details ${more ? html`open` : ''}><summary>More filters</summary><div class="filters">
      ${choice('game_type', 'Type', ['public', 'private'])}
      ${text('engine_family', 'Engine family')}
      ${text('target_engine_version', 'Engine version')}
      ${text('owner_user_id', 'Id of the owner')}
      ${text('created_from', 'Made from (UTC)', html`type="date"`)}
      ${text('created_before', 'Made before (UTC)', html`type="date"`)}
    </div></details>
  </form>`;
}

function table(games: readonly Game[]): Html {
  return html`<div class="table" tabindex="0"><table>
    <thead><tr><th>Game</th><th>State</th><th>Players</th><th>Turn</th><th>Due (UTC)</th><th>Engine</th><th>Made (UTC)</th></tr></thead>
    <tbody>${games.map(
      (game) => html`<tr>
        <td class="words"><a href="/games/${game.game_id}"><bdi>${game.game_name}</bdi></a> <small>${game.game_type}</small></td>
        <td>${statusTag(game.status)} ${game.engine_health === null || game.engine_health === 'ok' ? '' : html`<span class="tag bad">${inPlainWords(game.engine_health)}</span>`}</td>
        <td>${game.active_members} of ${game.max_players}</td>
        <td>${game.current_turn ?? '–'}</td>
        <td>${time(game.due_at)}</td>
        <td>${game.engine_family} ${game.target_engine_version}</td>
        <td>${time(game.created_at)}</td>
      </tr>`,
    )}</tbody></table></div>`;
}
