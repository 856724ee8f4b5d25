// The real gateway on free ports, with the run's Redis and with upstreams that the test plays. It runs inside the
// test's process, unless the test says how else.
import { generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../infra/local/child.ts';
import type { Session } from '../../../lib/client/device-keys.ts';
import type { Gateway } from '../../../lib/client/node.ts';
import { runGateway } from '../../../workers/gateway.ts';
import { untilUp } from '../run/until-up.ts';
import { createTestRedis, type TestRedis } from '../stores/redis.ts';
import { json, startUpstreamServer, type UpstreamServer } from './fake-upstream.ts';
import type { TestClient } from './test-client.ts';
import { openClient, type Transport } from './transports.ts';

export type TestGateway = {
  readonly backend: UpstreamServer;
  readonly lobby: UpstreamServer;
  readonly game: UpstreamServer;
  readonly redis: TestRedis;
  readonly httpUrl: string;
  readonly grpcAddr: string;
  /** Of the web listener. */
  readonly webUrl: string;
  /** A client whose session the backend knows; of a user of its own, impatient and with no way in between, unless given. */
  newClient(
    status?: 'active' | 'revoked',
    more?: Partial<Gateway> & { webUrl?: string; userId?: string; key?: KeyObject; patienceMs?: number },
  ): TestClient;
  /** Ends the process as SIGTERM would; resolves when it has drained. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** Runs a gateway until `stop` aborts. */
export type RunGateway = (environment: Record<string, string>, stop: AbortSignal) => Promise<void>;

/** @param transport which the clients of `newClient` speak. */
export async function startTestGateway(
  variables: Record<string, string> = {},
  run: RunGateway = runGateway,
  transport: Transport = 'gRPC',
): Promise<TestGateway> {
  const cleanUp = new AsyncDisposableStack();
  try {
    return await startParts(variables, run, transport, cleanUp);
  } catch (error) {
    await cleanUp.disposeAsync();
    throw error;
  }
}

async function startParts(
  variables: Record<string, string>,
  run: RunGateway,
  transport: Transport,
  cleanUp: AsyncDisposableStack,
): Promise<TestGateway> {
  const redis = await createTestRedis();
  cleanUp.defer(() => redis.drop());
  const folder = await mkdtemp(join(tmpdir(), 'galaxy-test-gateway-'));
  cleanUp.defer(() => rm(folder, { recursive: true, force: true }));
  const signerPath = join(folder, 'signer.pem');
  const { privateKey } = generateKeyPairSync('ed25519');
  await writeFile(signerPath, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });

  const sessions = new Map<string, object>();
  const backend = await startUpstreamServer((request, response) => {
    const session = sessions.get(request.url.replace('/api/v1/internal/sessions/', ''));
    const answer = session
      ? json(200, session)
      : json(404, { error: { code: 'not_found', message: 'There is no such session.' } });
    answer(request, response);
  });
  cleanUp.defer(() => backend.close());
  const lobby = await startUpstreamServer(json(200, { items: [] }));
  cleanUp.defer(() => lobby.close());
  const game = await startUpstreamServer(json(200, { turn: 1 }));
  cleanUp.defer(() => game.close());

  const [httpPort, grpcPort, webPort] = [await freePort(), await freePort(), await freePort()];
  const httpUrl = `http://127.0.0.1:${httpPort}`;
  const grpcAddr = `127.0.0.1:${grpcPort}`;
  const webUrl = `http://127.0.0.1:${webPort}`;
  const terminate = new AbortController();
  const running = run(
    {
      GATEWAY_PUBLIC_HTTP_ADDR: `127.0.0.1:${httpPort}`,
      GATEWAY_AUTHENTICATED_GRPC_ADDR: grpcAddr,
      GATEWAY_WEB_HTTP_ADDR: `127.0.0.1:${webPort}`,
      GATEWAY_REDIS_ADDR: redis.addr,
      GATEWAY_REDIS_PASSWORD: redis.password,
      GATEWAY_BACKEND_HTTP_URL: backend.url,
      // Nothing listens there, whatever else runs on this machine.
      GATEWAY_BACKEND_GRPC_ADDR: '127.0.0.1:1',
      GATEWAY_LOBBY_HTTP_URL: lobby.url,
      GATEWAY_GAME_HTTP_URL: game.url,
      GATEWAY_RESPONSE_SIGNER_PRIVATE_KEY_PATH: signerPath,
      GATEWAY_LOG_LEVEL: 'silent',
      // A test plays many clients from one address.
      GATEWAY_RATE_LIMIT_GRPC_ADDRESS: 'off',
      GATEWAY_RATE_LIMIT_GRPC_UNVERIFIED: 'off',
      GATEWAY_RATE_LIMIT_PUBLIC_HTTP_ADDRESS: 'off',
      ...variables,
    },
    terminate.signal,
  );
  const stop = () => {
    terminate.abort();
    return running;
  };
  cleanUp.defer(stop);
  // A gateway that stops waits half a second for a connection that its client keeps.
  const headers = { connection: 'close' };
  await untilUp(async () => (await fetch(`${httpUrl}/readyz`, { headers })).ok, running);

  const endpoints = { httpUrl, grpcAddr };
  const newClient: TestGateway['newClient'] = (status = 'active', more = {}) => {
    const { userId = randomUUID(), patienceMs = 0, ...others } = more;
    const { key = generateKeyPairSync('ed25519').privateKey, ...elsewhere } = others;
    const session: Session = { deviceSessionId: randomUUID(), userId };
    const way = { ...endpoints, webUrl, ...elsewhere };
    const client = openClient(transport, way, key, session, { patienceMs });
    cleanUp.defer(() => client.close());
    sessions.set(session.deviceSessionId, {
      device_session_id: session.deviceSessionId,
      user_id: session.userId,
      status,
      client_public_key: Buffer.from(client.publicKey).toString('base64'),
      created_at: '2026-01-01T00:00:00.000Z',
    });
    return client;
  };
  return {
    backend,
    lobby,
    game,
    redis,
    ...endpoints,
    webUrl,
    newClient,
    stop,
    [Symbol.asyncDispose]: () => cleanUp.disposeAsync(),
  };
}
