import type { RegisterRuntime } from '../../lib/game-master/registration.ts';
import { createHttpApp, type HttpApp, type HttpAppOptions } from '../../lib/http/app.ts';
import { healthzHandler, healthzRoute } from './healthz.ts';
import { registerRuntimeHandler, registerRuntimeRoute } from './register-runtime.ts';

/** The Game Master's one listener, for the lobby. */
export function createGameMasterApp(options: HttpAppOptions, register: RegisterRuntime): HttpApp {
  const app = createHttpApp(options);

  app.openapi(healthzRoute, healthzHandler());
  app.openapi(registerRuntimeRoute, registerRuntimeHandler(register));

  return app;
}
