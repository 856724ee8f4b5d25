// The Game Master's consumer of `lobby:game_changes`, as a process of its own. Any number of replicas may run: one
// consumes at a time, and another takes over when it ends.
import type { Environment } from '../lib/config/variables.ts';
import { consumeGameChanges } from '../lib/game-master/process/run-consumers.ts';
import { startGameMaster } from '../lib/game-master/process/start.ts';
import { runProcess, startUnlessStopped, untilStopped } from '../lib/node/process.ts';

export async function runGmGameChanges(environment: Environment, stop: AbortSignal): Promise<void> {
  const gameMasterProcess = await startUnlessStopped(stop, () =>
    startGameMaster('gm-game-changes', environment),
  );
  const consuming = consumeGameChanges(gameMasterProcess, stop);
  await untilStopped(gameMasterProcess, stop, () => consuming);
}

if (import.meta.main) await runProcess('gm-game-changes', runGmGameChanges);
