// The platform's services on this machine: backend, lobby, Runtime Manager, Game Master, gateway, all in one process or each
// in one of its own. `npm start`, the demo and the end-to-end tests run this same stack.
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { ListenAddress } from '../../lib/config/types.ts';
import { operatorPermissions, type Permission } from '../../lib/operators/permissions.ts';
import { type Caller, callersOf, callerToken } from './callers.ts';
import type { Listeners } from './config.ts';
import { keepRunning } from './keep-running.ts';
import type { LocalSecrets } from './secrets.ts';
import { reachable, startService } from './service.ts';

export type StackOptions = {
  /** `one` for all services (one-process.ts), or one for `each` of them, which is usual. */
  processes?: 'one' | 'each' | undefined;
  listeners: Listeners;
  secrets: LocalSecrets;
  postgresDsn: string;
  redis: { addr: string; password: string; db?: number };
  /** Gets one log file per service. */
  logFolder: string;
  /** What the Runtime Manager and the engines keep. */
  runtimeFolder: string;
  /** Path of the engine catalogue; undefined for the example games. */
  enginesFile?: string | undefined;
  /** What the web listener serves to browsers. */
  webFolders?: { readonly app: string; readonly boards: string } | undefined;
  /** Variables for every process; what is set here wins over what the stack sets itself. */
  environment: NodeJS.ProcessEnv;
  onLine: (service: string, line: string) => void;
};

export type Stack = {
  /** Resolves with a sentence when a process ends by itself again and again. */
  readonly lost: Promise<string>;
  stop(): Promise<void>;
};

/**
 * Starts all processes; one that ends by itself is started again.
 * @param log is called when that happens.
 * @throws Error when a process refuses to start; the others are stopped again.
 */
export async function startStack(options: StackOptions, log: (line: string) => void): Promise<Stack> {
  await mkdir(options.logFolder, { recursive: true, mode: 0o700 });
  const { processes, logFolder, onLine } = options;
  const described = describeServices(options);
  const started = await Promise.allSettled(
    (processes === 'one' ? [inOneProcess(described)] : described).map((part) => {
      const service = {
        ...part,
        env: { PATH: process.env.PATH, ...part.env, ...options.environment },
        logFolder,
        onLine,
      };
      return keepRunning(service.name, (stop) => startService(service, stop), log);
    }),
  );
  const services = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const stop = async () => {
    // The edge first, so that no client is let in while the platform stops.
    for (const service of services.toReversed()) await service.stop();
  };
  const failures = started.flatMap((result) =>
    result.status === 'rejected' ? [String(result.reason.message)] : [],
  );
  if (failures.length > 0) {
    await stop();
    throw new Error(failures.join('\n'));
  }
  return { lost: Promise.race(services.map(({ lost }) => lost)), stop };
}

/** Passkeys are for a name, not for an address. */
export function consoleUrl({ console }: Pick<Listeners, 'console'>): string {
  return `http://localhost:${console.port}`;
}

/** Their variables are told apart by their names; where two services read the same one, it says the same to both. */
function inOneProcess(services: ReturnType<typeof describeServices>) {
  return {
    name: 'platform',
    services: services.map(({ name }) => name),
    entry: 'infra/local/one-process.ts',
    // At rest V8 shrinks the young generation to 1 MB, and then collects it every second, for half of the CPU time.
    nodeArgs: ['--min-semi-space-size=8'],
    env: Object.assign({}, ...services.map(({ env }) => env)) as Record<string, string>,
    listeners: services.flatMap(({ listeners }) => listeners),
  };
}

