import { html } from 'hono/html';
import type { Console } from '../../lib/console/context.ts';
import { type Stream, streamsSchema } from '../../lib/console/peers/responses.ts';
import {
  type Outbox,
  outboxSchema,
  type ParkedKeys,
  parkedKeysSchema,
} from '../../lib/console/peers/streams.ts';
import { may } from '../../lib/operators/permissions.ts';
import { type ConsoleApp, forOperator, sessionOf } from './env.ts';
import { duration, upTo } from './figures.ts';
import { type Html, layout } from './layout.ts';
import { shown, time } from './parts.ts';
import { type StreamAudience, streamAudiences, streamServices } from './stream-services.ts';

/** Every service's consumers, parked keys and outbox. */
export function streamsPage(app: ConsoleApp, console: Console): void {
  const services = streamServices(console);

  app.get('/streams', (c) => {
    const mayRetry = may(sessionOf(c).operator.roles, 'streams.change');
    const cards = streamAudiences.map((audience) => {
      const service = services[audience];
      const asked = forOperator(c, audience);
      const consumers = shown(async () => {
        const { items } = await service.ask('GET', '/api/v1/internal/streams', streamsSchema, asked);
        return consumerTable(audience, items);
      });
      const parked = shown(async () =>
        parkedTable(
          audience,
          await service.ask('GET', '/api/v1/internal/parked-keys', parkedKeysSchema, asked),
          mayRetry,
        ),
      );
      const outbox = shown(async () =>
        outboxTable(await service.ask('GET', '/api/v1/internal/outbox', outboxSchema, asked)),
      );
      return html`<section class="card"><h2>${service.name}</h2>
        <h3>Consumers</h3>${consumers}<h3>Parked keys</h3>${parked}<h3>Outbox</h3>${outbox}</section>`;
    });
    return c.html(layout(c, { title: 'Streams', place: '/streams', content: html`${cards}` }));
  });
}

export function consumerState({ lost, running }: Stream): Html {
  if (lost) return html`<span class="tag bad">entries were lost</span>`;
  return running
    ? html`<span class="tag running">runs</span>`
    : html`<span class="tag bad">does not run</span>`;
}

function consumerTable(audience: StreamAudience, items: readonly Stream[]): Html {
  return html`<div class="table" tabindex="0"><table>
    <thead><tr><th>Consumer</th><th>Stream</th><th>State</th><th>Offset</th><th>Lag</th><th>Dead letters</th><th>Parked keys</th><th>Last failure (UTC)</th></tr></thead>
    <tbody>${items.map(
      (one) => html`<tr>
        <td>${one.consumer}</td><td><code>${one.stream}</code></td><td>${consumerState(one)}</td>
        <td>${one.offset === null ? '–' : html`<code>${one.offset}</code>`}</td><td>${duration(one.oldest_unprocessed_age_ms)}</td>
        <td>${one.dead_letters === 0 ? '0' : html`<a href="/dead-letters/${audience}?consumer=${encodeURIComponent(one.consumer)}">${one.dead_letters}</a>`}</td>
        <td>${one.parked_keys}</td>
        <td class="words">${one.last_error === null ? '–' : html`${time(one.last_error_at)} ${one.last_error}`}</td>
      </tr>`,
    )}</tbody></table></div>`;
}

function parkedTable(audience: StreamAudience, { items, is_complete }: ParkedKeys, mayRetry: boolean): Html {
  if (items.length === 0) return html`<p class="nothing">None.</p>`;
  return html`<div class="table" tabindex="0"><table>
    <thead><tr><th>Consumer</th><th>Key</th><th>Entries</th><th>Since (UTC)</th><th>Why</th><th></th></tr></thead>
    <tbody>${items.map(
      (key) => html`<tr>
        <td>${key.consumer}</td><td class="words"><code>${key.parked_key}</code></td><td>${key.entries}</td>
        <td>${time(key.parked_at)}</td><td class="words">${key.reason}</td>
        <td>${
          key.retry_requested_at !== null
            ? html`<span class="tag">is being retried</span>`
            : mayRetry &&
              html`<a href="/dead-letters/${audience}/retry?id=${key.first_dead_letter_id}">Retry …</a>`
        }</td>
      </tr>`,
    )}</tbody></table></div>${is_complete ? '' : html`<p class="help">There are more.</p>`}`;
}

function outboxTable({ items, is_complete }: Outbox): Html {
  if (items.length === 0) return html`<p class="nothing">Nothing waits.</p>`;
  return html`<div class="table" tabindex="0"><table>
    <thead><tr><th>Messages</th><th>Waiting</th><th>Failed before</th><th>Oldest</th></tr></thead>
    <tbody>${items.map(
      (one) => html`<tr><td>${one.kind.replaceAll('_', ' ')}</td><td>${upTo(one.waiting, is_complete)}</td>
        <td>${one.failing}</td><td>${duration(one.oldest_age_ms)}</td></tr>`,
    )}</tbody></table></div>`;
}
