import { html } from 'hono/html';
import type { Console } from '../../lib/console/context.ts';
import { type Game, gameSchema, gamesSchema } from '../../lib/console/peers/responses.ts';
import { gameStatuses } from '../../lib/protocol/game-status.ts';
import { isUuid } from '../../lib/protocol/ids.ts';
import { type ConsoleApp, type ConsoleContext, forOperator } from './env.ts';
import { type Html, layout } from './layout.ts';
import { nextPage, statusTag, time } from './parts.ts';

/** Search for games by words of their name, by state, or by id. */
export function gamesPage(app: ConsoleApp, { lobby }: Console): void {
  app.get('/games', async (c) => {
    const { q = '', status = '', page_token = '' } = c.req.query();
    if (isUuid(q.trim())) {
      const path = `/api/v1/internal/lobby/games/${q.trim()}`;
      const { game_id } = await lobby.ask('GET', path, gameSchema, forOperator(c, 'lobby'));
      return c.redirect(`/games/${game_id}`, 303);
    }
    const filters = Object.entries({ q: q.trim(), status, page_token }).filter(([, value]) => value !== '');
    const query = new URLSearchParams(filters);
    const path = `/api/v1/internal/lobby/games?${query}`;
    const { items, next_page_token } = await lobby.ask('GET', path, gamesSchema, forOperator(c, 'lobby'));
    const content = html`${search(c)}
      <section class="card">${items.length === 0 ? html`<p class="nothing">No game matches.</p>` : table(items)}
      ${nextPage('/games', Object.fromEntries(query), next_page_token)}</section>`;
    return c.html(layout(c, { title: 'Games', place: '/games', content }));
  });
}

function search(c: ConsoleContext): Html {
  const { q = '', status = '' } = c.req.query();
  return html`<form class="card search" method="get" action="/games" role="search">
    <div class="field"><label for="q">Words of the name, or an id</label><input id="q" name="q" type="search" maxlength="100" value="${q}"></div>
    <div class="field"><label for="status">State</label><select id="status" name="status"><option value="">all</option>${gameStatuses.map(
      (one) =>
        html`<option value="${one}" ${one === status ? html`selected` : ''}>${one.replaceAll('_', ' ')}</option>`,
    )}</select></div>
    <button class="primary">Search</button>
  </form>`;
}

function table(games: readonly Game[]): Html {
  return html`<div class="table"><table>
    <thead><tr><th>Game</th><th>State</th><th>Players</th><th>Turn</th><th>Engine</th><th>Made (UTC)</th></tr></thead>
    <tbody>${games.map(
      (game) => html`<tr>
        <td class="words"><a href="/games/${game.game_id}"><bdi>${game.game_name}</bdi></a> <small>${game.game_type}</small></td>
        <td>${statusTag(game.status)}</td>
        <td>${game.active_members} of ${game.max_players}</td>
        <td>${game.current_turn ?? '–'}</td>
        <td>${game.engine_family} ${game.target_engine_version}</td>
        <td>${time(game.created_at)}</td>
      </tr>`,
    )}</tbody></table></div>`;
}
