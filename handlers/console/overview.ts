import { html } from 'hono/html';
import type { z } from 'zod';
import type { Console } from '../../lib/console/context.ts';
import { gamesSchema, streamsSchema } from '../../lib/console/peers/responses.ts';
import type { Service } from '../../lib/console/peers/service.ts';
import { Refusal } from '../../lib/errors/table.ts';
import type { Audience } from '../../lib/operators/assertion.ts';
import { gameStatuses } from '../../lib/protocol/game-status.ts';
import { type ConsoleApp, type ConsoleContext, forOperator } from './env.ts';
import { type Html, layout } from './layout.ts';
import { problem, statusTag } from './parts.ts';

/** At most so many games of one state are counted. */
const countedGames = 200;

/** Health, streams and games. A service that is down says so; the rest is shown. */
export function overviewPage(app: ConsoleApp, console: Console): void {
  const services = [
    { service: console.backend, audience: 'backend' },
    { service: console.lobby, audience: 'lobby' },
    { service: console.gameMaster, audience: 'game-master' },
  ] as const;

  app.get('/', async (c) => {
    const [health, streams, games] = await Promise.all([
      Promise.all(services.map(async ({ service }) => [service.name, await service.isReady()] as const)),
      Promise.all(services.map(async ({ service, audience }) => await streamsOf(c, service, audience))),
      gamesByState(c, console.lobby),
    ]);
    const content = html`<div id="live" class="stack" hx-get="/" hx-trigger="every 5s" hx-select="#live" hx-target="#live" hx-swap="outerHTML">
      <section class="card"><h2>Services</h2><ul class="plain rows">${health.map(
        ([name, ready]) =>
          html`<li>${name} <span class="tag ${ready ? 'running' : 'start_failed'}">${ready ? 'ready' : 'not reachable'}</span></li>`,
      )}</ul></section>
      <section class="card"><h2>Games</h2>${games}</section>
      <section class="card"><h2>Streams</h2>${streams}</section>
    </div>`;
    return c.html(layout(c, { title: 'Overview', place: '/', content }));
  });
}

async function streamsOf(c: ConsoleContext, service: Service, audience: Audience): Promise<Html> {
  return shown(async () => {
    const { items } = await service.ask(
      'GET',
      '/api/v1/internal/streams',
      streamsSchema,
      forOperator(c, audience),
    );
    return streamTable(service.name, items);
  });
}

function streamTable(name: string, items: z.infer<typeof streamsSchema>['items']): Html {
  return html`<h3>${name}</h3><div class="table"><table>
    <thead><tr><th>Consumer</th><th>Stream</th><th>State</th><th>Lag</th><th>Dead letters</th><th>Parked</th></tr></thead>
    <tbody>${items.map(
      (one) => html`<tr>
        <td>${one.consumer}</td><td><code>${one.stream}</code></td>
        <td>${one.lost ? html`<span class="tag start_failed">entries were lost</span>` : one.running ? html`<span class="tag running">runs</span>` : html`<span class="tag start_failed">does not run</span>`}</td>
        <td>${(one.oldest_unprocessed_age_ms / 1_000).toFixed(1)} s</td><td>${one.dead_letters}</td><td>${one.parked_keys}</td>
      </tr>`,
    )}</tbody></table></div>`;
}

async function gamesByState(c: ConsoleContext, lobby: Service): Promise<Html> {
  return shown(async () => {
    const counts = await Promise.all(
      gameStatuses.map(async (status) => {
        const path = `/api/v1/internal/lobby/games?status=${status}&page_size=${countedGames}`;
        const { items, next_page_token } = await lobby.ask('GET', path, gamesSchema, forOperator(c, 'lobby'));
        return { status, count: next_page_token === undefined ? `${items.length}` : `${countedGames}+` };
      }),
    );
    return html`<ul class="counts">${counts.map(
      ({ status, count }) =>
        html`<li><a href="/games?status=${status}"><strong>${count}</strong> ${statusTag(status)}</a></li>`,
    )}</ul>`;
  });
}

/** A part of the page, or why it cannot be shown. */
async function shown(load: () => Promise<Html>): Promise<Html> {
  try {
    return await load();
  } catch (error) {
    if (error instanceof Refusal) return problem(error.message);
    throw error;
  }
}
