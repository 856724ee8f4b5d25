import { html } from 'hono/html';
import type { Console } from '../../lib/console/context.ts';
import { operatorsSchema } from '../../lib/console/peers/backend.ts';
import { may } from '../../lib/operators/permissions.ts';
import { type ConsoleApp, forOperator, sessionOf } from './env.ts';
import { layout } from './layout.ts';
import { time } from './parts.ts';

export function operatorsPage(app: ConsoleApp, { backend }: Console): void {
  app.get('/operators', async (c) => {
    const path = '/api/v1/internal/operators';
    const { items } = await backend.ask('GET', path, operatorsSchema, forOperator(c, 'backend'));
    const mayChange = may(sessionOf(c).operator.roles, 'operators.change');
    const content = html`${mayChange ? html`<p><a class="button" href="/operators/add">Add an operator …</a></p>` : ''}
      <section class="card"><div class="table" tabindex="0"><table>
      <thead><tr><th>Name</th><th>E-mail</th><th>Roles</th><th>Added (UTC)</th><th>State</th></tr></thead>
      <tbody>${items.map(
        (one) => html`<tr>
          <td class="words">${mayChange ? html`<a href="/operators/${one.operator_id}"><bdi>${one.name}</bdi></a>` : html`<bdi>${one.name}</bdi>`}</td>
          <td class="words">${one.email}</td><td>${one.roles.join(', ')}</td><td>${time(one.created_at)}</td>
          <td>${one.disabled_at === undefined ? html`<span class="tag running">active</span>` : html`<span class="tag cancelled">disabled</span>`}</td>
        </tr>`,
      )}</tbody></table></div></section>`;
    return c.html(layout(c, { title: 'Operators', place: '/operators', content }));
  });
}
