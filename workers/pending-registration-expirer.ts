// Pending registration expirer of the lobby, as a process of its own: releases race names that were not registered in
// time. Any number of replicas may run; lib/lobby/automation/pending-registrations.ts says what makes that safe.
import type { Environment } from '../lib/config/variables.ts';
import { expirePendingRegistrations } from '../lib/lobby/automation/pending-registrations.ts';
import { type LobbyProcess, startLobby } from '../lib/lobby/process/start.ts';
import { runProcess, startUnlessStopped, untilStopped } from '../lib/node/process.ts';
import { runTicks } from '../lib/node/tick-loop.ts';

const name = 'lobby-pending-registration-expirer';

export async function runPendingRegistrationExpirer(
  environment: Environment,
  stop: AbortSignal,
): Promise<void> {
  const lobbyProcess = await startUnlessStopped(stop, () => startLobby(name, environment));
  const expiring = expireRaceNames(lobbyProcess, stop);
  await untilStopped(lobbyProcess, stop, () => expiring);
}

/** The worker's loop alone, for processes that run several. */
export function expireRaceNames({ config, log, lobby }: LobbyProcess, stop: AbortSignal): Promise<void> {
  return runTicks(
    {
      name: 'pending-registration-expirer',
      intervalMs: config.raceNameExpirationIntervalMs,
      tick: (stopped) => expirePendingRegistrations(lobby, log, stopped),
      log,
    },
    stop,
  );
}

if (import.meta.main) await runProcess(name, runPendingRegistrationExpirer);
