// The lobby's two HTTP listeners on Node, without its workers. Stateless; any number of replicas.
import { createLobbyApps } from '../../handlers/lobby/apps.ts';
import type { Environment } from '../../lib/config/variables.ts';
import { openLobbyListeners } from '../../lib/lobby/process/listeners.ts';
import { startLobbyHttp } from '../../lib/lobby/process/start.ts';
import { listenHttp } from '../../lib/node/http-listener.ts';
import { renewFetchConnections } from '../../lib/node/kept-connections.ts';
import { runProcess, startUnlessStopped, untilStopped } from '../../lib/node/process.ts';

export async function runLobbyHttp(environment: Environment, stop: AbortSignal): Promise<void> {
  const lobbyProcess = await startUnlessStopped(stop, () => startLobbyHttp(environment));
  const { config, log, lobby } = lobbyProcess;
  const apps = createLobbyApps(config, { log, ready: () => !stop.aborted }, lobby);
  const listeners = await openLobbyListeners(apps, config, log, listenHttp);
  await untilStopped(lobbyProcess, stop, () => listeners.close(config.shutdownTimeoutMs));
}

if (import.meta.main) {
  renewFetchConnections();
  await runProcess('lobby-http', runLobbyHttp);
}
