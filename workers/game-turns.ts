// The turn worker of the Game Master, as a process of its own: sets games up, closes turns that are due, has engines
// play them, and finds games that run and are not known. Any number of replicas may run;
// lib/game-master/turns/turn-worker.ts says what makes that safe.
import type { Environment } from '../lib/config/variables.ts';
import { recoverGames } from '../lib/game-master/operations/recover-games.ts';
import { countGamesRegularly } from '../lib/game-master/process/count-games.ts';
import { type GameMasterProcess, startGameMaster } from '../lib/game-master/process/start.ts';
import { runTurnWorker } from '../lib/game-master/turns/turn-worker.ts';
import { renewFetchConnections } from '../lib/node/kept-connections.ts';
import { runProcess, startUnlessStopped, untilStopped } from '../lib/node/process.ts';
import { runTicks } from '../lib/node/tick-loop.ts';

export async function runGameTurns(environment: Environment, stop: AbortSignal): Promise<void> {
  const gameMasterProcess = await startUnlessStopped(stop, () => startGameMaster('game-turns', environment));
  const attending = attendToGames(gameMasterProcess, stop);
  await untilStopped(gameMasterProcess, stop, () => attending);
}

/** The worker's loops alone, for processes that run several. */
export async function attendToGames(
  { config, log, gameMaster }: GameMasterProcess,
  stop: AbortSignal,
): Promise<void> {
  const { engineCalls, recoveryIntervalMs } = config;
  await Promise.all([
    runTurnWorker(gameMaster, { workerId: gameMaster.newId(), engineCalls, log }, stop),
    runTicks(
      {
        name: 'recovery',
        intervalMs: recoveryIntervalMs,
        tick: async (stopped) => {
          await recoverGames(gameMaster, stopped);
        },
        // The lobby may still be starting, for about 15 s.
        quietFailures: 4,
        log,
      },
      stop,
    ),
    countGamesRegularly(gameMaster, stop),
  ]);
}

if (import.meta.main) {
  renewFetchConnections();
  await runProcess('game-turns', runGameTurns);
}
