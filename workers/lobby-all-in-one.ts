// The whole Game Lobby in one process, for small and local deployments: both HTTP listeners and every worker. The same
// parts run as processes of their own in larger ones (infra/node/lobby-http.ts, workers/enrollment-automation.ts,
// workers/pending-registration-expirer.ts).
import { createLobbyInternalApp } from '../handlers/lobby/internal-router.ts';
import { createLobbyPublicApp } from '../handlers/lobby/public-router.ts';
import type { Environment } from '../lib/config/variables.ts';
import { openLobbyListeners } from '../lib/lobby/listeners.ts';
import { startLobby } from '../lib/lobby/start.ts';
import { aborted, runProcess, within } from '../lib/node/process.ts';
import { automateEnrollment } from './enrollment-automation.ts';
import { expireRaceNames } from './pending-registration-expirer.ts';

export async function runLobby(environment: Environment, stop: AbortSignal): Promise<void> {
  const lobbyProcess = await startLobby('lobby', environment, { servesLists: true, alone: true });
  const { config, log, lobby, close } = lobbyProcess;
  const ready = () => !stop.aborted;
  const apps = {
    public: createLobbyPublicApp({ ...config.publicHttp, log, ready }, lobby),
    internal: createLobbyInternalApp({ ...config.internalHttp, log, ready }, lobby),
  };
  const listeners = await openLobbyListeners(apps, config, log);
  const workers = [automateEnrollment(lobbyProcess, stop), expireRaceNames(lobbyProcess, stop)];

  await aborted(stop);
  log.info('draining');
  const ended = Promise.all([listeners.close(config.shutdownTimeoutMs), ...workers]);
  const drained = await within(config.shutdownTimeoutMs, ended.then(close));
  log.info({ drained }, 'stopped');
}

if (import.meta.main) await runProcess('lobby', runLobby);
