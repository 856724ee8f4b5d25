import { z } from 'zod';
import type { Console } from '../../lib/console/context.ts';
import { type openedSessionSchema, type Session, sessionSchema } from '../../lib/console/peers/backend.ts';
import { Refusal } from '../../lib/errors/table.ts';
import type { Audience } from '../../lib/operators/assertion.ts';
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

const audiences: readonly Audience[] = ['backend', 'lobby', 'game-master'];

/** With assertions for the next minute. @returns undefined when the session has ended. */
export async function findSession(
  c: ConsoleContext,
  { backend }: Pick<Console, 'backend'>,
  token: string,
): Promise<Session | undefined> {
  const question = { body: { session_token: token, audiences }, requestId: c.get('requestId') };
  const path = '/api/v1/internal/operator-sessions/find';
  return backend.ask('POST', path, sessionSchema, question).catch((error: unknown) => {
    if (error instanceof Refusal && error.code === 'not_found') return undefined;
    throw error;
  });
}
