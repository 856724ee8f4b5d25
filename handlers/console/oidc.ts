import type { Console } from '../../lib/console/context.ts';
import { begunOidcSchema, openedSessionSchema } from '../../lib/console/peers/backend.ts';
import { Refusal } from '../../lib/errors/table.ts';
import { oidcCookie } from './cookie.ts';
import type { ConsoleApp } from './env.ts';
import { enterSession } from './opened-session.ts';

/** The backend asks the issuer up to four times, four seconds each. */
const timeoutMs = 20_000;
const lifeMs = 600_000;

/** Sign-in at the OpenID Connect issuer: the way there, and the way back. The backend decides whom the issuer has sent. */
export function oidcPage(app: ConsoleApp, console: Console): void {
  const { backend, publicUrl } = console;
  const path = '/api/v1/internal/operator-oidc-sign-ins';

  // A link and not a form, which the content security policy keeps within the console.
  app.get('/sign-in/oidc', async (c) => {
    const question = { body: { console_url: publicUrl }, requestId: c.get('requestId'), timeoutMs };
    const begun = await backend.ask('POST', path, begunOidcSchema, question);
    oidcCookie.write(c, console, begun.challenge_id, new Date(Date.now() + lifeMs));
    return c.redirect(begun.authorization_url, 303);
  });

  app.get('/sign-in/oidc/callback', async (c) => {
    const challengeId = oidcCookie.read(c, console);
    oidcCookie.clear(c, console);
    if (challengeId === undefined) {
      throw new Refusal('challenge_failed', 'This browser has begun no sign-in at the issuer; try again.');
    }
    const body = { query: new URL(c.req.url).search };
    const question = { body, requestId: c.get('requestId'), timeoutMs };
    const finish = `${path}/${encodeURIComponent(challengeId)}/finish`;
    await enterSession(c, console, await backend.ask('POST', finish, openedSessionSchema, question));
    return c.redirect('/', 303);
  });
}
