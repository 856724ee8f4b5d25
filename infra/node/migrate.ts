// Applies the pending migrations of a service and ends: `node infra/node/migrate.ts lobby`, or `backend`. For where no
// long-lived process of that service does it at its start, such as on serverless runtimes, and for a deployment that
// does it as a step of its own. Several at once wait for each other.
import { join } from 'node:path';
import { start } from '../../lib/config/startup.ts';
import { postgresDsn } from '../../lib/config/types.ts';
import { required } from '../../lib/config/variables.ts';
import { OperatorError } from '../../lib/errors/operator-error.ts';
import { runProcess } from '../../lib/node/process.ts';
import { migrate } from '../../lib/postgres/migrate.ts';

const dsnVariables = { lobby: 'LOBBY_POSTGRES_PRIMARY_DSN', backend: 'BACKEND_POSTGRES_PRIMARY_DSN' };

await runProcess('migrate', async (environment) => {
  const schema = process.argv[2];
  if (schema !== 'lobby' && schema !== 'backend') throw new OperatorError('say which: lobby or backend');
  const variable = dsnVariables[schema];
  const folder = join(import.meta.dirname, '../../drizzle', schema, 'migrations');
  await start({
    environment,
    variables: {
      dsn: required(variable, postgresDsn, { help: `DSN of the PostgreSQL of the ${schema}.`, secret: true }),
    },
    requirements: {
      migrated: { needs: [variable], open: ({ dsn }) => migrate({ dsn, folder, schema }) },
    },
  });
  process.stdout.write(`the schema ${schema} is up to date\n`);
});
