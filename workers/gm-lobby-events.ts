// The lobby's consumer of `gm:lobby_events`, as a process of its own: reports of the Game Master on the games that it
// plays, including their end. Of any number of replicas one is active; see lib/lobby/consumers/gm-events.ts.
import type { Environment } from '../lib/config/variables.ts';
import { consumeGmEvents } from '../lib/lobby/process/run-consumers.ts';
import { startLobby } from '../lib/lobby/process/start.ts';
import { runProcess, startUnlessStopped, untilStopped } from '../lib/node/process.ts';

export async function runGmLobbyEvents(environment: Environment, stop: AbortSignal): Promise<void> {
  const lobbyProcess = await startUnlessStopped(stop, () => startLobby('lobby-gm-events', environment));
  const consuming = consumeGmEvents(lobbyProcess, stop);
  await untilStopped(lobbyProcess, stop, () => consuming);
}

if (import.meta.main) await runProcess('lobby-gm-events', runGmLobbyEvents);
