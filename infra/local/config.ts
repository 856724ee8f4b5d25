// The configuration of `npm start`. Every variable of a service may be set, too: it is passed on and takes precedence.
import { z } from 'zod';
import { backendVariables } from '../../lib/backend/config.ts';
import { pushVariables } from '../../lib/backend/push/config.ts';
import { StartupError } from '../../lib/config/startup.ts';
import {
  anyText,
  filePath,
  integer,
  type ListenAddress,
  listenAddress,
  peerAddress,
  postgresDsn,
} from '../../lib/config/types.ts';
import {
  defaulted,
  type Environment,
  optional,
  readVariables,
  type Values,
} from '../../lib/config/variables.ts';
import { consoleVariables } from '../../lib/console/config.ts';
import { gameMasterVariables } from '../../lib/game-master/config.ts';
import { gatewayVariables } from '../../lib/gateway/config.ts';
import { lobbyVariables } from '../../lib/lobby/config.ts';
import { runtimeManagerVariables } from '../../lib/runtime-manager/config.ts';

export const localVariables = {
  portOffset: defaulted('GALAXY_PORT_OFFSET', '0', integer(0, 49_000), {
    help: 'Added to every port below that is not set, for another stack on this machine, such as 100. The data folder, unless it is set, is then `.galaxy-100`.',
  }),
  dataFolder: defaulted('GALAXY_DATA_FOLDER', '.galaxy', filePath, {
    help: 'Folder of databases, keys and logs.',
  }),
  processes: defaulted('GALAXY_PROCESSES', 'one', z.enum(['one', 'each'], { error: 'write one or each' }), {
    help: '`one` runs all services in one process, which saves memory; `each` runs each in one of its own. Metrics and traces are those of a process, so with `GATEWAY_ADMIN_HTTP_ADDR`, a variable `OTEL_…` or `…_OTEL_STDOUT_…` it is always `each`.',
  }),
  postgres: {
    dsn: optional('GALAXY_POSTGRES_DSN', postgresDsn, {
      help: 'An existing, empty PostgreSQL database to use instead of the embedded one.',
      secret: true,
    }),
    port: defaulted('GALAXY_POSTGRES_PORT', '15432', integer(0, 65_535), {
      help: 'Port of the embedded PostgreSQL; 0 takes a free one.',
    }),
  },
  redis: {
    addr: optional('GALAXY_REDIS_ADDR', peerAddress, {
      help: 'host:port of an existing Redis to use instead of starting one.',
    }),
    password: defaulted('GALAXY_REDIS_PASSWORD', '', anyText, {
      help: 'Password of that existing Redis.',
      secret: true,
      mayBeEmpty: true,
    }),
    port: defaulted('GALAXY_REDIS_PORT', '16379', integer(0, 65_535), {
      help: 'Port of the Redis that is started; 0 takes a free one.',
    }),
  },
  enginesFile: optional('GALAXY_ENGINES_FILE', filePath, {
    help: 'Path of an engine catalogue (engine-catalogue.md) for all services. Unset: the example games.',
  }),
  listeners: {
    gatewayHttp: defaulted('GATEWAY_PUBLIC_HTTP_ADDR', '127.0.0.1:8080', listenAddress, {
      help: 'Gateway: sign-in and probes.',
    }),
    gatewayGrpc: defaulted('GATEWAY_AUTHENTICATED_GRPC_ADDR', '127.0.0.1:9090', listenAddress, {
      help: 'Gateway: signed commands and events.',
    }),
    gatewayWeb: defaulted('GATEWAY_WEB_HTTP_ADDR', '127.0.0.1:8088', listenAddress, {
      help: 'Gateway, for browsers: sign-in, commands, events.',
    }),
    backendHttp: defaulted('BACKEND_HTTP_ADDR', '127.0.0.1:8081', listenAddress, {
      help: 'Backend: sessions and users, for gateway and lobby.',
    }),
    backendAdmin: defaulted('BACKEND_ADMIN_HTTP_ADDR', '127.0.0.1:8082', listenAddress, {
      help: 'Backend, admin: users and their sessions.',
    }),
    backendPush: defaulted('BACKEND_PUSH_GRPC_ADDR', '127.0.0.1:9092', listenAddress, {
      help: 'Backend: push log, for gateways.',
    }),
    lobbyPublic: defaulted('LOBBY_PUBLIC_HTTP_ADDR', '127.0.0.1:8094', listenAddress, {
      help: 'Lobby: user routes, for the gateway.',
    }),
    lobbyInternal: defaulted('LOBBY_INTERNAL_HTTP_ADDR', '127.0.0.1:8095', listenAddress, {
      help: 'Lobby: the same routes for an admin.',
    }),
    gameMaster: defaulted('GM_HTTP_ADDR', '127.0.0.1:8097', listenAddress, {
      help: 'Game Master: takes games over from the lobby.',
    }),
    gameMasterPublic: defaulted('GM_PUBLIC_HTTP_ADDR', '127.0.0.1:8098', listenAddress, {
      help: 'Game Master: orders and views of players, for the gateway.',
    }),
    console: defaulted('CONSOLE_HTTP_ADDR', '127.0.0.1:8085', listenAddress, {
      help: 'Console, for operators.',
    }),
  },
  gatewayAdmin: optional('GATEWAY_ADMIN_HTTP_ADDR', listenAddress, {
    help: 'Gateway, admin: metrics, at /metrics.',
  }),
};

