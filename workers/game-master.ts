// The whole Game Master in one process, for small and local deployments: both HTTP listeners and every worker. The same
// parts run as processes of their own in larger ones (infra/node/game-master-http.ts, and a file per worker next to this
// one).
import { createGameMasterApps } from '../handlers/game-master/apps.ts';
import type { Environment } from '../lib/config/variables.ts';
import { openGameMasterListeners } from '../lib/game-master/process/listeners.ts';
import { relayGameMasterOutbox } from '../lib/game-master/process/outbox-relay.ts';
import { consumeGameChanges } from '../lib/game-master/process/run-consumers.ts';
import { startGameMaster } from '../lib/game-master/process/start.ts';
import { listenHttp } from '../lib/node/http-listener.ts';
import { renewFetchConnections } from '../lib/node/kept-connections.ts';
import { runProcess, startUnlessStopped, untilStopped } from '../lib/node/process.ts';
import { attendToGames } from './game-turns.ts';

export async function runGameMaster(environment: Environment, stop: AbortSignal): Promise<void> {
  const gameMasterProcess = await startUnlessStopped(stop, () => startGameMaster('game-master', environment));
  const { config, log, gameMaster } = gameMasterProcess;
  const apps = createGameMasterApps(config, { log, ready: () => !stop.aborted }, gameMaster);
  const listeners = await openGameMasterListeners(apps, config, log, listenHttp);
  const workers = [
    attendToGames(gameMasterProcess, stop),
    consumeGameChanges(gameMasterProcess, stop),
    relayGameMasterOutbox(gameMasterProcess, stop),
  ];
  await untilStopped(gameMasterProcess, stop, () =>
    Promise.all([listeners.close(config.shutdownTimeoutMs), ...workers]),
  );
}

if (import.meta.main) {
  renewFetchConnections();
  await runProcess('game-master', runGameMaster);
}
