import type { RegisterRuntime } from '../../lib/game-master/registration.ts';
import { createHttpApp, type HttpApp, type HttpAppOptions } from '../../lib/http/app.ts';
import { healthzRoute } from './healthz.ts';
import { registerRuntimeRoute } from './register-runtime.ts';

/** The Game Master's one listener, for the lobby. */
export function createGameMasterApp(options: HttpAppOptions, register: RegisterRuntime): HttpApp {
  const app = createHttpApp(options);

  app.openapiRoutes([healthzRoute, registerRuntimeRoute(register)]);

  return app;
}
