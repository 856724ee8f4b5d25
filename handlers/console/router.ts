import { Hono, type MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { html } from 'hono/html';
import { HTTPException } from 'hono/http-exception';
import { requestId } from 'hono/request-id';
import { secureHeaders } from 'hono/secure-headers';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { z } from 'zod';
import type { Client, Console } from '../../lib/console/context.ts';
import { errorBody, errorTable, Refusal } from '../../lib/errors/table.ts';
import { addOperatorPage } from './add-operator.ts';
import { auditPage } from './audit.ts';
import { auditExport } from './audit-export.ts';
import { cancelGamePage } from './cancel-game.ts';
import { changeNamePage, withholdNamePage } from './change-name.ts';
import { sessionCookie } from './cookie.ts';
import { correctGamePage } from './correct-game.ts';
import { deadLettersPage } from './dead-letters.ts';
import { decideDeadLettersPage } from './decide-dead-letters.ts';
import { engineLogPage } from './engine-log.ts';
import { enginesPage } from './engines.ts';
import { enrolPage } from './enrol.ts';
import type { ConsoleApp, ConsoleContext, ConsoleEnv } from './env.ts';
import { gamePage } from './game.ts';
import { gameActionPage } from './game-action.ts';
import { gamesPage } from './games.ts';
import { layout } from './layout.ts';
import { memberPage } from './member.ts';
import { namesPage } from './names.ts';
import { oidcPage } from './oidc.ts';
import { findSession } from './opened-session.ts';
import { operatorPage } from './operator.ts';
import { operatorsPage } from './operators.ts';
import { overviewPage } from './overview.ts';
import { removeUserPage } from './remove-user.ts';
import { revokeSessionPage } from './revoke-session.ts';
import { signInPage } from './sign-in.ts';
import { signInLinkPage } from './sign-in-link.ts';
import { signOutPage } from './sign-out.ts';
import { streamsPage } from './streams.ts';
import { unblockMemberPage } from './unblock-member.ts';
import { userPage } from './user.ts';
import { userEntitlementsPage } from './user-entitlements.ts';
import { usersPage } from './users.ts';

const bodyLimitBytes = 128 * 1024;

/** The console's pages. @param ready whether this process accepts work. */
export function createConsoleApp(console: Console, ready: () => boolean): ConsoleApp {
  const app: ConsoleApp = new Hono();
  app.get('/healthz', (c) => c.json({ status: 'ok' }));
  app.get('/readyz', (c) => (ready() ? c.json({ status: 'ready' }) : c.json({ status: 'draining' }, 503)));
  app.use(requestId({ limitLength: 64, headerName: '' }));
  app.use(logRequests(console));
  app.use(pageHeaders(console));
  app.use(refuseForeignOrigin(console));
  app.use(bodyLimit({ maxSize: bodyLimitBytes }));
  app.get('/assets/:file', (c) => {
    const asset = console.assets.get(c.req.param('file'));
    if (asset === undefined) return c.notFound();
    return c.body(asset.bytes, 200, { 'content-type': asset.type, 'cache-control': 'no-cache' });
  });
  for (const path of ['/sign-in/*', '/enrol/*']) app.use(path, limitStrangers(console));
  for (const page of [signInPage, oidcPage, signInLinkPage, enrolPage]) page(app, console);
  app.use(requireSession(console));
  for (const page of [
    signOutPage,
    overviewPage,
    usersPage,
    userPage,
    revokeSessionPage,
    removeUserPage,
    userEntitlementsPage,
    unblockMemberPage,
    gamesPage,
    gamePage,
    engineLogPage,
    gameActionPage,
    correctGamePage,
    memberPage,
    cancelGamePage,
    namesPage,
    withholdNamePage,
    changeNamePage,
    streamsPage,
    deadLettersPage,
    decideDeadLettersPage,
    enginesPage,
    operatorsPage,
    addOperatorPage,
    operatorPage,
    auditPage,
    auditExport,
  ])
    page(app, console);
  app.notFound((c) => showError(c, new Refusal('not_found', `There is no page ${c.req.path}.`)));
  app.onError((error, c) => showError(c, error));
  return app;
}

function logRequests({ log }: Console): MiddlewareHandler<ConsoleEnv> {
  return async (c, next) => {
    const startedAt = performance.now();
    c.set('log', log.child({ request_id: c.get('requestId') }));
    await next();
    const operator = c.get('session')?.operator.operator_id;
    c.get('log').info(
      {
        method: c.req.method,
        // Without its query: that of a link holds its token.
        path: c.req.path,
        status: c.res.status,
        duration_ms: Math.round((performance.now() - startedAt) * 10) / 10,
        ...(operator === undefined ? {} : { operator_id: operator }),
      },
      'request',
    );
  };
}

function pageHeaders({ publicUrl }: Console): MiddlewareHandler<ConsoleEnv> {
  const own = ["'self'"];
  const none = ["'none'"];
  const secure = secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: none,
      scriptSrc: own,
      styleSrc: own,
      imgSrc: own,
      connectSrc: own,
      formAction: own,
      baseUri: none,
      frameAncestors: none,
    },
    xFrameOptions: 'DENY',
    // Not `no-referrer`: browsers would then hide the origin of forms, too.
    referrerPolicy: 'same-origin',
    strictTransportSecurity: publicUrl.startsWith('https:') ? 'max-age=31536000' : false,
  });
  return async (c, next) => {
    c.header('cache-control', 'no-store');
    await secure(c, next);
  };
}

