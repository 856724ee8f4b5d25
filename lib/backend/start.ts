// Start-up of a backend process on Node: configuration, PostgreSQL with its migrations, and what operations need.
import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/node-postgres';
import type pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { start } from '../config/startup.ts';
import type { Environment } from '../config/variables.ts';
import { openDatabase } from '../postgres/open-database.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import { createBackground } from './background.ts';
import { type BackendConfig, backendVariables } from './config.ts';
import type { BackendContext } from './context.ts';
import { createLogMailer } from './mailer.ts';
import { createSignInCodes } from './sign-in-codes.ts';

const migrationsFolder = fileURLToPath(new URL('../../drizzle/backend/migrations', import.meta.url));

export type Backend = {
  readonly config: BackendConfig;
  readonly context: BackendContext;
  readonly log: Logger;
  /** Waits for work that goes on after its request was answered, and closes the database. */
  close(): Promise<void>;
};

/** @throws StartupError with every problem. */
export async function startBackend(environment: Environment): Promise<Backend> {
  const connectionLog = createLogger({ service: 'backend', level: 'warn' });
  const { config, resources } = await start({
    environment,
    variables: backendVariables,
    requirements: {
      postgres: {
        needs: [
          'BACKEND_POSTGRES_PRIMARY_DSN',
          'BACKEND_POSTGRES_OPERATION_TIMEOUT',
          'BACKEND_POSTGRES_MAX_OPEN_CONNS',
          'BACKEND_POSTGRES_CONN_MAX_LIFETIME',
        ],
        open: ({ postgres }: BackendConfig) =>
          openDatabase(postgres, { folder: migrationsFolder, schema: 'backend' }, (error) =>
            connectionLog.warn({ error }, 'postgresql connection lost'),
          ),
        close: (pool: pg.Pool) => pool.end(),
      },
    },
  });
  const log = createLogger({ service: 'backend', level: config.logLevel });
  const background = createBackground(log);
  const context: BackendContext = {
    db: drizzle({ client: resources.postgres }),
    codes: await createSignInCodes(config.signIn.codeHmacKey),
    // Has a level of its own: where codes are read from the log, they must be in it.
    mailer: createLogMailer(createLogger({ service: 'backend', level: 'info' })),
    mailLimit: config.signIn,
    background,
    entitlementDefaults: config.entitlementDefaults,
    now: () => new Date(),
    newId: () => uuidv7(),
    log,
  };
  log.warn('BACKEND_MAILER=log prints sign-in codes to this log: whoever reads it can sign in as anyone');
  return {
    config,
    context,
    log,
    async close() {
      await background.settled();
      await resources.postgres.end();
    },
  };
}
