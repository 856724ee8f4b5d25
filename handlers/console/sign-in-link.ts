import { html } from 'hono/html';
import type { Console } from '../../lib/console/context.ts';
import { openedSessionSchema } from '../../lib/console/peers/backend.ts';
import { type ConsoleApp, textIn } from './env.ts';
import { layout } from './layout.ts';
import { enterSession } from './opened-session.ts';

/** Sign-in by a link of the command line, on this machine alone. The page waits for a click: links get opened in advance. */
export function signInLinkPage(app: ConsoleApp, console: Console): void {
  if (!console.local) return;

  app.get('/sign-in/link', (c) => {
    const content = html`<p>This link signs you in once, without a passkey, because the console runs on this machine alone.</p>
      <form method="post" action="/sign-in/link">
        <input type="hidden" name="token" value="${c.req.query('token') ?? ''}">
        <button class="primary large">Sign in</button>
      </form>`;
    return c.html(layout(c, { title: 'Sign in', content }));
  });

  app.post('/sign-in/link', async (c) => {
    const body = { link_token: textIn(await c.req.parseBody(), 'token', 128) };
    const path = '/api/v1/internal/operator-links/redeem';
    const question = { body, requestId: c.get('requestId') };
    await enterSession(c, console, await console.backend.ask('POST', path, openedSessionSchema, question));
    return c.redirect('/', 303);
  });
}
