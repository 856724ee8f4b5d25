// The backend's HTTP side where no process of its own starts it. Nothing here is Node's. docs/drivers.md says how an
// entrypoint uses it. Mails are written with what decides them, and sent by the mail worker: SMTP needs TCP.
import { readConfiguration } from '../../config/startup.ts';
import type { Environment, Values } from '../../config/variables.ts';
import { refuseOldSchema } from '../../postgres/schema-version.ts';
import { refuseWrongTimeouts } from '../../postgres/session-timeouts.ts';
import { type Drivers, serverlessChecks } from '../../serverless/drivers.ts';
import type { StreamAdmin } from '../../streams/admin.ts';
import { createConsoleLogger } from '../../telemetry/console-logger.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { backendHttpVariables, mailLimits, oidcClient } from '../config.ts';
import type { BackendContext } from '../context.ts';
import { createLookupLimit } from '../lookup-limit.ts';
import { writeMails } from '../mail/outgoing-mails.ts';
import { createMailSeal } from '../mail/seal.ts';
import { migrations } from '../migrations.ts';
import { assembleBackend } from './assemble.ts';

const { mail: _, ...variables } = backendHttpVariables;
type Config = Values<typeof variables>;

export type PreparedBackend = {
  readonly config: Config;
  readonly log: Logger;
  /** Connects only when the first query or command is sent. */
  open(): Promise<OpenBackend>;
};

export type OpenBackend = {
  readonly context: BackendContext;
  readonly streams: StreamAdmin;
  /** @throws Error when PostgreSQL cannot be reached, has other time-outs, or has an older schema than needed. */
  check(): Promise<void>;
  /** Resolves once messages were published, or left to the relay: the runtime may then be suspended. */
  settled(): Promise<void>;
  /** Waits for that, and closes the connections. */
  close(): Promise<void>;
};

/** @throws StartupError with every problem. */
export function prepareBackend(environment: Environment, drivers: Drivers): PreparedBackend {
  const config = readConfiguration({
    environment,
    variables,
    checks: [
      mailLimits,
      oidcClient,
      {
        needs: ['BACKEND_PUSH_REDIS_CLUSTER_ADDRS'],
        problem: ({ pushRedis }) =>
          pushRedis.clusterAddrs.length > 0 ? 'cannot be used on this runtime: it needs TCP' : undefined,
      },
      ...serverlessChecks<Config>('BACKEND', drivers, {
        BACKEND_HTTP_CALLERS: ({ http }) => http.callers,
        BACKEND_ADMIN_HTTP_CALLERS: ({ adminHttp }) => adminHttp.callers,
      }),
    ],
  });
  const log = createConsoleLogger({ service: 'backend', level: config.logLevel });
  const openPostgres = drivers.postgres[config.postgres.driver];
  const { url, token } = config.redis.rest;
  if (openPostgres === undefined || url === undefined || token === undefined) {
    throw new TypeError('serverlessChecks must have passed');
  }
  // Created outside of `open`, so that it counts across requests.
  const lookupWaitMs = createLookupLimit(config.lookupRate);
  return {
    config,
    log,
    async open() {
      const seal = await createMailSeal(config.signIn.codeHmacKey);
      const postgres = openPostgres(config.postgres, (error) =>
        log.warn({ error }, 'postgresql connection lost'),
      );
      const { operationTimeoutMs } = config.redis;
      const redis = drivers.redis({ url, token, operationTimeoutMs });
      const { context, streams, outbox } = await assembleBackend(config, {
        db: postgres.db,
        redis,
        push: redis,
        mails: { write: (tx, mails) => writeMails(tx, seal, mails), sendSoon() {} },
        lookupWaitMs,
        // The key is in a file, which these runtimes do not have.
        signAssertion: undefined,
        log,
      });
      const settled = () => outbox.settled();
      return {
        context,
        streams,
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
