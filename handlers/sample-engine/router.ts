import { createHttpApp, type HttpApp, type HttpAppOptions } from '../../lib/http/app.ts';
import type { SampleEngine } from '../../lib/sample-engine/engine.ts';
import { getGameRoute } from './get-game.ts';
import { playTurnRoute } from './play-turn.ts';
import { setUpGameRoute } from './set-up-game.ts';

/** The engine's one listener, for the Game Master; docs/engine-interface.md describes it. */
export function createSampleEngineApp(options: HttpAppOptions, engine: SampleEngine): HttpApp {
  const app = createHttpApp(options);

  app.openapiRoutes([setUpGameRoute(engine), getGameRoute(engine), playTurnRoute(engine)]);

  return app;
}
