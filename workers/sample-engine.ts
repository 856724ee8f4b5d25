// The sample engine: a small game that plays itself, for trying the platform and as an example for those who write
// engines. One process per game, started by the Runtime Manager.
import { createSampleEngineApp } from '../handlers/sample-engine/router.ts';
import type { Environment } from '../lib/config/variables.ts';
import { aborted, runProcess, startUnlessStopped } from '../lib/node/process.ts';
import {
  bodyLimitBytes,
  openSampleEngineListener,
  shutdownTimeoutMs,
  startSampleEngine,
} from '../lib/sample-engine/start.ts';

export async function runSampleEngine(environment: Environment, stop: AbortSignal): Promise<void> {
  const { config, log, engine } = await startUnlessStopped(stop, () => startSampleEngine(environment));
  const app = createSampleEngineApp({ log, ready: () => !stop.aborted, bodyLimitBytes }, engine);
  const listeners = await openSampleEngineListener(app, config, log);

  await aborted(stop);
  await listeners.close(shutdownTimeoutMs);
  log.info('stopped');
}

if (import.meta.main) await runProcess('sample-engine', runSampleEngine);
