import { html } from 'hono/html';
import type { Console } from '../../lib/console/context.ts';
import { type User, usersSchema } from '../../lib/console/peers/users.ts';
import { isUuid } from '../../lib/protocol/ids.ts';
import { type ConsoleApp, type ConsoleContext, forOperator } from './env.ts';
import { type Html, layout } from './layout.ts';
import { nextPage, statusTag, time } from './parts.ts';

const searches = { email: 'e-mails that begin so', handle: 'handles that begin so' } as const;

/** Search for users by the beginning of their address or handle, or by id. */
export function usersPage(app: ConsoleApp, { backend }: Console): void {
  app.get('/users', async (c) => {
    const { by, text } = searchOf(c);
    if (isUuid(text)) return c.redirect(`/users/${text}`, 303);
    const { page_token = '' } = c.req.query();
    const filters = Object.entries({ [by]: text, page_token }).filter(([, value]) => value !== '');
    const path = `/api/v1/internal/users?${new URLSearchParams(filters)}`;
    const { items, next_page_token } = await backend.ask('GET', path, usersSchema, forOperator(c, 'backend'));
    const content = html`${search(c)}
      <section class="card">${items.length === 0 ? html`<p class="nothing">No user matches.</p>` : table(items)}
      ${nextPage('/users', { q: text, by }, next_page_token)}</section>`;
    return c.html(layout(c, { title: 'Users', place: '/users', content }));
  });
}

function searchOf(c: ConsoleContext): { by: keyof typeof searches; text: string } {
  const { q = '', by } = c.req.query();
  return { by: by === 'handle' ? 'handle' : 'email', text: q.trim() };
}

function search(c: ConsoleContext): Html {
  const { by, text } = searchOf(c);
  return html`<form class="card search" method="get" action="/users" role="search">
    <div class="field"><label for="q">E-mail, handle, or an id</label><input id="q" name="q" type="search" maxlength="254" value="${text}"></div>
    <div class="field"><label for="by">Which</label><select id="by" name="by">${Object.entries(searches).map(
      ([one, name]) => html`<option value="${one}" ${one === by ? html`selected` : ''}>${name}</option>`,
    )}</select></div>
    <button class="primary">Search</button>
  </form>`;
}

function table(users: readonly User[]): Html {
  return html`<div class="table" tabindex="0"><table>
    <thead><tr><th>E-mail</th><th>Handle</th><th>Name</th><th>State</th><th>Made (UTC)</th></tr></thead>
    <tbody>${users.map(
      (user) => html`<tr>
        <td class="words"><a href="/users/${user.user_id}">${user.email ?? html`<code>${user.user_id}</code>`}</a></td>
        <td class="words">${user.handle ?? '–'}</td>
        <td class="words"><bdi>${user.display_name ?? '–'}</bdi></td>
        <td>${statusTag(user.status)}</td>
        <td>${time(user.created_at)}</td>
      </tr>`,
    )}</tbody></table></div>`;
}
