import type { HttpApp, HttpAppOptions } from '../../lib/http/app.ts';
import type { LobbyConfig } from '../../lib/lobby/config.ts';
import type { Lobby } from '../../lib/lobby/context.ts';
import { createLobbyInternalApp } from './internal-router.ts';
import { createLobbyPublicApp } from './public-router.ts';

/** The apps of the lobby's two HTTP listeners, from its configuration. */
export function createLobbyApps(
  { publicHttp, internalHttp }: Pick<LobbyConfig, 'publicHttp' | 'internalHttp'>,
  process: Pick<HttpAppOptions, 'log' | 'ready'>,
  lobby: Lobby,
): { public: HttpApp; internal: HttpApp } {
  return {
    public: createLobbyPublicApp({ ...publicHttp, ...process }, lobby),
    internal: createLobbyInternalApp({ ...internalHttp, ...process }, lobby),
  };
}
