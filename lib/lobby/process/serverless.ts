// The lobby's HTTP side where no process of its own starts it. Nothing here is Node's. docs/drivers.md says how an
// entrypoint uses it.
import { readConfiguration } from '../../config/startup.ts';
import type { Environment } from '../../config/variables.ts';
import { builtInEngines } from '../../engine/catalogue.ts';
import { refuseOldSchema } from '../../postgres/schema-version.ts';
import { refuseWrongTimeouts } from '../../postgres/session-timeouts.ts';
import { type Drivers, serverlessChecks } from '../../serverless/drivers.ts';
import { createConsoleLogger } from '../../telemetry/console-logger.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { type LobbyHttpConfig, lobbyHttpVariables, raceNamesInPostgres } from '../config.ts';
import type { Lobby } from '../context.ts';
import { migrations } from '../migrations.ts';
import { assembleLobby } from './assemble.ts';

export type PreparedLobby = {
  readonly config: LobbyHttpConfig;
  readonly log: Logger;
  /** Connects nothing before something is asked. */
  open(): OpenLobby;
};

export type OpenLobby = {
  readonly lobby: Lobby;
  /** @throws Error when PostgreSQL cannot be asked, has other time-outs, or holds an older schema than needed. */
  check(): Promise<void>;
  /** Resolves once what was decided has been published, or is left to the relay: the runtime may sleep then. */
  settled(): Promise<void>;
  /** Waits for that, and closes the connections. */
  close(): Promise<void>;
};

/** @throws StartupError with every problem. */
export function prepareLobby(environment: Environment, drivers: Drivers): PreparedLobby {
  const config = readConfiguration({
    environment,
    variables: lobbyHttpVariables,
    checks: [
      raceNamesInPostgres,
      {
        needs: ['LOBBY_ENGINES_FILE'],
        problem: ({ enginesFile }) =>
          enginesFile === undefined
            ? undefined
            : 'cannot be read here; give the file to npm run bundle instead: -- --engines FILE',
      },
      ...serverlessChecks<LobbyHttpConfig>('LOBBY', drivers, {
        LOBBY_PUBLIC_HTTP_CALLERS: ({ publicHttp }) => publicHttp.callers,
        LOBBY_INTERNAL_HTTP_CALLERS: ({ internalHttp }) => internalHttp.callers,
      }),
    ],
  });
  const log = createConsoleLogger({ service: 'lobby-http', level: config.logLevel });
  const catalogue = builtInEngines();
  const openPostgres = drivers.postgres[config.postgres.driver];
  const { url, token } = config.redis.rest;
  if (openPostgres === undefined || url === undefined || token === undefined) {
    throw new TypeError('serverlessChecks were not made');
  }
  return {
    config,
    log,
    open() {
      const postgres = openPostgres(config.postgres, (error) =>
        log.warn({ error }, 'postgresql connection lost'),
      );
      const { operationTimeoutMs } = config.redis;
      const redis = drivers.redis({ url, token, operationTimeoutMs });
      const lobby = assembleLobby(config, {
        catalogue,
        database: postgres.db,
        redis,
        reads: { read: (work) => work(redis) },
        log,
      });
      const settled = () => lobby.outbox.settled();
      return {
        lobby,
        async check() {
          await refuseWrongTimeouts(postgres, config.postgres);
          await refuseOldSchema(postgres, migrations);
        },
        settled,
        async close() {
          await settled();
          await postgres.close();
        },
      };
    },
  };
}
