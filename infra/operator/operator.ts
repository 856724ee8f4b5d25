// npm run operator: adds operators and gives them new passkeys, on the database of the backend; signs in at the console of
// a stack on this machine.
import { parseArgs } from 'node:util';
import { StartupError } from '../../lib/config/startup.ts';
import type { Environment } from '../../lib/config/variables.ts';
import { OperatorError } from '../../lib/errors/operator-error.ts';
import { Refusal } from '../../lib/errors/table.ts';
import { readSecretFiles } from '../../lib/node/secret-files.ts';
import { operatorEmail } from '../../lib/operators/fields.ts';
import { type Role, roles } from '../../lib/operators/roles.ts';
import { findRunning } from '../local/running.ts';
import { add, localSignIn, onBackendDatabase, reset } from './invite.ts';

const usage = `npm run operator -- add EMAIL --role owner [--role ROLE ...] [--name NAME]
npm run operator -- reset EMAIL
npm run operator -- sign-in

Prints a link with which the operator enrols a passkey; it works once, within 15 minutes. "reset" first takes all
passkeys of the operator away and ends their sessions. The link of "sign-in" signs an owner in without a passkey, at
the stack that "npm start" runs.

Roles: ${roles.join(', ')}. See docs/console.md.

It works on the stack that "npm start" runs, or, with BACKEND_POSTGRES_PRIMARY_DSN and CONSOLE_PUBLIC_URL, on another.`;

async function run(args: string[], environment: Environment): Promise<string> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      role: { type: 'string', multiple: true },
      name: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const [command, address, ...rest] = positionals;
  if (values.help) return usage;
  if (command === 'sign-in' && address === undefined) {
    const { variables, consoleUrl } = await localStack(environment);
    return `${consoleUrl}${await onBackendDatabase(variables, localSignIn)}`;
  }
  if (address === undefined || rest.length > 0 || !['add', 'reset'].includes(command ?? '')) {
    throw new OperatorError(`that is not a command.\n\n${usage}`);
  }
  const email = operatorEmail.safeParse(address).data;
  if (email === undefined) throw new OperatorError(`${address} is not an e-mail address`);
  const named = rolesNamed(values.role ?? []);
  if (command === 'add' && named.length === 0) throw new OperatorError('say which role: --role owner');
  const { variables, consoleUrl } = await target(environment);
  const path = await onBackendDatabase(variables, (deps) =>
    command === 'reset'
      ? reset(deps, email)
      : add(deps, { email, name: values.name ?? email.split('@')[0] ?? email, roles: named }),
  );
  return `${consoleUrl}${path}`;
}

function rolesNamed(names: readonly string[]): Role[] {
  const unknown = names.filter((name) => !roles.some((role) => role === name));
  if (unknown.length > 0) {
    throw new OperatorError(`there is no role ${unknown.join(', ')}; roles are ${roles.join(', ')}`);
  }
  return roles.filter((role) => names.includes(role));
}

type Target = { variables: Environment; consoleUrl: string };

/** The database and the console: of the environment, or of the stack that runs on this machine. */
async function target(environment: Environment): Promise<Target> {
  const { BACKEND_POSTGRES_PRIMARY_DSN: dsn, CONSOLE_PUBLIC_URL: url } = environment;
  if (dsn !== undefined && url !== undefined) return { variables: environment, consoleUrl: url };
  return localStack(environment, '; set BACKEND_POSTGRES_PRIMARY_DSN and CONSOLE_PUBLIC_URL for another one');
}

async function localStack(environment: Environment, advice = ''): Promise<Target> {
  const running = await findRunning(environment.GALAXY_DATA_FOLDER ?? '.galaxy');
  if (running === undefined) throw new OperatorError(`no stack of "npm start" runs here${advice}`);
  const variables = { ...environment, BACKEND_POSTGRES_PRIMARY_DSN: running.postgresDsn };
  return { variables, consoleUrl: running.consoleUrl };
}

try {
  process.stdout.write(`${await run(process.argv.slice(2), readSecretFiles(process.env))}\n`);
} catch (error) {
  const forPeople = [OperatorError, Refusal, StartupError].some((type) => error instanceof type);
  const known = forPeople || (error instanceof TypeError && 'code' in error);
  if (!known || !(error instanceof Error)) throw error;
  process.stderr.write(`operator: ${error.message}\n`);
  process.exitCode = 1;
}
