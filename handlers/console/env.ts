// The context of the console's pages.
import type { Context, Hono } from 'hono';
import type { Session } from '../../lib/console/peers/backend.ts';
import type { Question } from '../../lib/console/peers/service.ts';
import { Refusal } from '../../lib/errors/table.ts';
import type { Connection } from '../../lib/http/env.ts';
import type { Audience } from '../../lib/operators/assertion.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';

export type ConsoleEnv = {
  Bindings: Connection;
  Variables: { requestId: string; log: Logger; session: Session | undefined };
};
export type ConsoleContext = Context<ConsoleEnv>;
export type ConsoleApp = Hono<ConsoleEnv>;

/** The session of a page behind the sign-in. */
export function sessionOf(c: ConsoleContext): Session {
  const session = c.get('session');
  if (session === undefined) throw new Error(`${c.req.path} is mounted before the sign-in.`);
  return session;
}

/** A request to a service for the operator of this one. */
export function forOperator(
  c: ConsoleContext,
  audience: Audience,
): Pick<Question, 'assertion' | 'requestId'> {
  return { assertion: sessionOf(c).assertions[audience], requestId: c.get('requestId') };
}

/** A field of a form or of JSON that must be there. @throws Refusal invalid_request. */
export function textIn(fields: Readonly<Record<string, unknown>>, name: string, max = 500): string {
  const value = fields[name];
  // A text area has lines; what services record has none.
  const text = typeof value === 'string' ? value.trim().replaceAll(/\s+/g, ' ') : '';
  if (text !== '' && text.length <= max) return text;
  throw new Refusal('invalid_request', `Fill in ${name.replaceAll('_', ' ')}, in at most ${max} characters.`);
}
