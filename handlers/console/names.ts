import { html } from 'hono/html';
import type { Console } from '../../lib/console/context.ts';
import {
  type HeldName,
  type Lookup,
  lookupSchema,
  type WithheldName,
  withheldNamesSchema,
} from '../../lib/console/peers/race-names.ts';
import { may } from '../../lib/operators/permissions.ts';
import { type ConsoleApp, type ConsoleContext, forOperator, sessionOf } from './env.ts';
import { type Html, layout } from './layout.ts';
import { inPlainWords, nextPage, shown, time } from './parts.ts';

/** Who holds a race name, and the names that no player can have. */
export function namesPage(app: ConsoleApp, console: Console): void {
  app.get('/names', async (c) => {
    const { name = '' } = c.req.query();
    const [found, withheld] = await Promise.all([
      name.trim() === '' ? '' : shown(() => lookUp(c, console, name)),
      shown(() => listWithheld(c, console)),
    ]);
    const content = html`<form class="card search two" method="get" action="/names" role="search">
        <div class="field"><label for="name">Race name</label><input id="name" name="name" type="search" maxlength="100" required value="${name}"></div>
        <button class="primary">Look up</button>
      </form>
      ${found}
      <section class="card" id="withheld"><h2>Withheld names</h2>${withheld}</section>`;
    return c.html(layout(c, { title: 'Race names', place: '/names', content }));
  });
}

const mayChange = (c: ConsoleContext) => may(sessionOf(c).operator.roles, 'games.change');

async function lookUp(c: ConsoleContext, { lobby }: Console, name: string): Promise<Html> {
  const path = `/api/v1/internal/lobby/race-name-lookup?${new URLSearchParams({ name })}`;
  const lookup = await lobby.ask('GET', path, lookupSchema, forOperator(c, 'lobby'));
  const { held, withheld, message, race_name } = lookup;
  const query = new URLSearchParams({ name: race_name }).toString();
  return html`<section class="card" id="holders"><h2>Who has <bdi>${race_name}</bdi></h2>
    ${message === null ? '' : html`<p class="notice">${message}</p>`}
    ${held.length === 0 ? html`<p class="nothing">No player has this name, or one that counts as it.</p>` : heldTable(held, mayChange(c))}
    ${withheld.length === 0 ? '' : html`<h3>Withheld, so that no player can have it</h3>${withheldTable(withheld, mayChange(c))}`}
    ${mayChange(c) && isFree(lookup) ? html`<p><a class="button" href="/names/withhold?${query}">Withhold this name …</a></p>` : ''}
  </section>`;
}

const isFree = ({ held, withheld, message }: Lookup) =>
  held.length === 0 && withheld.length === 0 && message === null;

async function listWithheld(c: ConsoleContext, { lobby }: Console): Promise<Html> {
  const { page_token: token } = c.req.query();
  const query = new URLSearchParams(token === undefined ? {} : { page_token: token });
  const path = `/api/v1/internal/lobby/withheld-race-names?${query}`;
  const { items, next_page_token } = await lobby.ask(
    'GET',
    path,
    withheldNamesSchema,
    forOperator(c, 'lobby'),
  );
  return html`${items.length === 0 ? html`<p class="nothing">None is withheld.</p>` : withheldTable(items, mayChange(c))}
    ${nextPage('/names', {}, next_page_token)}`;
}

function heldTable(names: readonly HeldName[], withActions: boolean): Html {
  const actions = ({ race_name_id: id, race_name, kind }: HeldName) => {
    const query = new URLSearchParams({ name: race_name }).toString();
    return html`<td><a href="/names/${id}/release?${query}">Release …</a>
      ${kind === 'registered' ? html`<a href="/names/${id}/rename?${query}">Rename …</a>` : ''}</td>`;
  };
  return html`<div class="table" tabindex="0"><table>
    <thead><tr><th>Race name</th><th>Held as</th><th>User</th><th>From the game</th><th>Since (UTC)</th>${withActions ? html`<th>Actions</th>` : ''}</tr></thead>
    <tbody>${names.map(
      (one) => html`<tr>
        <td class="words"><bdi>${one.race_name}</bdi></td><td>${inPlainWords(one.kind)}</td>
        <td><a href="/users/${one.user_id}"><code>${one.user_id}</code></a></td>
        <td><a href="/games/${one.game_id}"><code>${one.game_id}</code></a></td><td>${time(one.held_since)}</td>
        ${withActions ? actions(one) : ''}
      </tr>`,
    )}</tbody></table></div>`;
}

function withheldTable(names: readonly WithheldName[], withActions: boolean): Html {
  const action = ({ withheld_name_id: id, race_name }: WithheldName) =>
    html`<td><a href="/names/withheld/${id}/give-back?${new URLSearchParams({ name: race_name }).toString()}">Give back …</a></td>`;
  return html`<div class="table" tabindex="0"><table>
    <thead><tr><th>Race name</th><th>Why</th><th>Since (UTC)</th>${withActions ? html`<th>Action</th>` : ''}</tr></thead>
    <tbody>${names.map(
      (one) => html`<tr><td class="words"><bdi>${one.race_name}</bdi></td><td class="words">${one.reason}</td>
        <td>${time(one.withheld_at)}</td>${withActions ? action(one) : ''}</tr>`,
    )}</tbody></table></div>`;
}
