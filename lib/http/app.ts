// The frame around every group of HTTP handlers: request id, access log, body limit, caller, and one place
// that turns refusals and faults into responses. Uses the fetch API only, so that it runs on every runtime.
import { type Hook, OpenAPIHono } from '@hono/zod-openapi';
import type { Context, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { cors } from 'hono/cors';
import { HTTPException } from 'hono/http-exception';
import { requestId } from 'hono/request-id';
import { type ErrorBody, type ErrorCode, errorBody, errorTable, Refusal } from '../errors/table.ts';
import { isTransientFault } from '../errors/transient-fault.ts';
import type { ServiceCaller } from '../operators/service-callers.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { HttpEnv } from './env.ts';
import { fieldProblems, invalidFields } from './field-problems.ts';
import { loggedPath } from './logged-path.ts';
import { requireCaller } from './require-caller.ts';

export type HttpApp = OpenAPIHono<HttpEnv>;

export type HttpAppOptions = {
  log: Logger;
  /** Whether this process accepts work; while false, `/readyz` responds with 503 `draining`. */
  ready: () => boolean;
  bodyLimitBytes: number;
  /** When set, every route except the probes requires `Authorization: Bearer <token>` with a token of one of them. */
  callers?: readonly ServiceCaller[] | undefined;
  /** Successful requests under it are logged at `debug`: for routes with thousands of requests a second. */
  quietPath?: string;
  /** Origins whose pages may call the routes under `/api`; none unless given. */
  corsOrigins?: readonly string[] | undefined;
  /** Called after every response, refusals included. */
  onResponse?: (path: string, status: number) => void;
};

/** An app with its probes: `/healthz` and `/readyz`, which do not call Redis or PostgreSQL. */
export function createHttpApp(options: HttpAppOptions): HttpApp {
  const app: HttpApp = new OpenAPIHono<HttpEnv>({ defaultHook: refuseInvalidInput });
  app.use(requestId({ limitLength: 64 }));
  app.use(logRequests(options));
  app.get('/healthz', (c) => c.json({ status: 'ok' }));
  app.get('/readyz', (c) =>
    options.ready() ? c.json({ status: 'ready' }) : c.json({ status: 'draining' }, 503),
  );
  if (options.corsOrigins !== undefined) app.use('/api/*', allowOrigins(options.corsOrigins));
  if (options.callers !== undefined) app.use(requireCaller(options.callers));
  // Bodies of reads are never read. Checking for one would cost more than the rest of this chain.
  app.on(['POST', 'PUT', 'PATCH', 'DELETE'], '*', limitBody(options.bodyLimitBytes));
  app.use(refuseNul);
  app.notFound((c) => respond(c, errorBody('not_found', `There is no ${c.req.method} ${c.req.path} here.`)));
  app.onError(respondToError);
  return app;
}

const refuseInvalidInput: Hook<unknown, HttpEnv, string, unknown> = (result) => {
  if (result.success) return;
  throw invalidFields(fieldProblems(result.error, 'data' in result ? result.data : undefined));
};

function logRequests({ log, quietPath, onResponse }: HttpAppOptions): MiddlewareHandler<HttpEnv> {
  return async (c, next) => {
    const startedAt = performance.now();
    c.set('log', log.child({ request_id: c.get('requestId') }));
    c.set('actor', { kind: 'anonymous' });
    await next();
    onResponse?.(c.req.path, c.res.status);
    const probe = c.req.path === '/healthz' || c.req.path === '/readyz';
    const quiet = quietPath !== undefined && c.res.ok && c.req.path.startsWith(quietPath);
    c.get('log')[probe ? 'trace' : quiet ? 'debug' : 'info'](
      {
        method: c.req.method,
        path: loggedPath(c.req.path),
        status: c.res.status,
        duration_ms: Math.round((performance.now() - startedAt) * 10) / 10,
      },
      'request',
    );
  };
}

/** Only the length of a body that declares one is checked: looking at the body costs about as much as reading it. */
function limitBody(maxSize: number): MiddlewareHandler {
  const onError = () => {
    throw new Refusal('payload_too_large', `The body is larger than ${maxSize} bytes.`);
  };
  const limitUndeclared = bodyLimit({ maxSize, onError });
  return (c, next) => {
    const declared =
      c.req.header('transfer-encoding') === undefined ? c.req.header('content-length') : undefined;
    if (declared === undefined) return limitUndeclared(c, next);
    return Number(declared) > maxSize ? onError() : next();
  };
}

/** PostgreSQL stores no NUL in a text, so nothing has one, and to search for one would be a fault. */
const refuseNul: MiddlewareHandler = (c, next) => {
  // Almost no URL has one, and to look for it is cheap.
  if (c.req.url.includes('%00')) {
    const fields = Object.entries(c.req.queries()).filter(([, values]) =>
      values.some((value) => value.includes('\0')),
    );
    if (fields.length > 0)
      throw invalidFields(fields.map(([field]) => ({ field, problem: 'must not contain NUL characters' })));
  }
  return next();
};

/** Without credentials: these routes do not use cookies. */
function allowOrigins(origins: readonly string[]): MiddlewareHandler {
  return cors({
    origin: [...origins],
    allowMethods: ['GET', 'POST'],
    allowHeaders: ['Content-Type', 'X-Request-ID', 'traceparent'],
    exposeHeaders: ['Retry-After', 'X-Request-ID'],
    maxAge: 600,
  });
}

function respondToError(error: Error, c: Context<HttpEnv>): Response {
  if (error instanceof Refusal) return respond(c, error.body);
  if (c.req.raw.signal.aborted) {
    c.get('log').info(
      { method: c.req.method, path: loggedPath(c.req.path) },
      'the client was too slow or has gone',
    );
    // The client does not receive it, but logs and counters must not show a failure of this service.
    return c.body(null, 408);
  }
  if (error instanceof HTTPException) return respond(c, bodyOfHttpException(error));
  if (isTransientFault(error)) {
    c.get('log').warn(
      { error, method: c.req.method, path: loggedPath(c.req.path) },
      'request failed for a transient fault',
    );
    return respond(
      c,
      errorBody('service_unavailable', 'This is not available for a moment; please try again shortly.'),
    );
  }
  c.get('log').error({ error, method: c.req.method, path: loggedPath(c.req.path) }, 'request failed');
  return respond(
    c,
    errorBody('internal_error', `Something went wrong here. Request id: ${c.get('requestId')}.`),
  );
}

/** What Hono itself refuses: JSON that does not parse, and content types that are not JSON. */
function bodyOfHttpException(error: HTTPException): ErrorBody {
  const codes: Partial<Record<number, ErrorCode>> = {
    413: 'payload_too_large',
    415: 'unsupported_media_type',
  };
  const code = codes[error.status] ?? (error.status < 500 ? 'invalid_request' : 'internal_error');
  return errorBody(code, messageOf(code, error));
}

function messageOf(code: ErrorCode, error: HTTPException): string {
  switch (code) {
    case 'internal_error':
      return 'Something went wrong here.';
    case 'unsupported_media_type':
      return 'A body must be JSON, sent as Content-Type: application/json.';
    default:
      return `${error.message}.`;
  }
}

function respond(c: Context<HttpEnv>, body: ErrorBody): Response {
  const retryAfter = body.error.details?.retry_after_seconds;
  if (typeof retryAfter === 'number') c.header('Retry-After', String(retryAfter));
  return c.json(body, errorTable[body.error.code].status);
}
