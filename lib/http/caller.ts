// Who makes a request, as operations are told.
import type { Context } from 'hono';
import type { AdminActor, HttpEnv, UserActor } from './env.ts';

/** Who makes a request, and what links requests to peers to it. */
export type Caller = {
  readonly actor: UserActor | AdminActor;
  readonly requestId: string;
  readonly traceparent?: string | undefined;
};

/** The caller; the router has admitted the actor. */
export function callerOf(c: Context<HttpEnv>): Caller {
  const actor = c.get('actor');
  if (actor.kind === 'anonymous') throw new Error(`${c.req.path} is mounted without admitting an actor.`);
  return { actor, requestId: c.get('requestId'), traceparent: c.req.header('traceparent') };
}
