// A fetch-style app as the module that workerd wants, on Cloudflare or self-hosted.
//
// On workerd a connection belongs to the request that opened it, and no other request may use it. Creating the app for
// every request would take longer than most requests, so apps are pooled: a request takes a free one, or creates one,
// and returns it when its background work is done and its connections are closed. The pool is as large as the highest
// number of concurrent requests.
import type { ExecutionContext } from 'hono';
import { StartupError } from '../../lib/config/startup.ts';
import type { Environment } from '../../lib/config/variables.ts';
import { errorBody, errorTable } from '../../lib/errors/table.ts';
import type { HttpApp } from '../../lib/http/app.ts';

export type Served = {
  readonly app: HttpApp;
  /** @throws Error when the database is not one that this version can work with. */
  check(): Promise<void>;
  /** Waits for background work and closes connections, which may be opened again. */
  close(): Promise<void>;
};

/** @param prepare reads the bindings of the worker, once, and returns a function that creates an app. */
export function serve(prepare: (environment: Environment) => () => Promise<Served>) {
  const free: Served[] = [];
  let make: (() => Promise<Served>) | undefined;
  let checked = false;
  return {
    async fetch(request: Request, bindings: object, context: ExecutionContext): Promise<Response> {
      let served: Served | undefined;
      try {
        make ??= prepare(texts(bindings));
        served = free.pop() ?? (await make());
        if (!checked) await served.check();
        checked = true;
        return await served.app.fetch(request);
      } catch (error) {
        return refuse(error);
      } finally {
        if (served !== undefined) context.waitUntil(release(served));
      }
    },
  };

  async function release(served: Served): Promise<void> {
    await served.close();
    free.push(served);
  }
}

/** Secrets and variables come as texts; variables that are not set in the environment of a self-hosted one as null. */
function texts(bindings: object): Environment {
  return Object.fromEntries(Object.entries(bindings).filter(([, value]) => typeof value === 'string'));
}

/** The client cannot fix it, so the response has no details; the log has all of them. */
function refuse(error: unknown): Response {
  const problems = error instanceof StartupError ? error.problems : undefined;
  const message = error instanceof Error ? error.message : String(error);
  console.error(
    JSON.stringify({ level: 'error', msg: 'cannot serve', ...(problems ? { problems } : { message }) }),
  );
  const body = errorBody(
    'service_unavailable',
    'This is not available for a moment; please try again shortly.',
  );
  return Response.json(body, { status: errorTable.service_unavailable.status });
}
