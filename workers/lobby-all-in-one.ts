// The whole Game Lobby in one process, for small and local deployments: both HTTP listeners and every worker. The same
// parts run as processes of their own in larger ones (infra/node/lobby-http.ts, and a file per worker next to this
// one).
import { createLobbyApps } from '../handlers/lobby/apps.ts';
import type { Environment } from '../lib/config/variables.ts';
import { openLobbyListeners } from '../lib/lobby/process/listeners.ts';
import { relayLobbyOutbox } from '../lib/lobby/process/outbox-relay.ts';
import { consumeGmEvents, consumeUserLifecycle } from '../lib/lobby/process/run-consumers.ts';
import { startLobby } from '../lib/lobby/process/start.ts';
import { listenHttp } from '../lib/node/http-listener.ts';
import { renewFetchConnections } from '../lib/node/kept-connections.ts';
import { runProcess, startUnlessStopped, untilStopped } from '../lib/node/process.ts';
import { automateEnrollment } from './enrollment-automation.ts';
import { expireRaceNames } from './pending-registration-expirer.ts';
import { applyRuntimeResults } from './runtime-job-results.ts';

export async function runLobby(environment: Environment, stop: AbortSignal): Promise<void> {
  const lobbyProcess = await startUnlessStopped(stop, () =>
    startLobby('lobby', environment, { servesLists: true, alone: true }),
  );
  const { config, log, lobby } = lobbyProcess;
  const apps = createLobbyApps(config, { log, ready: () => !stop.aborted }, lobby);
  const listeners = await openLobbyListeners(apps, config, log, listenHttp);
  const workers = [
    automateEnrollment(lobbyProcess, stop),
    expireRaceNames(lobbyProcess, stop),
    applyRuntimeResults(lobbyProcess, stop),
    consumeGmEvents(lobbyProcess, stop),
    consumeUserLifecycle(lobbyProcess, stop),
    relayLobbyOutbox(lobbyProcess, stop),
  ];
  await untilStopped(lobbyProcess, stop, () =>
    Promise.all([listeners.close(config.shutdownTimeoutMs), ...workers]),
  );
}

if (import.meta.main) {
  renewFetchConnections();
  await runProcess('lobby', runLobby);
}