/** Whatever changes something comes from a page of the console: a cookie alone does not show that. */
function refuseForeignOrigin({ publicUrl }: Console): MiddlewareHandler<ConsoleEnv> {
  return async (c, next) => {
    const reads = c.req.method === 'GET' || c.req.method === 'HEAD';
    if (!reads && c.req.header('origin') !== publicUrl) {
      throw new Refusal(
        'forbidden',
        `This request does not come from a page of this console. Open the console at ${publicUrl}.`,
      );
    }
    await next();
  };
}

/** For what people do before they are signed in. */
function limitStrangers({ limitStranger }: Console): MiddlewareHandler<ConsoleEnv> {
  return async (c, next) => {
    limitStranger(clientOf(c))(false);
    await next();
  };
}

const clientOf = (c: ConsoleContext): Client => ({
  peerAddress: c.env?.peerAddress,
  forwardedFor: c.req.header('x-forwarded-for'),
});

/** Asks the backend on every request, so that a session that was ended and a role that was taken away count at once. */
function requireSession(console: Console): MiddlewareHandler<ConsoleEnv> {
  return async (c, next) => {
    const token = sessionCookie.read(c, console);
    const session = token === undefined ? undefined : await findCounted(token);
    if (session === undefined) {
      sessionCookie.clear(c, console);
      return c.redirect('/sign-in', 303);
    }
    c.set('session', session);
    await next();
    return undefined;

    async function findCounted(token: string) {
      const done = console.limitStranger(clientOf(c));
      let ofOperator = true;
      try {
        const found = await findSession(c, console, token);
        ofOperator = found !== undefined;
        return found;
      } finally {
        done(ofOperator);
      }
    }
  };
}

function showError(c: ConsoleContext, error: Error): Response | Promise<Response> {
  const { code, message, details } = refusalOf(c, error).body.error;
  const status: ContentfulStatusCode = errorTable[code].status;
  if (c.req.header('content-type')?.startsWith('application/json'))
    return c.json(errorBody(code, message), status);
  const problems = fieldProblemsIn(details);
  const content = html`<div class="notice warn" role="alert"><p>${message}</p>${problems.length === 0 ? '' : html`<ul>${problems.map(({ field, problem }) => html`<li>${field.replaceAll('_', ' ')}: ${problem}</li>`)}</ul>`}</div>
    <p><a class="button" href="/">To the overview</a></p>`;
  const title = status === 404 ? 'Not found' : status === 403 ? 'Not allowed' : 'That did not work';
  return c.html(layout(c, { title, content }), status);
}

const fieldProblems = z.object({ fields: z.array(z.object({ field: z.string(), problem: z.string() })) });

/** What a service says about single fields of a form. */
function fieldProblemsIn(details: unknown): { field: string; problem: string }[] {
  return fieldProblems.safeParse(details).data?.fields ?? [];
}

function refusalOf(c: ConsoleContext, error: Error): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof HTTPException && error.status === 413) {
    return new Refusal('payload_too_large', `The request is larger than ${bodyLimitBytes} bytes.`);
  }
  c.get('log').error({ error, method: c.req.method, path: c.req.path }, 'request failed');
  return new Refusal('internal_error', `Something went wrong here. Request id: ${c.get('requestId')}.`);
}
