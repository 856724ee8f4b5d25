import { z } from 'zod';
import type { Console } from '../../lib/console/context.ts';
import type { openedSessionSchema } from '../../lib/console/peers/backend.ts';
import { sessionCookie } from './cookie.ts';
import type { ConsoleContext } from './env.ts';

/** Puts a session that the backend has opened into the cookie, and ends the one that was there. */
export async function enterSession(
  c: ConsoleContext,
  console: Console,
  opened: z.infer<typeof openedSessionSchema>,
): Promise<void> {
  const earlier = sessionCookie.read(c, console);
  if (earlier !== undefined) await endSession(c, console, earlier);
  sessionCookie.write(c, console, opened.session_token, new Date(opened.expires_at));
}

export async function endSession(c: ConsoleContext, { backend }: Console, token: string): Promise<void> {
  const question = { body: { session_token: token }, requestId: c.get('requestId') };
  await backend.ask('POST', '/api/v1/internal/operator-sessions/end', z.object({}), question);
}
