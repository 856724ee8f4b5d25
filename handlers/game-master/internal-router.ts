import { OpenAPIHono } from '@hono/zod-openapi';
import type { GameMaster } from '../../lib/game-master/context.ts';
import { createHttpApp, type HttpApp } from '../../lib/http/app.ts';
import type { HttpEnv } from '../../lib/http/env.ts';
import type { OpenApiDocument } from '../../lib/http/openapi.ts';
import {
  createOperatorAccess,
  type InternalAppOptions,
  mountInternalRoutes,
} from '../../lib/http/operator-access.ts';
import { listAuditEntriesRoute } from '../audit/list-audit-entries.ts';
import { discardDeadLetterRoute } from '../streams/discard-dead-letter.ts';
import { getOutboxRoute } from '../streams/get-outbox.ts';
import { listDeadLettersRoute } from '../streams/list-dead-letters.ts';
import { listParkedKeysRoute } from '../streams/list-parked-keys.ts';
import { listStreamsRoute } from '../streams/list-streams.ts';
import { retryDeadLetterRoute } from '../streams/retry-dead-letter.ts';
import { getEngineRoute } from './get-engine.ts';
import { healthzRoute } from './healthz.ts';
import { describeInternalApi } from './openapi.ts';
import { delayTurnRoute } from './operators/delay-turn.ts';
import { getPlayStateRoute } from './operators/get-play-state.ts';
import { listRunningEnginesRoute } from './operators/list-engines.ts';
import { listSeatsRoute } from './operators/list-seats.ts';
import { playTurnNowRoute } from './operators/play-turn-now.ts';
import { readEngineLogRoute } from './operators/read-engine-log.ts';
import { restartEngineRoute } from './operators/restart-engine.ts';
import { getTurnRoute } from './players/get-turn.ts';
import { getViewRoute } from './players/get-view.ts';
import { listHistoryRoute } from './players/list-history.ts';
import { registerRuntimeRoute } from './register-runtime.ts';

/**
 * The Game Master's internal listener: what the lobby asks; the reads of players for the admin actor, except of orders,
 * which are for their author alone; engines and streams, for operators; and the OpenAPI document.
 */
export function createGameMasterInternalApp(options: InternalAppOptions, gameMaster: GameMaster): HttpApp {
  const access = createOperatorAccess('game-master', options);
  const routes = new OpenAPIHono<HttpEnv>();
  mountInternalRoutes(routes, access, [
    healthzRoute,
    registerRuntimeRoute(gameMaster),

    listStreamsRoute(gameMaster.streams),
    getOutboxRoute(gameMaster.streams),
    listParkedKeysRoute(gameMaster.streams),
    listDeadLettersRoute(gameMaster.streams),
    retryDeadLetterRoute(gameMaster.streams),
    discardDeadLetterRoute(gameMaster.streams),
    listAuditEntriesRoute(gameMaster.streams),
  ]);

  const reads = new OpenAPIHono<HttpEnv>();
  mountInternalRoutes(reads, access, [
    getTurnRoute(gameMaster),
    getViewRoute(gameMaster),
    listHistoryRoute(gameMaster),
    getEngineRoute(gameMaster),

    playTurnNowRoute(gameMaster),
    delayTurnRoute(gameMaster),
    listSeatsRoute(gameMaster),
    getPlayStateRoute(gameMaster),
    listRunningEnginesRoute(gameMaster),
    readEngineLogRoute(gameMaster),
    restartEngineRoute(gameMaster),
  ]);

  const app = createHttpApp(options);
  app.route('/', routes);
  app.route('/api/v1/internal', reads);
  // Built at the first request for it, as the lobby's.
  let description: OpenApiDocument | undefined;
  app.get('/openapi.json', (c) => {
    description ??= describeInternalApi(app);
    return c.json(description);
  });
  return app;
}
