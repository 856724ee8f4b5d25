import { html } from 'hono/html';
import type { Console } from '../../lib/console/context.ts';
import { invitedSchema, operatorSchema, operatorsSchema } from '../../lib/console/peers/backend.ts';
import { Refusal } from '../../lib/errors/table.ts';
import { roleFields, rolesIn } from './add-operator.ts';
import { type ConsoleApp, forOperator, textIn } from './env.ts';
import { invitation } from './invited.ts';
import { layout } from './layout.ts';

/** One operator: their roles, a new passkey, and the end of their access. */
export function operatorPage(app: ConsoleApp, { backend, publicUrl }: Console): void {
  const path = '/api/v1/internal/operators';
  const pathOf = (id: string) => `${path}/${encodeURIComponent(id)}`;

  app.get('/operators/:id', async (c) => {
    const { items } = await backend.ask('GET', path, operatorsSchema, forOperator(c, 'backend'));
    const operator = items.find(({ operator_id }) => operator_id === c.req.param('id'));
    if (operator === undefined) throw new Refusal('not_found', 'There is no such operator.');
    const { operator_id: id } = operator;
    const reason = (of: string) => html`<div class="field"><label for="${of}-reason">Reason</label>
      <input id="${of}-reason" name="reason" maxlength="500" required autocomplete="off"></div>`;
    const content = html`<p class="words">${operator.email} <code>${id}</code></p>
      <form class="card" method="post" action="/operators/${id}/roles">${roleFields(operator.roles)}${reason('roles')}
        <div class="buttons"><button class="primary">Set the roles</button></div></form>
      <form class="card" method="post" action="/operators/${id}/reset"><h2>New passkey</h2>
        <p>Takes all passkeys of this operator away, ends their sessions, and makes a link to enrol another one.</p>${reason('reset')}
        <div class="buttons"><button class="danger">Make a link</button></div></form>
      <form class="card" method="post" action="/operators/${id}/disable"><h2>Disable</h2>
        <p>Ends all sessions of this operator and takes their passkeys away. This cannot be undone.</p>${reason('disable')}
        <div class="buttons"><button class="danger">Disable</button></div></form>`;
    return c.html(layout(c, { title: operator.name, place: '/operators', content }));
  });

  app.post('/operators/:id/roles', async (c) => {
    const form = await c.req.parseBody({ all: true });
    const body = { roles: rolesIn(form) };
    const question = { ...forOperator(c, 'backend'), reason: textIn(form, 'reason'), body };
    await backend.ask('PUT', `${pathOf(c.req.param('id'))}/roles`, operatorSchema, question);
    return c.redirect('/operators', 303);
  });

  app.post('/operators/:id/disable', async (c) => {
    const question = { ...forOperator(c, 'backend'), reason: textIn(await c.req.parseBody(), 'reason') };
    await backend.ask('POST', `${pathOf(c.req.param('id'))}/disable`, operatorSchema, question);
    return c.redirect('/operators', 303);
  });

  app.post('/operators/:id/reset', async (c) => {
    const question = { ...forOperator(c, 'backend'), reason: textIn(await c.req.parseBody(), 'reason') };
    const invited = await backend.ask('POST', `${pathOf(c.req.param('id'))}/reset`, invitedSchema, question);
    const content = invitation(publicUrl, invited);
    return c.html(layout(c, { title: 'New passkey', place: '/operators', content }));
  });
}
