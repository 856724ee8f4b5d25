// All services of the platform in one Node process, as `npm start` runs them: it takes a third of the memory of a process
// each. Every service gets the environment and a stop signal of its own, and keeps its ports: they talk as they do between
// processes. When one fails, the process ends, and the launcher starts all of them again. Metrics are those of a process,
// so services that are measured run in processes of their own.
import type { Environment } from '../../lib/config/variables.ts';
import { OperatorError } from '../../lib/errors/operator-error.ts';
import { renewFetchConnections } from '../../lib/node/kept-connections.ts';
import { aborted, runProcess } from '../../lib/node/process.ts';
import { runBackend } from '../../workers/backend-all-in-one.ts';
import { runBackendPush } from '../../workers/backend-push.ts';
import { runConsole } from '../../workers/console.ts';
import { runGameMaster } from '../../workers/game-master.ts';
import { runGateway } from '../../workers/gateway.ts';
import { runLobby } from '../../workers/lobby-all-in-one.ts';
import { runRuntimeManager } from '../../workers/runtime-manager.ts';

/** The ones that others depend on first. */
const services = {
  backend: runBackend,
  'backend-push': runBackendPush,
  lobby: runLobby,
  'runtime-manager': runRuntimeManager,
  'game-master': runGameMaster,
  console: runConsole,
  gateway: runGateway,
};

/** @throws what a service throws, once all have stopped; AggregateError when several do. */
async function runServices(environment: Environment, stop: AbortSignal): Promise<void> {
  const failures: unknown[] = [];
  const running = Object.entries(services).map(([name, run]) => {
    const stopping = new AbortController();
    const { signal } = stopping;
    const ended = run(environment, signal)
      .then(() => {
        if (!signal.aborted) throw new OperatorError(`${name} ended by itself`);
      })
      .catch((error: unknown) => {
        // A start-up that is interrupted throws the reason.
        if (!signal.aborted || error !== signal.reason) failures.push(error);
      });
    return { stopping, ended };
  });
  await Promise.race([aborted(stop), ...running.map(({ ended }) => ended)]);
  // The edge first, so that no client is let in while the platform stops.
  for (const { stopping, ended } of running.toReversed()) {
    stopping.abort();
    await ended;
  }
  if (failures.length > 1) throw new AggregateError(failures);
  if (failures.length === 1) throw failures[0];
}

renewFetchConnections();
await runProcess('platform', runServices);
