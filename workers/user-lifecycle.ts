// The lobby's consumer of `user:lifecycle_events`, as a process of its own: removes users who were blocked permanently
// or deleted from all games. Of any number of replicas one is active; see lib/lobby/consumers/user-lifecycle.ts.
import type { Environment } from '../lib/config/variables.ts';
import { consumeUserLifecycle } from '../lib/lobby/process/run-consumers.ts';
import { startLobby } from '../lib/lobby/process/start.ts';
import { runProcess, startUnlessStopped, untilStopped } from '../lib/node/process.ts';

export async function runUserLifecycle(environment: Environment, stop: AbortSignal): Promise<void> {
  const lobbyProcess = await startUnlessStopped(stop, () => startLobby('lobby-user-lifecycle', environment));
  const consuming = consumeUserLifecycle(lobbyProcess, stop);
  await untilStopped(lobbyProcess, stop, () => consuming);
}

if (import.meta.main) await runProcess('lobby-user-lifecycle', runUserLifecycle);
