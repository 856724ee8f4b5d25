// The Game Master's outbox relay, as a process of its own: publishes the reports and intents that their writer could not
// publish, and measures how far behind the consumer is, whether it runs or not. Any number of replicas may run; see
// lib/game-master/process/outbox-relay.ts.
import type { Environment } from '../lib/config/variables.ts';
import { relayGameMasterOutbox } from '../lib/game-master/process/outbox-relay.ts';
import { startGameMaster } from '../lib/game-master/process/start.ts';
import { runProcess, startUnlessStopped, untilStopped } from '../lib/node/process.ts';

export async function runGmOutboxRelay(environment: Environment, stop: AbortSignal): Promise<void> {
  const gameMasterProcess = await startUnlessStopped(stop, () =>
    startGameMaster('gm-outbox-relay', environment),
  );
  const relaying = relayGameMasterOutbox(gameMasterProcess, stop);
  await untilStopped(gameMasterProcess, stop, () => relaying);
}

if (import.meta.main) await runProcess('gm-outbox-relay', runGmOutboxRelay);
