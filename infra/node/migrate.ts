// Applies pending migrations and ends: `node infra/node/migrate.ts lobby`, `game-master`, `backend`, or `all`. For where no long-lived
// process of a service does it at its start, such as on serverless runtimes, and for a deployment that does it as a
// step of its own. Several at once wait for each other. Needs a direct connection, not one through a pooler.
import { join } from 'node:path';
import { postgresVariables } from '../../lib/config/postgres-variables.ts';
import { type Requirement, StartupError, start } from '../../lib/config/startup.ts';
import type { Values } from '../../lib/config/variables.ts';
import { OperatorError } from '../../lib/errors/operator-error.ts';
import { runProcess, startUnlessStopped } from '../../lib/node/process.ts';
import { migrate } from '../../lib/postgres/migrate.ts';
import { migrationDsnOf } from '../../lib/postgres/open-database.ts';

/** By service; its migrations are in a folder of its name. */
const services: Record<string, { schema: string; prefix: string }> = {
  lobby: { schema: 'lobby', prefix: 'LOBBY' },
  'game-master': { schema: 'game_master', prefix: 'GM' },
  backend: { schema: 'backend', prefix: 'BACKEND' },
};

function variablesOf(prefix: string) {
  const { dsn, driver, websocketProxy, pooler, migrationDsn } = postgresVariables(prefix);
  return { dsn, driver, websocketProxy, pooler, migrationDsn };
}
type Variables = Record<string, ReturnType<typeof variablesOf>>;

await runProcess('migrate', async (environment, stop) => {
  const asked = process.argv[2];
  const chosen = Object.entries(services).filter(([service]) => asked === 'all' || asked === service);
  if (chosen.length === 0) throw new OperatorError(`say which: ${Object.keys(services).join(', ')} or all`);
  const variables: Variables = Object.fromEntries(
    chosen.map(([service, { prefix }]) => [service, variablesOf(prefix)]),
  );
  const requirements: Record<string, Requirement<Values<Variables>, void>> = {};
  for (const [service, { schema, prefix }] of chosen) {
    const { dsn, driver, websocketProxy, pooler, migrationDsn } = variablesOf(prefix);
    requirements[service] = {
      needs: [dsn.name, driver.name, websocketProxy.name, pooler.name, migrationDsn.name],
      open: async ({ [service]: options }) => {
        if (options === undefined) throw new TypeError('every chosen service has its variables');
        const direct = migrationDsnOf(options);
        if (direct === undefined) {
          const message = `is not set. Migrations cannot go through a pooler (${pooler.name}).`;
          throw new StartupError([{ variable: migrationDsn.name, message }]);
        }
        const folder = join(import.meta.dirname, '../../drizzle', service, 'migrations');
        await migrate({
          ...options,
          dsn: direct,
          folder,
          schema,
          stop,
          onWait: (line) => process.stdout.write(`${line}\n`),
        });
      },
    };
  }
  await startUnlessStopped(stop, () => start({ environment, variables, requirements }));
  for (const [, { schema }] of chosen) process.stdout.write(`the schema ${schema} is up to date\n`);
});
