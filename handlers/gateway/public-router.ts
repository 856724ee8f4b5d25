import type { PublicAuth } from '../../lib/gateway/public-auth.ts';
import { createHttpApp, type HttpApp, type HttpAppOptions } from '../../lib/http/app.ts';
import { confirmEmailCode } from './confirm-email-code.ts';
import { sendEmailCode } from './send-email-code.ts';
import { type ServerKey, serverKeys } from './server-keys.ts';

/** The gateway's public HTTP listener: probes and sign-in. */
export function createGatewayPublicApp(
  options: Omit<HttpAppOptions, 'bodyLimitBytes' | 'token'>,
  deps: { auth: PublicAuth; activeKey: ServerKey },
): HttpApp {
  const app = createHttpApp({ ...options, bodyLimitBytes: 8 * 1024 });
  app.post('/api/v1/public/auth/send-email-code', sendEmailCode(deps.auth));
  app.post('/api/v1/public/auth/confirm-email-code', confirmEmailCode(deps.auth));
  app.get('/api/v1/public/auth/server-keys', serverKeys(deps.activeKey));
  return app;
}
