// The reference Game Master: plays the games that the lobby hands over to it, turn by turn, and reports on them to the
// lobby. Exactly one may run: it has no lease, and a second one would play the same games at twice their pace.
import { createGameMasterApp } from '../handlers/game-master/router.ts';
import type { Environment } from '../lib/config/variables.ts';
import { openGameMasterListener } from '../lib/game-master/listeners.ts';
import { recoverGames } from '../lib/game-master/recovery.ts';
import { startGameMaster } from '../lib/game-master/start.ts';
import { renewFetchConnections } from '../lib/node/kept-connections.ts';
import { runProcess, startUnlessStopped, untilStopped } from '../lib/node/process.ts';
import { runTicks } from '../lib/node/tick-loop.ts';

export async function runGameMaster(environment: Environment, stop: AbortSignal): Promise<void> {
  const gameMaster = await startUnlessStopped(stop, () => startGameMaster(environment, stop));
  const { config, log, games } = gameMaster;
  const app = createGameMasterApp({ ...config.http, log, ready: () => !stop.aborted }, games.register);
  const listeners = await openGameMasterListener(app, config, log);
  const recovery = runTicks(
    {
      name: 'recovery',
      intervalMs: config.recoveryIntervalMs,
      tick: (stopped) => recoverGames(gameMaster, stopped),
      // The lobby may still be starting, for about 15 s.
      quietFailures: 4,
      log,
    },
    stop,
  );
  await untilStopped(gameMaster, stop, () =>
    Promise.all([listeners.close(config.shutdownTimeoutMs), recovery]),
  );
}

if (import.meta.main) {
  renewFetchConnections();
  await runProcess('game-master', runGameMaster);
}
