// The lobby's two HTTP listeners on Deno, without its workers. Stateless; any number of replicas.
import { createLobbyApps } from '../../handlers/lobby/apps.ts';
import { openLobbyListeners } from '../../lib/lobby/process/listeners.ts';
import { startLobbyHttp } from '../../lib/lobby/process/start.ts';
import { runProcess, startUnlessStopped, untilStopped } from '../../lib/node/process.ts';
import { listenDeno } from './listen.ts';

await runProcess('lobby-http', async (environment, stop) => {
  const lobbyProcess = await startUnlessStopped(stop, () => startLobbyHttp(environment));
  const { config, log, lobby } = lobbyProcess;
  const apps = createLobbyApps(config, { log, ready: () => !stop.aborted }, lobby);
  const listeners = await openLobbyListeners(apps, config, log, listenDeno);
  await untilStopped(lobbyProcess, stop, () => listeners.close(config.shutdownTimeoutMs));
});
