// The lobby's consumer of `runtime:job_results`, as a process of its own: the results of the start and stop jobs.
// Of any number of replicas one is active; see lib/lobby/consumers/runtime-results.ts.
import type { Environment } from '../lib/config/variables.ts';
import { consumeRuntimeResults } from '../lib/lobby/process/run-consumers.ts';
import { startLobby } from '../lib/lobby/process/start.ts';
import { runProcess, startUnlessStopped, untilStopped } from '../lib/node/process.ts';

export async function runRuntimeJobResults(environment: Environment, stop: AbortSignal): Promise<void> {
  const lobbyProcess = await startUnlessStopped(stop, () => startLobby('lobby-runtime-results', environment));
  const consuming = consumeRuntimeResults(lobbyProcess, stop);
  await untilStopped(lobbyProcess, stop, () => consuming);
}

if (import.meta.main) await runProcess('lobby-runtime-results', runRuntimeJobResults);
