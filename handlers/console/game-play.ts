// What the Game Master knows of a game: its turn, seats and engine.
import { html } from 'hono/html';
import type { Console } from '../../lib/console/context.ts';
import { gameEngineSchema, type Seat, seatsSchema, turnSchema } from '../../lib/console/peers/play.ts';
import { Refusal } from '../../lib/errors/table.ts';
import { may } from '../../lib/operators/permissions.ts';
import { type ConsoleContext, forOperator, sessionOf } from './env.ts';
import { playPath } from './game-path.ts';
import type { Html } from './layout.ts';
import { inPlainWords, problem, statusTag, time, userLink } from './parts.ts';

export function turnCard(c: ConsoleContext, { gameMaster }: Console, id: string): Promise<Html> {
  return card('Turn', async () => {
    const turn = await gameMaster.ask(
      'GET',
      `${playPath(id)}/turn`,
      turnSchema,
      forOperator(c, 'game-master'),
    );
    return facts([
      ['Turn', html`${turn.turn} ${statusTag(turn.status)}`],
      ['Opened (UTC)', time(turn.opened_at)],
      ['Due (UTC)', time(turn.due_at)],
      ['Closes at the latest (UTC)', time(turn.closes_at)],
    ]);
  });
}

export function seatsCard(c: ConsoleContext, { gameMaster }: Console, id: string): Promise<Html> {
  return card('Seats', async () => {
    const { items } = await gameMaster.ask(
      'GET',
      `${playPath(id)}/seats`,
      seatsSchema,
      forOperator(c, 'game-master'),
    );
    if (items.length === 0) return html`<p class="nothing">The engine has not been set up yet.</p>`;
    return html`<div class="table" tabindex="0"><table>
      <thead><tr><th>Seat</th><th>Race name</th><th>User</th><th>Orders</th><th>Awaited</th><th>Left (UTC)</th></tr></thead>
      <tbody>${items.map(
        (seat) => html`<tr><td>${seat.seat}</td><td class="words"><bdi>${seat.label}</bdi></td>
          <td>${seat.user_id === null ? 'bot' : userLink(c, seat.user_id)}</td><td>${ordersOf(seat)}</td>
          <td>${seat.awaited ? 'yes' : '–'}</td><td>${time(seat.vacated_at)}</td></tr>`,
      )}</tbody></table></div>
      <p class="help">What orders say is for their author alone.</p>`;
  });
}

function ordersOf({ orders, user_id }: Seat): Html | string {
  return user_id === null && orders === 'none' ? '–' : html`<span class="tag ${orders}">${orders}</span>`;
}

export function engineCard(c: ConsoleContext, { gameMaster }: Console, id: string): Promise<Html> {
  return card('Engine', async () => {
    const engine = await gameMaster.ask(
      'GET',
      `${playPath(id)}/engine`,
      gameEngineSchema,
      forOperator(c, 'game-master'),
    );
    // The Runtime Manager is asked for the log, which may take a while: it comes after the page.
    const log = may(sessionOf(c).operator.roles, 'engines.read')
      ? html`<div id="log" hx-get="/games/${id}/log" hx-trigger="load" hx-select="#log" hx-target="this" hx-swap="outerHTML">
          <p><a class="button" href="/games/${id}/log">Show the end of its log</a></p></div>`
      : '';
    return html`${facts([
      ['Health', statusTag(engine.engine_health)],
      ['What was wrong last', engine.problem],
      ['Attempts in a row that failed', engine.failures],
      ['Next attempt (UTC)', time(engine.next_attempt_at)],
      ['Phase', inPlainWords(engine.phase)],
      ['Address', html`<code>${engine.engine_endpoint}</code>`],
      ['Start job', html`<code>${engine.runtime_job_id}</code>`],
    ])}${log}`;
  });
}

function facts(rows: readonly (readonly [string, Html | string | number | null])[]): Html {
  return html`<dl>${rows.map(
    ([name, value]) => html`<div><dt>${name}</dt><dd>${value ?? '–'}</dd></div>`,
  )}</dl>`;
}

/** A card, which says it when the Game Master does not play the game, or does not respond. */
async function card(title: string, load: () => Promise<Html>): Promise<Html> {
  const content = await load().catch((error: unknown) => {
    if (!(error instanceof Refusal)) throw error;
    const isUnknown = error.code === 'not_found' || error.code === 'game_not_running';
    return isUnknown ? html`<p class="nothing">${error.message}</p>` : problem(error.message);
  });
  return html`<section class="card"><h2>${title}</h2>${content}</section>`;
}
