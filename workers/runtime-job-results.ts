// The lobby's consumer of `runtime:job_results`, as a process of its own: the results of the start and stop jobs. It also
// resumes games that were started while the Game Master was away. Of any number of replicas one consumes, and all resume;
// see lib/lobby/consumers/runtime-results.ts and lib/lobby/automation/unregistered-games.ts.
import type { Environment } from '../lib/config/variables.ts';
import { resumeUnregisteredGames } from '../lib/lobby/automation/unregistered-games.ts';
import { consumeRuntimeResults } from '../lib/lobby/process/run-consumers.ts';
import { type LobbyProcess, startLobby } from '../lib/lobby/process/start.ts';
import { runProcess, startUnlessStopped, untilStopped } from '../lib/node/process.ts';
import { runTicks } from '../lib/node/tick-loop.ts';

export async function runRuntimeJobResults(environment: Environment, stop: AbortSignal): Promise<void> {
  const lobbyProcess = await startUnlessStopped(stop, () => startLobby('lobby-runtime-results', environment));
  const working = applyRuntimeResults(lobbyProcess, stop);
  await untilStopped(lobbyProcess, stop, () => working);
}

/** The worker's loops alone, for processes that run several. */
export async function applyRuntimeResults(process: LobbyProcess, stop: AbortSignal): Promise<void> {
  const { config, lobby, log } = process;
  const resuming = runTicks(
    {
      name: 'unregistered-games',
      intervalMs: config.registrationRetryIntervalMs,
      tick: (stopped) => resumeUnregisteredGames(lobby, log, stopped),
      log,
    },
    stop,
  );
  await Promise.all([consumeRuntimeResults(process, stop), resuming]);
}

if (import.meta.main) await runProcess('lobby-runtime-results', runRuntimeJobResults);
