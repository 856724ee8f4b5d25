import { html } from 'hono/html';
import type { Console } from '../../lib/console/context.ts';
import { deadLetterSchema } from '../../lib/console/peers/streams.ts';
import { Refusal } from '../../lib/errors/table.ts';
import { isUuid } from '../../lib/protocol/ids.ts';
import { lettersOnPage } from './dead-letters.ts';
import { type ConsoleApp, forOperator, textIn } from './env.ts';
import { type Html, layout } from './layout.ts';
import { endsAndReason, problem } from './parts.ts';
import { streamAudienceOf, streamServices } from './stream-services.ts';

const decisions = {
  retry: {
    title: 'Retry dead letters',
    button: 'Retry',
    done: 'retried',
    ends: [
      'An entry goes to the end of its stream again, as a new one. One that fails again becomes another dead letter.',
      'Of a parked key all entries are applied, in order, within a few seconds.',
    ],
  },
  discard: {
    title: 'Discard dead letters',
    button: 'Discard',
    done: 'discarded',
    ends: [
      'What the entries say never takes effect. This cannot be undone.',
      'Other entries of a parked key stay parked.',
    ],
  },
} as const;

/** Retries or discards the dead letters that were marked, each with an entry of its own in the audit log. */
export function decideDeadLettersPage(app: ConsoleApp, console: Console): void {
  const services = streamServices(console);

  for (const decision of ['retry', 'discard'] as const) {
    const { title, button, done, ends } = decisions[decision];
    const route = `/dead-letters/:service/${decision}` as const;

    app.get(route, (c) => {
      const audience = streamAudienceOf(c.req.param('service'));
      const ids = idsIn(c.req.queries('id'));
      const content = html`<p>${services[audience].name}: <strong>${counted(ids.length)}</strong>.</p>
        ${endsAndReason(ends, {
          action: `/dead-letters/${audience}/${decision}`,
          button: `${button} ${counted(ids.length)}`,
          back: `/dead-letters/${audience}`,
          fields: html`${ids.map((id) => html`<input type="hidden" name="id" value="${id}">`)}`,
        })}`;
      return c.html(layout(c, { title, place: '/streams', content }));
    });

    app.post(route, async (c) => {
      const audience = streamAudienceOf(c.req.param('service'));
      const form = await c.req.parseBody({ all: true });
      const ids = idsIn([form.id ?? []].flat());
      const question = { ...forOperator(c, audience), reason: textIn(form, 'reason') };
      const refused: Html[] = [];
      // One after the other: entries of a stream keep their order.
      for (const id of ids) {
        const path = `/api/v1/internal/dead-letters/${id}/${decision}`;
        await services[audience].ask('POST', path, deadLetterSchema, question).catch((error: unknown) => {
          if (!(error instanceof Refusal)) throw error;
          // That would be so with each of them.
          if (error.code === 'forbidden' || error.code === 'invalid_request') throw error;
          refused.push(html`<li><code>${id}</code> ${error.message}</li>`);
        });
      }
      const content = html`<section class="card"><p>${counted(ids.length - refused.length)} ${ids.length - refused.length === 1 ? 'was' : 'were'} ${done}.</p>
        ${refused.length === 0 ? '' : html`${problem(`${counted(refused.length)} could not be ${done}:`)}<ul>${refused}</ul>`}
        <p><a class="button" href="/dead-letters/${audience}">To the dead letters</a></p></section>`;
      return c.html(layout(c, { title, place: '/streams', content }));
    });
  }
}

const counted = (count: number) => `${count} dead ${count === 1 ? 'letter' : 'letters'}`;

/** @throws Refusal invalid_request for none, or more than a page has. */
function idsIn(values: readonly unknown[] = []): string[] {
  const ids = values.filter((value): value is string => typeof value === 'string' && isUuid(value));
  if (ids.length > 0 && ids.length <= lettersOnPage) return [...new Set(ids)];
  throw new Refusal('invalid_request', `Mark at least one dead letter, and at most ${lettersOnPage}.`);
}
