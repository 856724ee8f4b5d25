import type { Console } from '../../lib/console/context.ts';
import { sessionCookie } from './cookie.ts';
import type { ConsoleApp } from './env.ts';
import { endSession } from './opened-session.ts';

export function signOutPage(app: ConsoleApp, console: Console): void {
  app.post('/sign-out', async (c) => {
    const token = sessionCookie.read(c, console);
    if (token !== undefined) await endSession(c, console, token);
    sessionCookie.clear(c, console);
    return c.redirect('/sign-in', 303);
  });
}