/** The variables of what shows metrics or traces (docs/telemetry.md). */
const measuring = /^(OTEL_|[A-Z]+_OTEL_STDOUT_|GATEWAY_ADMIN_HTTP_ADDR$)/;

export type LocalConfig = Values<typeof localVariables>;
export type Listeners = LocalConfig['listeners'];

/** @throws StartupError with everything that launcher and services would refuse about what is set. */
export function readLocalConfig(environment: Environment): LocalConfig {
  const { values, problems } = readVariables(localVariables, environment);
  const ofServices = [
    gatewayVariables,
    backendVariables,
    pushVariables,
    lobbyVariables,
    gameMasterVariables,
    runtimeManagerVariables,
    consoleVariables,
  ].flatMap((variables) => readVariables(variables, environment).problems);
  // What is not set is set by the stack.
  const set = ofServices.filter(({ variable }) => environment[variable] !== undefined);
  const unique = new Map([...set, ...problems].map((problem) => [problem.variable, problem]));
  if (unique.size > 0) throw new StartupError([...unique.values()]);
  const isMeasured = Object.keys(environment).some(
    (name) => measuring.test(name) && environment[name] !== '',
  );
  return withOffset(isMeasured ? { ...values, processes: 'each' } : values, environment);
}

/** Moves everything that is not set, so that two stacks share neither a port nor a folder. */
function withOffset(values: LocalConfig, environment: Environment): LocalConfig {
  const { portOffset, dataFolder, listeners, postgres, redis } = values;
  if (portOffset === 0) return values;
  const isSet = ({ name }: { name: string }) => (environment[name] ?? '') !== '';
  const moved = (port: number, variable: { name: string }) => (isSet(variable) ? port : port + portOffset);
  const addresses = Object.entries(listeners).map(([key, { host, port }]) => {
    return [key, { host, port: moved(port, localVariables.listeners[key as keyof Listeners]) }];
  });
  return {
    ...values,
    dataFolder: isSet(localVariables.dataFolder) ? dataFolder : `${dataFolder}-${portOffset}`,
    listeners: Object.fromEntries(addresses) as Listeners,
    postgres: { ...postgres, port: moved(postgres.port, localVariables.postgres.port) },
    redis: { ...redis, port: moved(redis.port, localVariables.redis.port) },
  };
}

/** What listens in the stack, with the variable that moves it. */
export function listenersOf({
  listeners,
  gatewayAdmin,
}: LocalConfig): { variable: string; help: string; scheme: 'http' | 'grpc'; address: ListenAddress }[] {
  const variables = { ...localVariables.listeners, gatewayAdmin: localVariables.gatewayAdmin };
  return Object.entries({ ...listeners, gatewayAdmin }).flatMap(([key, address]) => {
    if (address === undefined) return [];
    const { name, help } = variables[key as keyof typeof variables];
    const scheme = key === 'gatewayGrpc' || key === 'backendPush' ? 'grpc' : 'http';
    return [{ variable: name, help, scheme, address }];
  });
}
