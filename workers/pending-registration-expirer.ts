// Pending registration expirer of the lobby, as a process of its own: releases race names that were not registered in
// time, and deletes what is kept only for a while. Any number of replicas may run;
// lib/lobby/automation/pending-registrations.ts and lib/lobby/automation/retention.ts say what makes that safe.
import type { Environment } from '../lib/config/variables.ts';
import { expirePendingRegistrations } from '../lib/lobby/automation/pending-registrations.ts';
import { sweepGames } from '../lib/lobby/automation/retention.ts';
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

/** The worker's loops alone, for processes that run several. */
export async function expireRaceNames(
  { config, log, lobby }: LobbyProcess,
  stop: AbortSignal,
): Promise<void> {
  await Promise.all([
    runTicks(
      {
        name: 'pending-registration-expirer',
        intervalMs: config.raceNameExpirationIntervalMs,
        tick: (stopped) => expirePendingRegistrations(lobby, log, stopped),
        log,
      },
      stop,
    ),
    runTicks(
      {
        name: 'retention',
        intervalMs: config.retentionIntervalMs,
        tick: (stopped) => sweepGames(lobby, config.retention, log, stopped),
        log,
      },
      stop,
    ),
  ]);
}

if (import.meta.main) await runProcess(name, runPendingRegistrationExpirer);
