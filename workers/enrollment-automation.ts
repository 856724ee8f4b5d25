// Enrollment automation of the lobby, as a process of its own: closes enrollment by deadline and by gap, notifies
// owners when a deadline passes without enough players, fails starts that take too long, and cancels games that nothing
// has happened to for too long. Any number of replicas may run; lib/lobby/automation/due-games.ts and lib/lobby/automation/underfilled-games.ts say what makes that safe.
import type { Environment } from '../lib/config/variables.ts';
import {
  cancelIdleGames,
  closeDueEnrollments,
  failOverdueStarts,
} from '../lib/lobby/automation/enrollment-automation.ts';
import { notifyOwnersOfUnderfilledGames } from '../lib/lobby/automation/underfilled-games.ts';
import { type LobbyProcess, startLobby } from '../lib/lobby/process/start.ts';
import { runProcess, startUnlessStopped, untilStopped } from '../lib/node/process.ts';
import { runTicks } from '../lib/node/tick-loop.ts';

export async function runEnrollmentAutomation(environment: Environment, stop: AbortSignal): Promise<void> {
  const lobbyProcess = await startUnlessStopped(stop, () =>
    startLobby('lobby-enrollment-automation', environment),
  );
  const automation = automateEnrollment(lobbyProcess, stop);
  await untilStopped(lobbyProcess, stop, () => automation);
}

/** The worker's loop alone, for processes that run several. */
export function automateEnrollment({ config, log, lobby }: LobbyProcess, stop: AbortSignal): Promise<void> {
  return runTicks(
    {
      name: 'enrollment-automation',
      intervalMs: config.enrollmentAutomationIntervalMs,
      tick: async (stopped) => {
        await closeDueEnrollments(lobby, log, stopped);
        await notifyOwnersOfUnderfilledGames(lobby, log, stopped);
        await failOverdueStarts(lobby, log, stopped);
        await cancelIdleGames(lobby, log, stopped);
      },
      log,
    },
    stop,
  );
}

if (import.meta.main) await runProcess('lobby-enrollment-automation', runEnrollmentAutomation);
