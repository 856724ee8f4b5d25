import { html } from 'hono/html';
import { z } from 'zod';
import type { Console } from '../../lib/console/context.ts';
import { begunSchema, openedSessionSchema, signInMethodsSchema } from '../../lib/console/peers/backend.ts';
import type { Service } from '../../lib/console/peers/service.ts';
import { Refusal } from '../../lib/errors/table.ts';
import type { ConsoleApp, ConsoleContext } from './env.ts';
import { jsonOf } from './json-body.ts';
import { layout } from './layout.ts';
import { enterSession } from './opened-session.ts';

const content = (
  oidcIssuer: string | undefined,
) => html`<p>Sign in with the passkey that you enrolled for this console.</p>
<button class="primary large" type="button" data-passkey="sign-in">Sign in with a passkey</button>
<p class="notice warn" role="alert" data-passkey-problem hidden></p>
<noscript><p class="notice warn">Browsers give passkeys to scripts alone: allow them for this page.</p></noscript>
${oidcIssuer === undefined ? '' : html`<p><a class="button large" href="/sign-in/oidc">Sign in at <bdi>${new URL(oidcIssuer).host}</bdi></a></p>`}
<p class="help">Without a passkey ask an owner for a link, or make one where the platform runs: <code>npm run operator -- reset EMAIL</code></p>`;

const finishBody = z.object({ challenge_id: z.guid(), response: z.looseObject({}) });

/** Sign-in by passkey: the page, and the two requests of its script. */
export function signInPage(app: ConsoleApp, console: Console): void {
  const { backend, publicUrl } = console;
  const path = '/api/v1/internal/operator-sign-ins';

  app.get('/sign-in', async (c) =>
    c.html(layout(c, { title: 'Sign in', content: content(await findIssuer(c, backend)) })),
  );

  app.post('/sign-in/begin', async (c) => {
    const question = { body: { console_url: publicUrl }, requestId: c.get('requestId') };
    return c.json(await backend.ask('POST', path, begunSchema, question));
  });

  app.post('/sign-in/finish', async (c) => {
    const { challenge_id, response } = await jsonOf(c, finishBody);
    const question = { body: { response }, requestId: c.get('requestId') };
    const opened = await backend.ask('POST', `${path}/${challenge_id}/finish`, openedSessionSchema, question);
    await enterSession(c, console, opened);
    return c.json({ location: '/' });
  });
}

/** Where operators may sign in besides with a passkey. */
async function findIssuer(c: ConsoleContext, backend: Service): Promise<string | undefined> {
  const path = '/api/v1/internal/operator-sign-in-methods';
  try {
    const methods = await backend.ask('GET', path, signInMethodsSchema, { requestId: c.get('requestId') });
    return methods.oidc_issuer;
  } catch (error) {
    // Without the backend nobody can sign in; the page says so when they try.
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}
