import { OpenAPIHono } from '@hono/zod-openapi';
import type { GameMaster } from '../../lib/game-master/context.ts';
import { admitUser } from '../../lib/http/actor.ts';
import { createHttpApp, type HttpApp, type HttpAppOptions } from '../../lib/http/app.ts';
import type { HttpEnv } from '../../lib/http/env.ts';
import { getOrdersRoute } from './players/get-orders.ts';
import { getTurnRoute } from './players/get-turn.ts';
import { getViewRoute } from './players/get-view.ts';
import { listHistoryRoute } from './players/list-history.ts';
import { submitOrdersRoute } from './players/submit-orders.ts';
import { withdrawOrdersRoute } from './players/withdraw-orders.ts';

/** The Game Master's public listener: what players do, each named by the gateway in `X-User-ID`. */
export function createGameMasterPublicApp(options: HttpAppOptions, gm: GameMaster): HttpApp {
  const routes = new OpenAPIHono<HttpEnv>();
  routes.use(admitUser);

  routes.openapiRoutes([
    getTurnRoute(gm),
    getViewRoute(gm),
    submitOrdersRoute(gm),
    getOrdersRoute(gm),
    withdrawOrdersRoute(gm),
    listHistoryRoute(gm),
  ]);

  const app = createHttpApp(options);
  app.route('/api/v1', routes);
  return app;
}
