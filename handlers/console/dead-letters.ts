import { html } from 'hono/html';
import type { Console } from '../../lib/console/context.ts';
import { type DeadLetter, deadLettersSchema } from '../../lib/console/peers/streams.ts';
import { may } from '../../lib/operators/permissions.ts';
import { type ConsoleApp, forOperator, sessionOf } from './env.ts';
import { type Html, layout } from './layout.ts';
import { nextPage, time } from './parts.ts';
import { streamAudienceOf, streamServices } from './stream-services.ts';

/** So many are on a page, and so many at most are decided about at once. */
export const lettersOnPage = 50;

/** The dead letters of a service, or of one of its consumers, with their content. */
export function deadLettersPage(app: ConsoleApp, console: Console): void {
  const services = streamServices(console);

  app.get('/dead-letters/:service', async (c) => {
    const audience = streamAudienceOf(c.req.param('service'));
    const { consumer = '', page_token = '' } = c.req.query();
    const filters = Object.fromEntries(
      Object.entries({ consumer, page_token }).filter(([, value]) => value !== ''),
    );
    const query = new URLSearchParams({ page_size: String(lettersOnPage), ...filters });
    const { items, next_page_token } = await services[audience].ask(
      'GET',
      `/api/v1/internal/dead-letters?${query}`,
      deadLettersSchema,
      forOperator(c, audience),
    );
    const mayDecide = may(sessionOf(c).operator.roles, 'streams.change');
    const path = `/dead-letters/${audience}`;
    const list = html`${items.map((letter) => letterCard(letter, mayDecide))}`;
    const decisions = html`<div class="buttons sticky">
      <button class="primary" formaction="${path}/retry">Retry the marked …</button>
      <button class="danger" formaction="${path}/discard">Discard the marked …</button>
      <label class="check" hidden><input type="checkbox" data-check-all> <span>Mark all on this page</span></label></div>`;
    const content = html`<p>${services[audience].name}${consumer && html`, consumer <code>${consumer}</code>`}, oldest first.
        <a href="/streams">To the streams</a></p>
      ${
        items.length === 0
          ? html`<section class="card"><p class="nothing">There are no dead letters.</p></section>`
          : mayDecide
            ? html`<form class="stack" method="get">${decisions}${list}</form>`
            : html`<div class="stack">${list}</div>`
      }
      ${nextPage(path, filters, next_page_token)}`;
    return c.html(layout(c, { title: 'Dead letters', place: '/streams', content }));
  });
}

function letterCard(letter: DeadLetter, mayDecide: boolean): Html {
  const { dead_letter_id: id, parked_key, retry_requested_at } = letter;
  const title = html`<strong>${letter.consumer}</strong> <code>${letter.entry_id}</code> ${time(letter.created_at)}`;
  return html`<section class="card letter">
    ${mayDecide ? html`<label class="check"><input type="checkbox" name="id" value="${id}"> <span>${title}</span></label>` : html`<p>${title}</p>`}
    <p class="words">${letter.reason}</p>
    ${parked_key === null ? '' : html`<p>Parked key <code>${parked_key}</code>${retry_requested_at === null ? '' : html` <span class="tag">is being retried</span>`}</p>`}
    <details><summary>Content</summary><dl class="fields">${Object.entries(letter.fields).map(
      ([name, value]) => html`<div><dt>${name}</dt><dd><code>${value}</code></dd></div>`,
    )}</dl></details>
  </section>`;
}
