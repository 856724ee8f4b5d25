import { createHttpApp, type HttpApp, type HttpAppOptions } from '../../lib/http/app.ts';
import type { SampleEngine } from '../../lib/sample-engine/engine.ts';
import { getGameHandler, getGameRoute } from './get-game.ts';
import { playTurnHandler, playTurnRoute } from './play-turn.ts';
import { setUpGameHandler, setUpGameRoute } from './set-up-game.ts';

/** The engine's one listener, for the Game Master; docs/engine-interface.md describes it. */
export function createSampleEngineApp(options: HttpAppOptions, engine: SampleEngine): HttpApp {
  const app = createHttpApp(options);

  app.openapi(setUpGameRoute, setUpGameHandler(engine));
  app.openapi(getGameRoute, getGameHandler(engine));
  app.openapi(playTurnRoute, playTurnHandler(engine));

  return app;
}
