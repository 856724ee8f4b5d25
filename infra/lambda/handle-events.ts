// A fetch-style app as a handler of Lambda, for events of HTTP APIs and function URLs (payload 2.0), of REST APIs and
// of load balancers. Between invocations the process is frozen, so a response waits for background work.
import type { Hono } from 'hono';
import { handle, type LambdaContext, type LambdaEvent } from 'hono/aws-lambda';
import type { HttpEnv } from '../../lib/http/env.ts';

export function handleEvents(app: Hono<HttpEnv>, settled: () => Promise<unknown>) {
  const respond = handle(app);
  return async (event: LambdaEvent, context?: LambdaContext) => {
    const result = await respond(event, context);
    await settled();
    return result;
  };
}
