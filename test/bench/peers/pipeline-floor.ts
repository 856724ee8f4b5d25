// The floor of platform.*: the same hops as the platform's with nothing in them, on the same libraries. A gateway decodes a
// command, asks for its session, verifies, reserves the request in Redis, forwards, signs and encodes; a service reads one
// row by its primary key for every request, and responds with prepared bytes. One process of this file is one of the two.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import pg from 'pg';
import { Pool } from 'undici';
import { verifyDeviceSignature } from '../../../lib/gateway/commands/device-signature.ts';
import { loadResponseSigner } from '../../../lib/gateway/commands/response-signer.ts';
import { sha256 } from '../../../lib/gateway/sha256.ts';
import { commandBytes, protocolVersion, responseBytes } from '../../../lib/protocol/envelope.ts';
import {
  type EdgeGatewayServer,
  EdgeGatewayService,
  type ExecuteCommandRequest,
  type ExecuteCommandResponse,
} from '../../../lib/protocol/generated/galaxy/gateway/v1/gateway.ts';
import { openRedis, type Redis } from '../../../lib/redis/client.ts';
import { serveCalls } from '../peer.ts';

const connections = 20;
const sessionsPath = '/sessions/';
const replayTtlMs = 120_000;

type Floor = {
  services: Pool;
  redis: Redis;
  signer: Awaited<ReturnType<typeof loadResponseSigner>>;
};

let respondedWith = Buffer.alloc(0);

const calls = {
  /** Serves sessions and everything else. @returns base URL. */
  async serveService(dsn: string): Promise<string> {
    const pool = new pg.Pool({ connectionString: dsn, max: connections });
    const server = createServer(async (request, response) => {
      request.resume();
      const url = request.url ?? '';
      const isSession = url.startsWith(sessionsPath);
      const { rows } = isSession
        ? await pool.query({
            name: 'session',
            text: 'select user_id, client_public_key from backend.device_sessions where device_session_id = $1',
            values: [url.slice(sessionsPath.length)],
          })
        : await pool.query({
            name: 'game',
            text: 'select game_id from lobby.games where game_id = $1',
            values: [randomUUID()],
          });
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(
        isSession
          ? JSON.stringify({ ...rows[0], client_public_key: rows[0]?.client_public_key.toString('base64') })
          : respondedWith,
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  },

  /** The body of every response that is not a session. */
  respondWith(length: number): void {
    respondedWith = Buffer.alloc(length, 'x');
  },

  /** @returns host:port, and the public key that signs responses, base64url. */
  async serveGateway(options: {
    serviceUrl: string;
    redis: { addr: string; password: string };
    signerPath: string;
  }): Promise<{ addr: string; serverKey: string }> {
    const [host = '', port] = options.redis.addr.split(':');
    const floor = {
      services: new Pool(options.serviceUrl, { connections: 64 }),
      redis: await openRedis(
        {
          addr: { host, port: Number(port) },
          password: options.redis.password,
          operationTimeoutMs: 5_000,
        },
        () => undefined,
      ),
      signer: await loadResponseSigner(options.signerPath),
    };
    const server = new Server({ 'grpc.enable_channelz': 0 });
    const service: Pick<EdgeGatewayServer, 'executeCommand'> = {
      executeCommand: ({ request }, callback) => {
        respond(floor, request).then((response) => callback(null, response), callback);
      },
    };
    const { executeCommand } = EdgeGatewayService;
    server.addService({ executeCommand }, service);
    const bound = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, given) =>
        error ? reject(error) : resolve(given),
      );
    });
    return {
      addr: `127.0.0.1:${bound}`,
      serverKey: Buffer.from(floor.signer.publicKey).toString('base64url'),
    };
  },
};
export type PipelineFloorCalls = typeof calls;
serveCalls(calls);

async function respond(
  { services, redis, signer }: Floor,
  request: ExecuteCommandRequest,
): Promise<ExecuteCommandResponse> {
  const found = await services.request({
    method: 'GET',
    path: `${sessionsPath}${request.deviceSessionId}`,
  });
  const session = (await found.body.json()) as { client_public_key: string; user_id: string };
  const signed = commandBytes({ ...request, timestampMs: request.timestampMs });
  if (!verifyDeviceSignature(Buffer.from(session.client_public_key, 'base64'), signed, request.signature)) {
    throw new Error(`the signature of ${request.requestId} is wrong`);
  }
  const key = `floor:replay:${request.deviceSessionId}:${request.requestId}`;
  if ((await redis.set(key, '1', 'PX', replayTtlMs, 'NX')) !== 'OK') throw new Error(`${key} is reserved`);
  const forwarded = await services.request({
    method: 'POST',
    path: '/commands',
    headers: { 'content-type': 'application/json', 'x-user-id': session.user_id },
    body: request.payloadBytes,
  });
  const payloadBytes = Buffer.from(await forwarded.body.arrayBuffer());
  const fields = {
    keyId: signer.keyId,
    requestHash: sha256(signed),
    timestampMs: BigInt(Date.now()),
    resultCode: 'ok',
    payloadHash: sha256(payloadBytes),
  };
  return {
    protocolVersion,
    ...fields,
    requestId: request.requestId,
    payloadBytes,
    signature: signer.sign(responseBytes(fields)),
  };
}
