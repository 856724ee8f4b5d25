// The Game Master's two HTTP listeners on Node, without its workers. Stateless; any number of replicas.
import { createGameMasterApps } from '../../handlers/game-master/apps.ts';
import type { Environment } from '../../lib/config/variables.ts';
import { openGameMasterListeners } from '../../lib/game-master/process/listeners.ts';
import { startGameMaster } from '../../lib/game-master/process/start.ts';
import { listenHttp } from '../../lib/node/http-listener.ts';
import { renewFetchConnections } from '../../lib/node/kept-connections.ts';
import { runProcess, startUnlessStopped, untilStopped } from '../../lib/node/process.ts';

export async function runGameMasterHttp(environment: Environment, stop: AbortSignal): Promise<void> {
  const gameMasterProcess = await startUnlessStopped(stop, () =>
    startGameMaster('game-master-http', environment),
  );
  const { config, log, gameMaster } = gameMasterProcess;
  const apps = createGameMasterApps(config, { log, ready: () => !stop.aborted }, gameMaster);
  const listeners = await openGameMasterListeners(apps, config, log, listenHttp);
  await untilStopped(gameMasterProcess, stop, () => listeners.close(config.shutdownTimeoutMs));
}

if (import.meta.main) {
  renewFetchConnections();
  await runProcess('game-master-http', runGameMasterHttp);
}
