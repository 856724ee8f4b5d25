// What the command line does about operators: it works on PostgreSQL itself, since its password allows everything
// anyway, and the first operator has nobody to ask.
import { v7 as uuidv7 } from 'uuid';
import type { Operator } from '../../lib/backend/domain/operator.ts';
import { migrations } from '../../lib/backend/migrations.ts';
import { addOperator } from '../../lib/backend/operations/operators/add-operator.ts';
import { resetOperator } from '../../lib/backend/operations/operators/change-operator.ts';
import { createLink } from '../../lib/backend/operations/operators/create-link.ts';
import type { Database } from '../../lib/backend/store/database.ts';
import { findOperatorByEmail } from '../../lib/backend/store/operators.ts';
import { postgresVariables } from '../../lib/config/postgres-variables.ts';
import { readConfiguration } from '../../lib/config/startup.ts';
import type { Environment } from '../../lib/config/variables.ts';
import { OperatorError } from '../../lib/errors/operator-error.ts';
import type { Caller } from '../../lib/http/caller.ts';
import type { Role } from '../../lib/operators/roles.ts';
import { openDatabase } from '../../lib/postgres/open-database.ts';
import { createLogger } from '../../lib/telemetry/logger.ts';

type Deps = { db: Database; now: () => Date; newId: () => string };

/** @param environment with the backend's variables of PostgreSQL. */
export async function onBackendDatabase<T>(
  environment: Environment,
  work: (deps: Deps) => Promise<T>,
): Promise<T> {
  const options = readConfiguration({ environment, variables: postgresVariables('BACKEND') });
  const log = createLogger({ service: 'operator', level: 'warn' });
  const postgres = await openDatabase(options, migrations, false, log);
  try {
    return await work({ db: postgres.db, now: () => new Date(), newId: () => uuidv7() });
  } finally {
    await postgres.close();
  }
}

const commandLine: Caller = { actor: { kind: 'admin', adminId: undefined }, requestId: 'command-line' };

/** @returns the path of the link, on the console. */
export async function add(
  deps: Deps,
  added: { name: string; email: string; roles: Role[] },
): Promise<string> {
  const { linkToken } = await addOperator(deps, commandLine, added);
  return enrolPath(linkToken);
}

/** @returns the path of the link, on the console. */
export async function reset(deps: Deps, email: string): Promise<string> {
  const operator = await findOperatorByEmail(deps.db, email);
  if (operator === undefined) throw new OperatorError(`there is no operator ${email}; add them first`);
  const { linkToken } = await resetOperator(deps, commandLine, operator.operatorId);
  return enrolPath(linkToken);
}

const enrolPath = (token: string) => `/enrol#${token}`;

const local = { name: 'Local owner', email: 'owner@local.example', roles: ['owner' as const] };

/** For a stack on this machine: a link that signs its owner in without a passkey. */
export async function localSignIn(deps: Deps): Promise<string> {
  const known: Operator | undefined = await findOperatorByEmail(deps.db, local.email);
  const { operatorId } =
    known ?? (await addOperator(deps, commandLine, { ...local, roles: [...local.roles] })).operator;
  const token = await createLink(deps, deps.db, { operatorId, purpose: 'sign_in' });
  return `/sign-in/link?token=${token}`;
}
