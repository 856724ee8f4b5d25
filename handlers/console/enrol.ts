import { html } from 'hono/html';
import { z } from 'zod';
import type { Console } from '../../lib/console/context.ts';
import { begunSchema, openedSessionSchema } from '../../lib/console/peers/backend.ts';
import type { ConsoleApp } from './env.ts';
import { jsonOf } from './json-body.ts';
import { layout } from './layout.ts';
import { enterSession } from './opened-session.ts';

const content = html`<p>This link is for you alone, and works once. Your device or password manager makes a passkey for this console; you
  sign in with it from now on.</p>
<button class="primary large" type="button" data-passkey="enrol">Make a passkey</button>
<p class="notice warn" role="alert" data-passkey-problem hidden></p>
<noscript><p class="notice warn">Browsers give passkeys to scripts alone: allow them for this page.</p></noscript>`;

const token = z.string().min(1).max(128);
const beginBody = z.object({ token });
const finishBody = z.object({ token, challenge_id: z.guid(), response: z.looseObject({}) });

/** Enrolment of a passkey with a link: the page, and the two requests of its script. */
export function enrolPage(app: ConsoleApp, console: Console): void {
  const { backend, publicUrl } = console;
  const path = '/api/v1/internal/operator-enrolments';

  app.get('/enrol', (c) => c.html(layout(c, { title: 'Welcome', content })));

  app.post('/enrol/begin', async (c) => {
    const { token } = await jsonOf(c, beginBody);
    const body = { link_token: token, console_url: publicUrl };
    return c.json(await backend.ask('POST', path, begunSchema, { body, requestId: c.get('requestId') }));
  });

  app.post('/enrol/finish', async (c) => {
    const { token, challenge_id, response } = await jsonOf(c, finishBody);
    const question = { body: { link_token: token, response }, requestId: c.get('requestId') };
    const opened = await backend.ask('POST', `${path}/${challenge_id}/finish`, openedSessionSchema, question);
    await enterSession(c, console, opened);
    return c.json({ location: '/' });
  });
}
