import { html } from 'hono/html';
import type { Console } from '../../lib/console/context.ts';
import { type Entitlements, entitlementsSchema, userSchema } from '../../lib/console/peers/users.ts';
import { Refusal } from '../../lib/errors/table.ts';
import { type ConsoleApp, forOperator, textIn } from './env.ts';
import { type Html, layout } from './layout.ts';
import { reasonField } from './parts.ts';
import { type EntitlementName, entitlementNames } from './user-tables.ts';

const names = Object.keys(entitlementNames) as EntitlementName[];

/** Sets what a user may do, where it differs from the defaults. */
export function userEntitlementsPage(app: ConsoleApp, { backend }: Console): void {
  const pathOf = (id: string) => `/api/v1/internal/users/${encodeURIComponent(id)}`;

  app.get('/users/:id/entitlements', async (c) => {
    const id = c.req.param('id');
    const asked = forOperator(c, 'backend');
    const [user, entitlements] = await Promise.all([
      backend.ask('GET', pathOf(id), userSchema, asked),
      backend.ask('GET', `${pathOf(id)}/entitlements`, entitlementsSchema, asked),
    ]);
    const content = html`<p class="words">${user.email} <code>${id}</code></p>
      <form class="card" method="post" action="/users/${id}/entitlements">
        <div class="fields">${names.map((name) => field(name, entitlements))}</div>
        <p class="help">It counts from the next time that the lobby asks. What was granted before stays.</p>
        ${reasonField}
        <div class="buttons"><button class="primary">Set the entitlements</button><a class="button" href="/users/${id}">Back</a></div>
      </form>`;
    return c.html(layout(c, { title: 'Change entitlements', place: '/users', content }));
  });

  app.post('/users/:id/entitlements', async (c) => {
    const id = c.req.param('id');
    const form = await c.req.parseBody();
    const body = Object.fromEntries(names.map((name) => [name, valueIn(form, name)]));
    const question = { ...forOperator(c, 'backend'), reason: textIn(form, 'reason'), body };
    await backend.ask('PUT', `${pathOf(id)}/entitlements`, entitlementsSchema, question);
    return c.redirect(`/users/${id}#entitlements`, 303);
  });
}

function field(name: EntitlementName, entitlements: Entitlements): Html {
  const own = entitlements[name];
  const label = html`<label for="${name}">${entitlementNames[name]}</label>`;
  if (isLimit(name)) {
    return html`<div class="field">${label}
      <input id="${name}" name="${name}" type="number" min="0" max="1000000" value="${own ?? ''}" placeholder="the default${own === null ? `, ${entitlements.effective[name]}` : ''}"></div>`;
  }
  const byDefault = own === null ? `, ${entitlements.effective[name] ? 'yes' : 'no'}` : '';
  const choices = { '': `the default${byDefault}`, true: 'yes', false: 'no' };
  return html`<div class="field">${label}<select id="${name}" name="${name}">${['', 'true', 'false'].map(
    (value) =>
      html`<option value="${value}" ${value === String(own ?? '') ? html`selected` : ''}>${choices[value as keyof typeof choices]}</option>`,
  )}</select></div>`;
}

const isLimit = (name: EntitlementName) => name.startsWith('max_');

/** null for the default. @throws Refusal invalid_request. */
function valueIn(form: Readonly<Record<string, unknown>>, name: EntitlementName): boolean | number | null {
  const text = form[name];
  if (text === '') return null;
  if (isLimit(name) && typeof text === 'string' && /^\d{1,7}$/.test(text)) return Number(text);
  if (!isLimit(name) && (text === 'true' || text === 'false')) return text === 'true';
  const what = isLimit(name) ? 'a whole number, or nothing for the default' : 'yes, no or the default';
  throw new Refusal('invalid_request', `${entitlementNames[name]}: choose ${what}.`);
}
