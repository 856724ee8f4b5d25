// The deployed processes and their environment variables, from the declarations with which they read them.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  backendVariables,
  mailWorkerVariables,
  notificationWorkerVariables,
  outboxRelayVariables,
} from '../../../lib/backend/config.ts';
import { pushVariables } from '../../../lib/backend/push/config.ts';
import { postgresVariables } from '../../../lib/config/postgres-variables.ts';
import {
  listVariables,
  readVariables,
  type Variable,
  type VariableTree,
} from '../../../lib/config/variables.ts';
import { consoleVariables } from '../../../lib/console/config.ts';
import { engineVariables } from '../../../lib/engine-kit/config.ts';
import { gameMasterVariables } from '../../../lib/game-master/config.ts';
import { gatewayVariables } from '../../../lib/gateway/config.ts';
import { lobbyVariables } from '../../../lib/lobby/config.ts';
import { runtimeManagerVariables } from '../../../lib/runtime-manager/config.ts';

export const root = join(import.meta.dirname, '..', '..', '..');

export type DeployedProcess = {
  /** The name of its image, service and container, after its entrypoint. */
  readonly name: string;
  readonly entry: string;
  readonly variables: VariableTree;
  readonly listens: boolean;
  /** Why neither compose nor Kubernetes runs it on its own. */
  readonly notAlone?: string;
};

function processOf(
  entry: string,
  variables: VariableTree,
  { listens = true, notAlone }: { listens?: boolean; notAlone?: string } = {},
): DeployedProcess {
  return {
    name: basename(entry, '.ts'),
    entry,
    variables,
    listens,
    ...(notAlone !== undefined && { notAlone }),
  };
}

/** They read the variables of their whole service. */
const lobbyWorker = (entry: string) => processOf(entry, lobbyVariables, { listens: false });
const engine = (entry: string) =>
  processOf(entry, engineVariables, { notAlone: 'the Runtime Manager starts it' });
const gameMasterWorker = (entry: string) => processOf(entry, gameMasterVariables, { listens: false });

export const processes: readonly DeployedProcess[] = [
  processOf('workers/gateway.ts', gatewayVariables),
  processOf('infra/node/lobby-http.ts', lobbyVariables),
  lobbyWorker('workers/enrollment-automation.ts'),
  lobbyWorker('workers/pending-registration-expirer.ts'),
  lobbyWorker('workers/runtime-job-results.ts'),
  lobbyWorker('workers/gm-lobby-events.ts'),
  lobbyWorker('workers/user-lifecycle.ts'),
  lobbyWorker('workers/lobby-outbox-relay.ts'),
  processOf('workers/lobby-all-in-one.ts', lobbyVariables, { notAlone: 'it is all of the lobby’s others' }),
  processOf('infra/node/backend-http.ts', backendVariables),
  processOf('workers/backend-push.ts', pushVariables),
  processOf('workers/backend-mail.ts', mailWorkerVariables),
  processOf('workers/backend-notifications.ts', notificationWorkerVariables),
  processOf('workers/backend-outbox-relay.ts', outboxRelayVariables),
  processOf('workers/backend-all-in-one.ts', backendVariables, {
    notAlone: 'it is all of the backend’s others but push',
  }),
  processOf('infra/node/game-master-http.ts', gameMasterVariables),
  gameMasterWorker('workers/game-turns.ts'),
  gameMasterWorker('workers/gm-game-changes.ts'),
  gameMasterWorker('workers/gm-outbox-relay.ts'),
  processOf('workers/game-master.ts', gameMasterVariables, {
    notAlone: 'it is all of the Game Master’s others',
  }),
  processOf('workers/console.ts', consoleVariables),
  processOf('workers/runtime-manager.ts', runtimeManagerVariables),
  engine('workers/four-in-a-row.ts'),
  engine('workers/star-conquest.ts'),
  processOf('infra/node/migrate.ts', {
    lobby: postgresVariables('LOBBY'),
    gameMaster: postgresVariables('GM'),
    backend: postgresVariables('BACKEND'),
  }),
];

/** Every file in the folders that runs as a process of its own. */
export function entrypoints(): string[] {
  return ['workers', 'infra/node'].flatMap((folder) =>
    readdirSync(join(root, folder))
      .map((file) => `${folder}/${file}`)
      .filter((file) => /await (runProcess|serveEngine)\(/.test(readFileSync(join(root, file), 'utf8'))),
  );
}

/** The variables of OpenTelemetry's SDK that deployments set; the processes' own are declared. */
const telemetry: ReadonlySet<string> = new Set([
  'OTEL_METRICS_EXPORTER',
  'OTEL_EXPORTER_PROMETHEUS_HOST',
  'OTEL_EXPORTER_PROMETHEUS_PORT',
]);

/** The problems with an environment that the process itself would report, and the names that it would not read. */
export function problemsWith({ variables }: DeployedProcess, environment: Record<string, string>): string[] {
  const known = new Set(listVariables(variables).map(({ name }) => name));
  const unknown = Object.keys(environment).filter((name) => !known.has(name) && !telemetry.has(name));
  return [
    ...readVariables(variables, environment).problems.map(
      ({ variable, message }) => `${variable} ${message}`,
    ),
    ...unknown.map((name) => `${name} is read by no process`),
  ];
}

/** The ports that it listens on with this environment, by the variable of the address. */
export function portsOf(
  { variables, listens }: DeployedProcess,
  environment: Record<string, string> = {},
): Map<string, number> {
  const addresses = listens ? listVariables(variables).filter(isListener) : [];
  const ports = addresses.flatMap(({ name, fallback }): [string, number][] => {
    const address = environment[name] ?? fallback;
    return address === undefined ? [] : [[name, Number(address.slice(address.lastIndexOf(':') + 1))]];
  });
  if (environment.OTEL_METRICS_EXPORTER === 'prometheus') {
    ports.push(['OTEL_EXPORTER_PROMETHEUS_PORT', Number(environment.OTEL_EXPORTER_PROMETHEUS_PORT ?? 9464)]);
  }
  return new Map(ports);
}

function isListener({ name, help }: Variable<unknown>): boolean {
  return /_(HTTP|GRPC)_ADDR$/.test(name) && / binds\.?/.test(help);
}
