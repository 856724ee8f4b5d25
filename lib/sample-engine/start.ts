// Start-up of the sample engine: configuration, and the game that it was playing when it ended.
import { start } from '../config/startup.ts';
import type { Environment } from '../config/variables.ts';
import { engineEnvironment } from '../engine/api.ts';
import { type HttpListenerApp, listenHttp } from '../node/http-listener.ts';
import { type Listeners, openListeners } from '../node/listeners.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import { type SampleEngineConfig, sampleEngineVariables } from './config.ts';
import { SampleEngine } from './engine.ts';
import { openGameFile } from './game-file.ts';

/** A set-up of 1,100 players has 200 KiB at most. */
export const bodyLimitBytes = 1024 * 1024;
export const shutdownTimeoutMs = 5_000;

const timeouts = { readHeaderTimeoutMs: 2_000, readTimeoutMs: 10_000, idleTimeoutMs: 60_000 };

export type SampleEngineProcess = {
  readonly config: SampleEngineConfig;
  readonly log: Logger;
  readonly engine: SampleEngine;
};

/** @throws StartupError with every problem. */
export async function startSampleEngine(environment: Environment): Promise<SampleEngineProcess> {
  const { config, resources } = await start({
    environment,
    variables: sampleEngineVariables,
    requirements: {
      engine: {
        needs: [engineEnvironment.dataFolder, 'GALAXY_ENGINE_TURNS'],
        open: async ({ dataFolder, turns }: SampleEngineConfig) => {
          const file = openGameFile(dataFolder);
          return new SampleEngine({ file, turns, game: await file.load() });
        },
      },
    },
  });
  return { config, log: createLogger({ service: 'sample-engine', level: config.logLevel }), ...resources };
}

/** @throws StartupError when the address cannot be bound. */
export function openSampleEngineListener(
  app: HttpListenerApp,
  { host, port }: Pick<SampleEngineConfig, 'host' | 'port'>,
  log: Logger,
): Promise<Listeners> {
  const address = { host, port };
  return openListeners(
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
}
