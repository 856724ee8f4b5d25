import type { GameMasterConfig } from '../../lib/game-master/config.ts';
import type { GameMaster } from '../../lib/game-master/context.ts';
import type { HttpApp, HttpAppOptions } from '../../lib/http/app.ts';
import { createGameMasterInternalApp } from './internal-router.ts';
import { createGameMasterPublicApp } from './public-router.ts';

/** The apps of the Game Master's two HTTP listeners, from its configuration. */
export function createGameMasterApps(
  { publicHttp, http }: Pick<GameMasterConfig, 'publicHttp' | 'http'>,
  process: Pick<HttpAppOptions, 'log' | 'ready'>,
  gameMaster: GameMaster,
): { public: HttpApp; internal: HttpApp } {
  return {
    public: createGameMasterPublicApp({ ...publicHttp, ...process }, gameMaster),
    internal: createGameMasterInternalApp({ ...http, ...process }, gameMaster),
  };
}
