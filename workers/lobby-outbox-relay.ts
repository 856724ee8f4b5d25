// The lobby's outbox relay, as a process of its own: publishes the jobs and intents that their writer could not
// publish, and measures how far behind the lobby's consumers are, whether they run or not. Any number of replicas may
// run; see lib/lobby/process/outbox-relay.ts.
import type { Environment } from '../lib/config/variables.ts';
import { relayLobbyOutbox } from '../lib/lobby/process/outbox-relay.ts';
import { startLobby } from '../lib/lobby/process/start.ts';
import { runProcess, startUnlessStopped, untilStopped } from '../lib/node/process.ts';

export async function runLobbyOutboxRelay(environment: Environment, stop: AbortSignal): Promise<void> {
  const lobbyProcess = await startUnlessStopped(stop, () => startLobby('lobby-outbox-relay', environment));
  const relaying = relayLobbyOutbox(lobbyProcess, stop);
  await untilStopped(lobbyProcess, stop, () => relaying);
}

if (import.meta.main) await runProcess('lobby-outbox-relay', runLobbyOutboxRelay);
