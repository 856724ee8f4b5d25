import { OpenAPIHono } from '@hono/zod-openapi';
import type { GameMaster } from '../../lib/game-master/context.ts';
import { admitAdmin } from '../../lib/http/actor.ts';
import { createHttpApp, type HttpApp, type HttpAppOptions } from '../../lib/http/app.ts';
import type { HttpEnv } from '../../lib/http/env.ts';
import { discardDeadLetterRoute } from '../streams/discard-dead-letter.ts';
import { listDeadLettersRoute } from '../streams/list-dead-letters.ts';
import { listStreamsRoute } from '../streams/list-streams.ts';
import { retryDeadLetterRoute } from '../streams/retry-dead-letter.ts';
import { healthzRoute } from './healthz.ts';
import { registerRuntimeRoute } from './register-runtime.ts';

/** The Game Master's internal listener: for the lobby, and for admins. Nothing here shows orders. */
export function createGameMasterInternalApp(options: HttpAppOptions, gameMaster: GameMaster): HttpApp {
  const routes = new OpenAPIHono<HttpEnv>();
  routes.use(admitAdmin);

  routes.openapiRoutes([
    healthzRoute,
    registerRuntimeRoute(gameMaster),

    listStreamsRoute(gameMaster.streams),
    listDeadLettersRoute(gameMaster.streams),
    retryDeadLetterRoute(gameMaster.streams),
    discardDeadLetterRoute(gameMaster.streams),
  ]);

  const app = createHttpApp(options);
  app.route('/', routes);
  return app;
}