/** The platform's services, the ones that others depend on first. */
export function describeServices(options: StackOptions) {
  const { listeners, secrets, postgresDsn, redis, runtimeFolder, enginesFile, webFolders } = options;
  const engines = (prefix: string) =>
    enginesFile === undefined ? {} : { [`${prefix}_ENGINES_FILE`]: resolve(enginesFile) };
  const tokenOf = (caller: Caller) => callerToken(secrets, caller);
  const callers = (permissions: Partial<Record<Caller, readonly Permission[]>>) =>
    callersOf(secrets, permissions);
  const url = (address: ListenAddress) => `http://${reachable(address)}`;
  const text = ({ host, port }: ListenAddress) =>
    host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return [
    {
      name: 'backend',
      entry: 'workers/backend-all-in-one.ts',
      env: {
        BACKEND_HTTP_ADDR: text(listeners.backendHttp),
        BACKEND_HTTP_CALLERS: callers({
          gateway: ['users.act', 'users.sign_in', 'sessions.use'],
          lobby: ['users.eligibility'],
        }),
        BACKEND_ADMIN_HTTP_ADDR: text(listeners.backendAdmin),
        BACKEND_ADMIN_HTTP_CALLERS: callers({
          console: ['operators.sign_in', 'operators.act'],
          tools: operatorPermissions,
        }),
        BACKEND_OPERATOR_ASSERTION_PRIVATE_KEY_PEM_PATH: secrets.operatorAssertionPath,
        BACKEND_ADMIN_HTTP_OPERATOR_KEYS: secrets.operatorKey,
        // For tools that send the token alone.
        BACKEND_ADMIN_HTTP_UNNAMED_OPERATORS: 'true',
        BACKEND_POSTGRES_PRIMARY_DSN: postgresDsn,
        BACKEND_REDIS_ADDR: redis.addr,
        BACKEND_REDIS_PASSWORD: redis.password,
        BACKEND_REDIS_DB: String(redis.db ?? 0),
        BACKEND_CODE_HMAC_KEY: secrets.codeHmacKey,
        BACKEND_MAILER: 'log',
        // All players of this machine share its network.
        BACKEND_SIGN_IN_MAILS_FROM_NETWORK: '1000000',
        BACKEND_LOBBY_HTTP_URL: url(listeners.lobbyPublic),
        BACKEND_LOBBY_HTTP_TOKEN: tokenOf('backend'),
      },
      listeners: [
        { address: listeners.backendHttp, readyz: true },
        { address: listeners.backendAdmin, readyz: true },
      ],
    },
    {
      name: 'backend-push',
      entry: 'workers/backend-push.ts',
      env: {
        BACKEND_PUSH_GRPC_ADDR: text(listeners.backendPush),
        BACKEND_PUSH_GRPC_CALLERS: callers({ gateway: ['events.read'] }),
        BACKEND_REDIS_ADDR: redis.addr,
        BACKEND_REDIS_PASSWORD: redis.password,
        BACKEND_REDIS_DB: String(redis.db ?? 0),
      },
      listeners: [{ address: listeners.backendPush, readyz: false }],
    },
    {
      name: 'lobby',
      entry: 'workers/lobby-all-in-one.ts',
      env: {
        LOBBY_PUBLIC_HTTP_ADDR: text(listeners.lobbyPublic),
        LOBBY_PUBLIC_HTTP_CALLERS: callers({ gateway: ['users.act'], backend: ['users.act'] }),
        LOBBY_INTERNAL_HTTP_ADDR: text(listeners.lobbyInternal),
        LOBBY_INTERNAL_HTTP_CALLERS: callers({
          'game-master': ['games.play'],
          console: ['operators.act'],
          tools: operatorPermissions,
        }),
        LOBBY_INTERNAL_HTTP_OPERATOR_KEYS: secrets.operatorKey,
        // For tools that send the token alone.
        LOBBY_INTERNAL_HTTP_UNNAMED_OPERATORS: 'true',
        LOBBY_POSTGRES_PRIMARY_DSN: postgresDsn,
        LOBBY_REDIS_MASTER_ADDR: redis.addr,
        LOBBY_REDIS_PASSWORD: redis.password,
        LOBBY_REDIS_DB: String(redis.db ?? 0),
        LOBBY_USER_SERVICE_BASE_URL: url(listeners.backendHttp),
        LOBBY_USER_SERVICE_TOKEN: tokenOf('lobby'),
        LOBBY_GM_BASE_URL: url(listeners.gameMaster),
        LOBBY_GM_TOKEN: tokenOf('lobby'),
        ...engines('LOBBY'),
        // A developer should not have to wait for 20:00 to see a turn.
        LOBBY_MIN_TURN_INTERVAL: '5s',
      },
      listeners: [
        { address: listeners.lobbyPublic, readyz: true },
        { address: listeners.lobbyInternal, readyz: true },
      ],
    },
    {
      name: 'runtime-manager',
      entry: 'workers/runtime-manager.ts',
      env: {
        RM_REDIS_ADDR: redis.addr,
        RM_REDIS_PASSWORD: redis.password,
        RM_REDIS_DB: String(redis.db ?? 0),
        RM_DATA_FOLDER: runtimeFolder,
        ...engines('RM'),
        // Nothing is left running; the next start goes on with the games.
        RM_STOP_ENGINES_ON_EXIT: 'true',
        RM_SHUTDOWN_TIMEOUT: '5s',
      },
      listeners: [],
    },
    {
      name: 'game-master',
      entry: 'workers/game-master.ts',
      env: {
        ...engines('GM'),
        GM_HTTP_ADDR: text(listeners.gameMaster),
        GM_HTTP_CALLERS: callers({
          lobby: ['games.play'],
          console: ['operators.act'],
          tools: operatorPermissions,
        }),
        GM_HTTP_OPERATOR_KEYS: secrets.operatorKey,
        // For tools that send the token alone.
        GM_HTTP_UNNAMED_OPERATORS: 'true',
        GM_PUBLIC_HTTP_ADDR: text(listeners.gameMasterPublic),
        GM_PUBLIC_HTTP_CALLERS: callers({ gateway: ['users.act'] }),
        GM_POSTGRES_PRIMARY_DSN: postgresDsn,
        GM_LOBBY_BASE_URL: url(listeners.lobbyInternal),
        GM_LOBBY_TOKEN: tokenOf('game-master'),
        GM_REDIS_ADDR: redis.addr,
        GM_REDIS_PASSWORD: redis.password,
        GM_REDIS_DB: String(redis.db ?? 0),
      },
      listeners: [
        { address: listeners.gameMaster, readyz: true },
        { address: listeners.gameMasterPublic, readyz: true },
      ],
    },
    {
      name: 'console',
      entry: 'workers/console.ts',
      env: {
        CONSOLE_HTTP_ADDR: text(listeners.console),
        CONSOLE_PUBLIC_URL: consoleUrl(listeners),
        CONSOLE_BACKEND_BASE_URL: url(listeners.backendAdmin),
        CONSOLE_BACKEND_TOKEN: tokenOf('console'),
        CONSOLE_LOBBY_BASE_URL: url(listeners.lobbyInternal),
        CONSOLE_LOBBY_TOKEN: tokenOf('console'),
        CONSOLE_GM_BASE_URL: url(listeners.gameMaster),
        CONSOLE_GM_TOKEN: tokenOf('console'),
        CONSOLE_GATEWAY_BASE_URL: url(listeners.gatewayHttp),
      },
      listeners: [{ address: listeners.console, readyz: true }],
    },
    {
      name: 'gateway',
      entry: 'workers/gateway.ts',
      env: {
        GATEWAY_PUBLIC_HTTP_ADDR: text(listeners.gatewayHttp),
        GATEWAY_AUTHENTICATED_GRPC_ADDR: text(listeners.gatewayGrpc),
        GATEWAY_WEB_HTTP_ADDR: text(listeners.gatewayWeb),
        GATEWAY_REDIS_ADDR: redis.addr,
        GATEWAY_REDIS_PASSWORD: redis.password,
        GATEWAY_BACKEND_HTTP_URL: url(listeners.backendHttp),
        GATEWAY_BACKEND_GRPC_ADDR: reachable(listeners.backendPush),
        GATEWAY_LOBBY_HTTP_URL: url(listeners.lobbyPublic),
        GATEWAY_GAME_HTTP_URL: url(listeners.gameMasterPublic),
        GATEWAY_UPSTREAM_TOKEN: tokenOf('gateway'),
        GATEWAY_RESPONSE_SIGNER_PRIVATE_KEY_PATH: secrets.responseSignerPath,
        ...(webFolders !== undefined && {
          GATEWAY_APP_FOLDER: webFolders.app,
          GATEWAY_BOARDS_FOLDER: webFolders.boards,
        }),
      },
      listeners: [
        { address: listeners.gatewayHttp, readyz: true },
        { address: listeners.gatewayGrpc, readyz: false },
        { address: listeners.gatewayWeb, readyz: true },
      ],
    },
  ];
}
