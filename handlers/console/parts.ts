// What several pages show.
import { html } from 'hono/html';
import type { AuditEntry, AuditState } from '../../lib/console/peers/responses.ts';
import { Refusal } from '../../lib/errors/table.ts';
import { may } from '../../lib/operators/permissions.ts';
import { type ConsoleContext, sessionOf } from './env.ts';
import type { Html } from './layout.ts';

/** `2026-11-30 18:46:09`, in UTC. */
export function time(text: string | null): Html {
  if (text === null) return html`–`;
  return html`<time datetime="${text}" title="UTC">${text.slice(0, 19).replace('T', ' ')}</time>`;
}

export const inPlainWords = (name: string) => name.replaceAll('_', ' ');

export const statusTag = (status: string) => html`<span class="tag ${status}">${inPlainWords(status)}</span>`;

/** A link for those who may see users. */
export function userLink(c: ConsoleContext, userId: string): Html {
  const id = html`<code>${userId}</code>`;
  return may(sessionOf(c).operator.roles, 'users.read') ? html`<a href="/users/${userId}">${id}</a>` : id;
}

/** A part of a page that could not be loaded; the rest is shown. */
export const problem = (text: string) => html`<p class="notice warn" role="alert">${text}</p>`;

/** A part of the page, or why it cannot be shown. */
export async function shown(load: () => Promise<Html>): Promise<Html> {
  try {
    return await load();
  } catch (error) {
    if (error instanceof Refusal) return problem(error.message);
    throw error;
  }
}

/** A sentence about how many there are; none when there are none. */
export function counted(count: number, one: string, many: string): string[] {
  return count === 0 ? [] : [`${count} ${count === 1 ? one : many}.`];
}

export const reasonField = html`<div class="field">
  <label for="reason">Reason</label>
  <textarea id="reason" name="reason" rows="3" maxlength="500" required></textarea>
  <p class="help">It is kept in the audit log. Write no names and no addresses.</p>
</div>`;

/** What an action ends, and the form that says why and does it. */
export function endsAndReason(
  ends: readonly string[],
  form: { action: string; button: string; back: string; fields?: Html },
): Html {
  return html`<section class="card danger"><h2>What this does</h2>
      <ul id="blast-radius">${ends.map((line) => html`<li>${line}</li>`)}</ul></section>
    <form class="card" method="post" action="${form.action}">${form.fields ?? ''}${reasonField}
      <div class="buttons"><button class="danger">${form.button}</button><a class="button" href="${form.back}">Back</a></div>
    </form>`;
}

export function auditTable(
  entries: readonly (AuditEntry & { service: string })[],
  nameOf: (operatorId: string | null) => string,
): Html {
  if (entries.length === 0) return html`<p class="nothing">Nothing was done yet.</p>`;
  return html`<div class="table" tabindex="0"><table>
    <thead><tr><th>When (UTC)</th><th>Who</th><th>What</th><th>To what</th><th>Why</th><th>Before → after</th></tr></thead>
    <tbody>${entries.map(
      (entry) => html`<tr>
        <td>${time(entry.at)}</td>
        <td>${nameOf(entry.operator_id)}</td>
        <td><code>${entry.action}</code> <small>${entry.service}</small></td>
        <td>${subject(entry)}</td>
        <td class="words">${entry.reason ?? '–'}</td>
        <td class="words">${inWords(entry.before)} → ${inWords(entry.after)}</td>
      </tr>`,
    )}</tbody>
  </table></div>`;
}

function subject({ subject_kind: kind, subject_id: id }: AuditEntry): Html {
  const text = html`${kind.replaceAll('_', ' ')} <code>${id}</code>`;
  if (kind === 'game') return html`<a href="/games/${id}">${text}</a>`;
  return kind === 'user' ? html`<a href="/users/${id}">${text}</a>` : text;
}

function inWords(state: AuditState | null): string {
  if (state === null) return '–';
  return Object.entries(state)
    .map(([name, value]) => `${name.replaceAll('_', ' ')} ${Array.isArray(value) ? value.join(', ') : value}`)
    .join(', ');
}

/** A link to the next page of a list, which keeps its filters. */
export function nextPage(
  path: string,
  query: Readonly<Record<string, string>>,
  token: string | undefined,
): Html {
  if (token === undefined) return html``;
  const { page_token: _, ...filters } = query;
  const next = new URLSearchParams({ ...filters, page_token: token });
  return html`<p><a class="button" href="${path}?${next.toString()}">Next page</a></p>`;
}
