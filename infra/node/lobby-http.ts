// The lobby's two HTTP listeners on Node, without its workers. Stateless; any number of replicas.
import { createLobbyInternalApp } from '../../handlers/lobby/internal-router.ts';
import { createLobbyPublicApp } from '../../handlers/lobby/public-router.ts';
import type { Environment } from '../../lib/config/variables.ts';
import { openLobbyListeners } from '../../lib/lobby/listeners.ts';
import { startLobby } from '../../lib/lobby/start.ts';
import { runProcess, untilStopped } from '../../lib/node/process.ts';

export async function runLobbyHttp(environment: Environment, stop: AbortSignal): Promise<void> {
  const lobbyProcess = await startLobby('lobby-http', environment, { servesLists: true });
  const { config, log, lobby } = lobbyProcess;
  const ready = () => !stop.aborted;
  const apps = {
    public: createLobbyPublicApp({ ...config.publicHttp, log, ready }, lobby),
    internal: createLobbyInternalApp({ ...config.internalHttp, log, ready }, lobby),
  };
  const listeners = await openLobbyListeners(apps, config, log);
  await untilStopped(lobbyProcess, stop, () => listeners.close(config.shutdownTimeoutMs));
}

if (import.meta.main) await runProcess('lobby-http', runLobbyHttp);
