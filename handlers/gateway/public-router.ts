import type { Context, MiddlewareHandler } from 'hono';
import type { ServerKey } from '../../lib/gateway/commands/server-keys.ts';
import { type PublicRoute, publicRequestDone } from '../../lib/gateway/instruments.ts';
import { createHttpApp, type HttpApp, type HttpAppOptions } from '../../lib/http/app.ts';
import type { HttpEnv } from '../../lib/http/env.ts';
import { confirmEmailCodeRoute } from './confirm-email-code.ts';
import type { SignIn } from './pass-to-backend.ts';
import { recoverRoute } from './recover.ts';
import { sendEmailCodeRoute } from './send-email-code.ts';
import { serverKeys } from './server-keys.ts';
import { unsubscribeQuestionRoute, unsubscribeRoute } from './unsubscribe.ts';

export type PublicDeps = Omit<SignIn, 'clientAddressOf'> & {
  /** @param forwardedFor all values of `X-Forwarded-For`. */
  clientAddress: (peerAddress: string | undefined, forwardedFor: readonly string[]) => string;
  serverKeys: readonly ServerKey[];
};

/** The gateway's public HTTP listener: probes, sign-in, links of mails. */
export function createGatewayPublicApp(
  options: Omit<HttpAppOptions, 'bodyLimitBytes' | 'token' | 'onResponse'>,
  deps: PublicDeps,
): HttpApp {
  const clientAddressOf = (c: Context<HttpEnv>) => {
    const forwardedFor = c.req.header('x-forwarded-for');
    return deps.clientAddress(c.env.peerAddress, forwardedFor === undefined ? [] : [forwardedFor]);
  };
  const signIn: SignIn = { ...deps, clientAddressOf };

  const app = createHttpApp({ ...options, bodyLimitBytes: 8 * 1024, onResponse: countRequest });
  app.use('/api/*', limitAddress(signIn));
  app.openapiRoutes([
    sendEmailCodeRoute(signIn),
    confirmEmailCodeRoute(signIn),
    recoverRoute(signIn),
    unsubscribeQuestionRoute(),
    unsubscribeRoute(signIn),
  ]);
  app.get('/api/v1/public/auth/server-keys', serverKeys(deps.serverKeys));
  return app;
}

function limitAddress({ limits, clientAddressOf }: SignIn): MiddlewareHandler<HttpEnv> {
  return async (c, next) => {
    limits.address(clientAddressOf(c));
    await next();
  };
}

const counted: ReadonlyMap<string, PublicRoute> = new Map([
  ['/api/v1/public/auth/send-email-code', 'send-email-code'],
  ['/api/v1/public/auth/confirm-email-code', 'confirm-email-code'],
  ['/api/v1/public/auth/recover', 'recover'],
  ['/api/v1/public/auth/server-keys', 'server-keys'],
  ['/api/v1/public/mail/unsubscribe', 'unsubscribe'],
]);

function countRequest(path: string, status: number): void {
  if (path.startsWith('/api/')) publicRequestDone(counted.get(path) ?? 'other', status);
}
