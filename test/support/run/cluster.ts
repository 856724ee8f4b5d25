// A small cluster of real processes for fault tests: gateway replicas, the backend and its push process, each of which
// can be ended and started again, and between them links that can be cut, stalled and healed. The lobby is a fake.
import { createPublicKey, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { callerToken } from '../../../infra/local/callers.ts';
import { freePort } from '../../../infra/local/child.ts';
import { sendSignal } from '../../../infra/local/processes.ts';
import { localSecrets } from '../../../infra/local/secrets.ts';
import { reachable, type Service, type ServiceOptions, startService } from '../../../infra/local/service.ts';
import { describeServices } from '../../../infra/local/stack.ts';
import {
  type AppendedEvent,
  appendClientEvent,
  type NewClientEvent,
} from '../../../lib/backend/push/log/append-client-event.ts';
import { pushLog } from '../../../lib/backend/push/log/binary-log.ts';
import type { PushLog } from '../../../lib/backend/push/log/log.ts';
import type { Session } from '../../../lib/client/device-keys.ts';
import type { Gateway } from '../../../lib/client/node.ts';
import type { ListenAddress } from '../../../lib/config/types.ts';
import type { Redis } from '../../../lib/redis/client.ts';
import { newEvent } from '../backend/push-log.ts';
import { signInByMail } from '../backend/sign-in.ts';
import { json, startUpstreamServer, type UpstreamServer } from '../gateway/fake-upstream.ts';
import { TestClient } from '../gateway/test-client.ts';
import { startTcpProxy, type TcpProxy } from '../network/tcp-proxy.ts';
import { createTestDatabase } from '../stores/database.ts';
import { createTestRedis, type TestRedis } from '../stores/redis.ts';
import { openDatabase } from '../stores/redis-databases.ts';

export type ClusterOptions = {
  gateways?: number;
  /** Additional variables for the gateways. */
  environment?: Record<string, string>;
  /** Additional variables for the backend and its push process. */
  backendEnvironment?: Record<string, string>;
  /** A Redis of its own, in place of a database of the run's; the cluster drops it. */
  redis?: TestRedis;
  /** Of the push log, where that is in another Redis. */
  pushRedis?: Pick<Redis, 'callBuffer' | 'exists'>;
};

/** The proxies between two processes. All gateways share theirs. */
export type Links = {
  gatewayToRedis: TcpProxy;
  gatewayToBackend: TcpProxy;
  gatewayToPush: TcpProxy;
  pushToRedis: TcpProxy;
};

export type Player = {
  readonly session: Session;
  readonly key: KeyObject;
};

export class ClusterProcess {
  readonly #options: ServiceOptions;
  #service: Service | undefined;

  constructor(options: ServiceOptions) {
    this.#options = options;
  }

  get pid(): number {
    if (this.#service === undefined) throw new Error(`${this.#options.name} does not run`);
    return this.#service.pid;
  }

  /** Does nothing when it runs already. */
  async start(): Promise<void> {
    this.#service ??= await startService(this.#options);
  }

  /** Waits for the end. @returns how it ended. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<string> {
    if (this.#service === undefined) throw new Error(`${this.#options.name} does not run`);
    const { pid, lost } = this.#service;
    sendSignal(pid, signal);
    const how = await lost;
    this.#service = undefined;
    return how;
  }

  /** For the clean-up of a test. */
  async stop(): Promise<void> {
    await this.#service?.stop();
  }
}

export class GatewayReplica extends ClusterProcess {
  readonly endpoints: Gateway;

  constructor(options: ServiceOptions, endpoints: Gateway) {
    super(options);
    this.endpoints = endpoints;
  }

  /** The body of `/readyz`; undefined without a response. */
  async readiness(): Promise<{ status: string } | undefined> {
    const response = await fetch(`${this.endpoints.httpUrl}/readyz`).catch(() => undefined);
    return (await response?.json()) as { status: string } | undefined;
  }
}

export type Cluster = {
  readonly gateways: readonly GatewayReplica[];
  readonly backend: ClusterProcess;
  readonly push: ClusterProcess;
  readonly lobby: UpstreamServer;
  readonly links: Links;
  /** The backend's real push log. */
  readonly log: PushLog;
  /** The Redis that holds it. */
  readonly redis: Redis;
  /** Verifies the gateways' responses and events. */
  readonly serverKey: KeyObject;
  append(userId: string, more?: Partial<NewClientEvent>): Promise<AppendedEvent>;
  /** Signs in by e-mail at the first gateway; the same address again is another session of the same user. */
  signIn(email?: string): Promise<Player>;
  client(player: Player, gateway: number): TestClient;
  /** Sends a request to the backend, as a user of its service listener or as an admin. @returns the response's body. */
  askBackend(path: string, as: { userId: string } | 'admin', body?: object): Promise<unknown>;
  /** Every line that the processes have logged. */
  readonly lines: readonly string[];
  stop(): Promise<void>;
};

export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const cleanUp = new AsyncDisposableStack();
  try {
    return await startParts(options, cleanUp);
  } catch (error) {
    await cleanUp.disposeAsync();
    throw error;
  }
}

async function startParts(options: ClusterOptions, cleanUp: AsyncDisposableStack): Promise<Cluster> {
  const folder = await mkdtemp(join(tmpdir(), 'galaxy-test-cluster-'));
  cleanUp.defer(() => rm(folder, { recursive: true, force: true }));
  const database = await createTestDatabase();
  cleanUp.defer(() => database.drop());
  const redis = options.redis ?? (await createTestRedis());
  cleanUp.defer(() => redis.drop());
  const connection = await openDatabase(redis, redis.db);
  cleanUp.defer(() => connection.disconnect());
  const lobby = await startUpstreamServer(json(200, { items: [] }));
  cleanUp.defer(() => lobby.close());

  const secrets = await localSecrets(folder);
  const address = async () => ({ host: '127.0.0.1', port: await freePort() });
  const [backendHttp, backendAdmin, backendPush, unused] = [
    await address(),
    await address(),
    await address(),
    await address(),
  ];
  const link = async (to: ListenAddress) => {
    const proxy = await startTcpProxy(to);
    cleanUp.defer(() => proxy.close());
    return proxy;
  };
  const links: Links = {
    gatewayToRedis: await link(redis),
    gatewayToBackend: await link(backendHttp),
    gatewayToPush: await link(backendPush),
    pushToRedis: await link(redis),
  };

  const lines: string[] = [];
  /** As `npm start` runs it, with the links in between. */
  const describe = (
    service: string,
    name: string,
    listeners: GatewayListeners,
    env: Record<string, string>,
  ) => {
    const described = describeServices({
      listeners: {
        backendHttp,
        backendAdmin,
        backendPush,
        lobbyPublic: unused,
        lobbyInternal: unused,
        gameMaster: unused,
        gameMasterPublic: unused,
        console: unused,
        ...listeners,
      },
      secrets,
      postgresDsn: database.dsn,
      redis,
      logFolder: folder,
      runtimeFolder: folder,
      environment: {},
      onLine: () => {},
    }).find((other) => other.name === service);
    if (described === undefined) throw new Error(`the stack has no ${service}`);
    return {
      ...described,
      name,
      env: { PATH: process.env.PATH, ...described.env, ...env },
      logFolder: folder,
      onLine: (_: string, line: string) => void lines.push(line),
    };
  };
  const nowhere = { gatewayHttp: unused, gatewayGrpc: unused, gatewayWeb: unused };
  const backend = new ClusterProcess(
    describe('backend', 'backend', nowhere, options.backendEnvironment ?? {}),
  );
  const push = new ClusterProcess(
    describe('backend-push', 'backend-push', nowhere, {
      BACKEND_REDIS_ADDR: links.pushToRedis.addr,
      ...options.backendEnvironment,
    }),
  );
  const gateways = await Promise.all(
    Array.from({ length: options.gateways ?? 1 }, async (_, index) => {
      const [gatewayHttp, gatewayGrpc, gatewayWeb] = [await address(), await address(), await address()];
      const service = describe(
        'gateway',
        `gateway-${index}`,
        { gatewayHttp, gatewayGrpc, gatewayWeb },
        {
          GATEWAY_REDIS_ADDR: links.gatewayToRedis.addr,
          GATEWAY_BACKEND_HTTP_URL: `http://${links.gatewayToBackend.addr}`,
          GATEWAY_BACKEND_GRPC_ADDR: links.gatewayToPush.addr,
          GATEWAY_LOBBY_HTTP_URL: lobby.url,
          // All players of a test have the same address.
          GATEWAY_RATE_LIMIT_PUBLIC_HTTP_ADDRESS: 'off',
          GATEWAY_RATE_LIMIT_GRPC_ADDRESS: 'off',
          GATEWAY_RATE_LIMIT_GRPC_UNVERIFIED: 'off',
          ...options.environment,
        },
      );
      return new GatewayReplica(service, {
        httpUrl: `http://${reachable(gatewayHttp)}`,
        grpcAddr: reachable(gatewayGrpc),
      });
    }),
  );
  await Promise.all(
    [backend, push, ...gateways].map((process) => {
      cleanUp.defer(() => process.stop());
      return process.start();
    }),
  );

  const client = ({ key, session }: Player, gateway: number) => {
    const replica = gateways[gateway];
    if (replica === undefined) throw new Error(`there is no gateway ${gateway}`);
    const opened = new TestClient(replica.endpoints, key, session, { patienceMs: 0 });
    cleanUp.defer(() => opened.close());
    return opened;
  };
  const pushRedis = options.pushRedis ?? connection;
  const log = pushLog(pushRedis);
  return {
    gateways,
    backend,
    push,
    lobby,
    links,
    log,
    redis: connection,
    serverKey: createPublicKey(await readFile(secrets.responseSignerPath)),
    append: (userId, more = {}) =>
      appendClientEvent(log, newEvent(userId, { timestampMs: Date.now(), ...more })),
    async signIn(email = `${randomUUID()}@example.com`) {
      const first = gateways[0];
      if (first === undefined) throw new Error('a player cannot sign in without a gateway');
      const key = generateKeyPairSync('ed25519').privateKey;
      const signingIn = new TestClient(first.endpoints, key);
      try {
        await signInByMail(signingIn, email, lines);
        const { session } = signingIn;
        // The event about the session precedes all that the test is about.
        const appended = log.onceKey(session.userId, `user.session.created:${session.deviceSessionId}`);
        await vi.waitFor(async () => expect(await pushRedis.exists(appended)).toBe(1), { timeout: 15_000 });
        return { key, session };
      } finally {
        signingIn.close();
      }
    },
    client,
    async askBackend(path, as, body) {
      const isAdmin = as === 'admin';
      const response = await fetch(`http://${reachable(isAdmin ? backendAdmin : backendHttp)}${path}`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${callerToken(secrets, isAdmin ? 'tools' : 'gateway')}`,
          ...(isAdmin ? {} : { 'x-user-id': as.userId }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const responseBody: unknown = await response.json();
      if (!response.ok)
        throw new Error(`${path} responded ${response.status}: ${JSON.stringify(responseBody)}`);
      return responseBody;
    },
    lines,
    stop: () => cleanUp.disposeAsync(),
  };
}

type GatewayListeners = { gatewayHttp: ListenAddress; gatewayGrpc: ListenAddress; gatewayWeb: ListenAddress };
