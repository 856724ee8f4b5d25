// Makes an engine of the rules of a game: a process that the Runtime Manager starts for one game, with the HTTP interface
// of docs/engine-interface.md, that may be killed at any time.
import { start } from '../config/startup.ts';
import type { Environment } from '../config/variables.ts';
import { engineEnvironment, engineProtocol, type Manifest, manifestSchema } from '../engine/api.ts';
import { schemaChecker } from '../engine/json-schema.ts';
import { OperatorError } from '../errors/operator-error.ts';
import { listenHttp } from '../node/http-listener.ts';
import { openListeners } from '../node/listeners.ts';
import { aborted, runProcess, startUnlessStopped } from '../node/process.ts';
import { createLogger } from '../telemetry/logger.ts';
import { type EngineConfig, engineVariables } from './config.ts';
import { Game } from './game.ts';
import { GameFolder } from './game-folder.ts';
import { createEngineApp } from './routes.ts';
import type { Rules } from './rules.ts';

/** Orders of a whole turn have 8 MiB at most, and what is around them. */
const bodyLimitBytes = 9 * 1024 * 1024;
const shutdownTimeoutMs = 3_000;
const timeouts = { readHeaderTimeoutMs: 2_000, readTimeoutMs: 10_000, idleTimeoutMs: 60_000 };

/** Runs the process until SIGTERM. It is the last line of an engine's file. */
export function serveEngine<State, Orders, Options, View>(
  rules: Rules<State, Orders, Options, View>,
): Promise<void> {
  return runProcess(rules.manifest.family, (environment, stop) => runEngine(rules, environment, stop));
}

/** @throws StartupError with every problem. */
export async function runEngine<State, Orders, Options, View>(
  rules: Rules<State, Orders, Options, View>,
  environment: Environment,
  stop: AbortSignal,
): Promise<void> {
  const manifest = checkedManifest({ protocol: engineProtocol, ...rules.manifest });
  const { config, resources } = await startUnlessStopped(stop, () =>
    start({
      environment,
      variables: engineVariables,
      requirements: {
        game: {
          needs: [engineEnvironment.dataFolder],
          open: ({ dataFolder }: EngineConfig) => Game.open(rules, new GameFolder(dataFolder)),
        },
      },
    }),
  );
  const { host, port, version } = config;
  const log = createLogger({ service: manifest.family, level: config.logLevel });
  log.info({ version: manifest.version, asked_version: version }, 'engine started');
  const app = createEngineApp({ log, ready: () => !stop.aborted, bodyLimitBytes }, manifest, resources.game);
  const address = { host, port };
  const listeners = await openListeners(
    [
      {
        name: 'engine',
        address,
        variable: engineEnvironment.port,
        open: (log) => listenHttp(app, address, timeouts, log),
      },
    ],
    log,
  );
  await aborted(stop);
  await listeners.close(shutdownTimeoutMs);
  log.info('stopped');
}

/** @throws OperatorError for the author. */
function checkedManifest(manifest: unknown): Manifest {
  const checked = manifestSchema.safeParse(manifest);
  if (checked.success) {
    schemaChecker(checked.data.options_schema, 'options_schema');
    schemaChecker(checked.data.orders_schema, 'orders_schema');
    return checked.data;
  }
  const problems = checked.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new OperatorError(`the manifest of the rules is not valid: ${problems.join('; ')}`);
}
