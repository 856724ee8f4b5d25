// The backend's two HTTP listeners on Bun, without its workers. Stateless; any number of replicas.
import { createBackendApps } from '../../handlers/backend/apps.ts';
import { openBackendListeners } from '../../lib/backend/process/listeners.ts';
import { startBackendHttp } from '../../lib/backend/process/start.ts';
import { runProcess, startUnlessStopped, untilStopped } from '../../lib/node/process.ts';
import { listenBun } from './listen.ts';

await runProcess('backend-http', async (environment, stop) => {
  const backend = await startUnlessStopped(stop, () => startBackendHttp(environment));
  const { config, context, streams, log } = backend;
  const apps = createBackendApps(config, { log, ready: () => !stop.aborted }, context, streams);
  const listeners = await openBackendListeners(apps, config, log, listenBun);
  await untilStopped(backend, stop, () => listeners.close(config.shutdownTimeoutMs));
});
