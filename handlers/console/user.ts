import { html } from 'hono/html';
import type { Console } from '../../lib/console/context.ts';
import { heldNamesSchema } from '../../lib/console/peers/race-names.ts';
import { auditSchema } from '../../lib/console/peers/responses.ts';
import {
  deviceSessionsSchema,
  entitlementsSchema,
  mailsSchema,
  type User,
  userGamesSchema,
  userSchema,
} from '../../lib/console/peers/users.ts';
import { may } from '../../lib/operators/permissions.ts';
import { operatorNames } from './audit.ts';
import { type ConsoleApp, type ConsoleContext, forOperator, sessionOf } from './env.ts';
import { type Html, layout } from './layout.ts';
import { auditTable, shown, statusTag, time } from './parts.ts';
import { entitlementsTable, gamesTable, mailsTable, namesTable, sessionsTable } from './user-tables.ts';

/** Of each list; older entries are on further pages. */
const shownAtOnce = 20;

/** One user: what the backend and the lobby know of them, and what can be done. */
export function userPage(app: ConsoleApp, console: Console): void {
  app.get('/users/:id', async (c) => {
    const path = `/api/v1/internal/users/${encodeURIComponent(c.req.param('id'))}`;
    const user = await console.backend.ask('GET', path, userSchema, forOperator(c, 'backend'));
    const [sessions, games, names, mails, entitlements, acts] = await Promise.all([
      sessionsOf(c, console, user),
      gamesOf(c, console, user),
      namesOf(c, console, user),
      mailsOf(c, console, user),
      entitlementsOf(c, console, user),
      actsOn(c, console, user),
    ]);
    const content = html`<p>${statusTag(user.status)} <code>${user.user_id}</code></p>
      ${actions(c, user)}
      ${account(user)}${sessions}${games}${names}${mails}${entitlements}${acts}`;
    const title = user.email ?? 'Deleted user';
    return c.html(layout(c, { title, place: '/users', content }));
  });
}

const mayChange = (c: ConsoleContext) => may(sessionOf(c).operator.roles, 'users.change');

function actions(c: ConsoleContext, { user_id: id, status }: User): Html {
  if (!mayChange(c) || status === 'deleted') return html``;
  return html`<p class="buttons">
    ${status === 'active' ? html`<a class="button danger" href="/users/${id}/block">Block this user …</a>` : ''}
    <a class="button danger" href="/users/${id}/delete">Delete this user …</a></p>`;
}

function account(user: User): Html {
  const rows: [string, Html | string | null][] = [
    ['E-mail', user.email],
    ['Handle', user.handle],
    ['Name', user.display_name === null ? null : html`<bdi>${user.display_name}</bdi>`],
    ['Language', user.locale],
    ['Time zone', user.time_zone],
    ['Made (UTC)', time(user.created_at)],
    ...(user.blocked_at === undefined ? [] : [['Blocked (UTC)', time(user.blocked_at)] as [string, Html]]),
    ...(user.deleted_at === undefined ? [] : [['Deleted (UTC)', time(user.deleted_at)] as [string, Html]]),
  ];
  return html`<section class="card"><h2>Account</h2><dl>${rows.map(
    ([name, value]) => html`<div><dt>${name}</dt><dd>${value ?? '–'}</dd></div>`,
  )}</dl></section>`;
}

/** A list of the page, with a link to its older entries. */
async function list<T>(
  c: ConsoleContext,
  part: { name: string; title: string; userId: string },
  read: (query: URLSearchParams) => Promise<{ items: T[]; next_page_token?: string | undefined }>,
  show: (items: readonly T[]) => Html,
): Promise<Html> {
  const { name, title, userId } = part;
  const token = c.req.query(name);
  const query = new URLSearchParams({
    page_size: String(shownAtOnce),
    ...(token === undefined ? {} : { page_token: token }),
  });
  const content = await shown(async () => {
    const { items, next_page_token: next } = await read(query);
    const older = next && new URLSearchParams({ [name]: next }).toString();
    return html`${show(items)}${older && html`<p><a class="button" href="/users/${userId}?${older}#${name}">Older ones</a></p>`}`;
  });
  return html`<section class="card" id="${name}"><h2>${title}</h2>${content}</section>`;
}

function sessionsOf(c: ConsoleContext, { backend }: Console, { user_id: userId }: User): Promise<Html> {
  const path = `/api/v1/internal/users/${userId}/sessions`;
  return list(
    c,
    { name: 'sessions', title: 'Sessions', userId },
    (query) => backend.ask('GET', `${path}?${query}`, deviceSessionsSchema, forOperator(c, 'backend')),
    (items) => sessionsTable(userId, items, mayChange(c)),
  );
}

function gamesOf(c: ConsoleContext, { lobby }: Console, { user_id: userId, status }: User): Promise<Html> {
  // A block from the platform blocks the user from their games, too, and stays.
  const mayUnblock = status === 'active' && may(sessionOf(c).operator.roles, 'games.change');
  const path = `/api/v1/internal/lobby/users/${userId}/games`;
  return list(
    c,
    { name: 'games', title: 'Games', userId },
    (query) => lobby.ask('GET', `${path}?${query}`, userGamesSchema, forOperator(c, 'lobby')),
    (items) => gamesTable(userId, items, mayUnblock),
  );
}

function namesOf(c: ConsoleContext, { lobby }: Console, { user_id: userId }: User): Promise<Html> {
  const path = `/api/v1/internal/lobby/users/${userId}/race-names`;
  return list(
    c,
    { name: 'names', title: 'Race names', userId },
    (query) => lobby.ask('GET', `${path}?${query}`, heldNamesSchema, forOperator(c, 'lobby')),
    namesTable,
  );
}

function mailsOf(c: ConsoleContext, { backend }: Console, { user_id: userId }: User): Promise<Html> {
  const path = `/api/v1/internal/users/${userId}/mails`;
  return list(
    c,
    { name: 'mails', title: 'Mails', userId },
    (query) => backend.ask('GET', `${path}?${query}`, mailsSchema, forOperator(c, 'backend')),
    mailsTable,
  );
}

async function entitlementsOf(
  c: ConsoleContext,
  { backend }: Console,
  { user_id: userId, status }: User,
): Promise<Html> {
  if (status === 'deleted') return html``;
  const path = `/api/v1/internal/users/${userId}/entitlements`;
  const content = await shown(async () =>
    entitlementsTable(await backend.ask('GET', path, entitlementsSchema, forOperator(c, 'backend'))),
  );
  return html`<section class="card" id="entitlements"><h2>Entitlements</h2>${content}
    ${mayChange(c) ? html`<p><a class="button" href="/users/${userId}/entitlements">Change entitlements …</a></p>` : ''}</section>`;
}

/** The latest entries of the audit log that have the account as their subject. */
async function actsOn(c: ConsoleContext, { backend }: Console, { user_id: userId }: User): Promise<Html> {
  const query = new URLSearchParams({
    subject_kind: 'user',
    subject_id: userId,
    page_size: String(shownAtOnce),
  });
  const path = `/api/v1/internal/audit-entries?${query}`;
  const content = await shown(async () => {
    const { items } = await backend.ask('GET', path, auditSchema, forOperator(c, 'backend'));
    const nameOf = await operatorNames(c, backend);
    return auditTable(
      items.map((entry) => ({ ...entry, service: 'backend' })),
      nameOf,
    );
  });
  return html`<section class="card" id="acts"><h2>What operators did with the account</h2>${content}</section>`;
}
