import { html } from 'hono/html';
import type { Console } from '../../lib/console/context.ts';
import { invitedSchema } from '../../lib/console/peers/backend.ts';
import { type Role, roles } from '../../lib/operators/roles.ts';
import { type ConsoleApp, forOperator, textIn } from './env.ts';
import { invitation } from './invited.ts';
import { type Html, layout } from './layout.ts';
import { reasonField } from './parts.ts';

const meanings: Readonly<Record<Role, string>> = {
  viewer: 'sees games, streams, operators and the audit log',
  support: 'also sees and changes users and their sessions',
  moderator: 'also changes games and their members',
  operator: 'also decides about dead letters',
  owner: 'may do everything, and decides who the operators are',
};

/** The checkboxes of a form. */
export function roleFields(held: readonly Role[]): Html {
  return html`<fieldset class="group"><legend>Roles</legend>${roles.map(
    (
      role,
    ) => html`<label class="check"><input type="checkbox" name="roles" value="${role}" ${held.includes(role) ? html`checked` : ''}>
      <span><strong>${role}</strong> ${meanings[role]}</span></label>`,
  )}</fieldset>`;
}

export function rolesIn(form: Readonly<Record<string, unknown>>): unknown[] {
  return [form.roles ?? []].flat();
}

export function addOperatorPage(app: ConsoleApp, { backend, publicUrl }: Console): void {
  app.get('/operators/add', (c) => {
    const content = html`<form class="card" method="post" action="/operators/add">
      <div class="field"><label for="name">Name</label><input id="name" name="name" maxlength="64" required autocomplete="off"></div>
      <div class="field"><label for="email">E-mail</label><input id="email" name="email" type="email" maxlength="254" required autocomplete="off"></div>
      ${roleFields(['viewer'])}
      ${reasonField}
      <div class="buttons"><button class="primary">Add</button><a class="button" href="/operators">Back</a></div>
    </form>`;
    return c.html(layout(c, { title: 'Add an operator', place: '/operators', content }));
  });

  app.post('/operators/add', async (c) => {
    const form = await c.req.parseBody({ all: true });
    const body = { name: textIn(form, 'name', 64), email: textIn(form, 'email', 254), roles: rolesIn(form) };
    const question = { ...forOperator(c, 'backend'), reason: textIn(form, 'reason'), body };
    const invited = await backend.ask('POST', '/api/v1/internal/operators', invitedSchema, question);
    const content = invitation(publicUrl, invited);
    return c.html(layout(c, { title: 'Operator added', place: '/operators', content }));
  });
}
