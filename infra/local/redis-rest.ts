// For development and tests only: serves Upstash's REST interface in front of a Redis on this machine, for services
// that are configured with …_REDIS_REST_URL. All requests share one connection to Redis, there is no TLS, and it binds
// to loopback. In production Upstash itself takes its place.
//
// `POST /` takes a command, `/pipeline` and `/multi-exec` a list of them, as JSON; replies are in base64 where
// `Upstash-Encoding: base64` asks for it. Commands that block do not exist here.
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import type { ListenAddress } from '../../lib/config/types.ts';
import { openRedis, type Redis } from '../../lib/redis/client.ts';

export type RedisRest = {
  port: number;
  /** `http://127.0.0.1:port`. */
  url: string;
  token: string;
  /** Cuts every connection. */
  close(): Promise<void>;
};

export type RedisRestOptions = {
  /** 0 takes a free one. */
  port?: number;
  /** What requests must carry. */
  token: string;
  redis: { addr: ListenAddress; password: string; db?: number };
};

const command = z.array(z.union([z.string(), z.number()])).min(1);
const commands = z.array(command).min(1);
type Command = z.infer<typeof command>;
type Reply = { result: unknown } | { error: string };

/** @throws Error when Redis does not reply, or the port is taken. */
export async function startRedisRest({ port = 0, token, redis: to }: RedisRestOptions): Promise<RedisRest> {
  const redis = await openRedis({ ...to, operationTimeoutMs: 5_000 }, () => {});
  const server = createServer(async (request, response) => {
    const { status, body } = await respond(redis, token, request);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    redis.disconnect();
    throw error;
  }
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('a TCP listener has a port');
  return {
    port: address.port,
    url: `http://127.0.0.1:${address.port}`,
    token,
    async close() {
      redis.disconnect();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function respond(
  redis: Redis,
  token: string,
  request: IncomingMessage,
): Promise<{ status: number; body: unknown }> {
  if (request.headers.authorization !== `Bearer ${token}`) {
    return { status: 401, body: { error: 'WRONGPASS invalid or missing auth token' } };
  }
  const shown = request.headers['upstash-encoding'] === 'base64' ? inBase64 : (reply: unknown) => reply;
  try {
    const asked: unknown = JSON.parse(await text(request));
    switch (`${request.method} ${request.url}`) {
      case 'POST /': {
        const only = await run(redis, command.parse(asked), shown);
        return { status: 'error' in only ? 400 : 200, body: only };
      }
      case 'POST /pipeline':
        return { status: 200, body: await runAll(redis, commands.parse(asked), shown) };
      case 'POST /multi-exec':
        return { status: 200, body: await runTogether(redis, commands.parse(asked), shown) };
      default:
        return { status: 404, body: { error: 'ERR there is POST /, /pipeline and /multi-exec' } };
    }
  } catch (error) {
    return { status: 400, body: { error: `ERR ${messageOf(error)}` } };
  }
}

async function run(redis: Redis, [name, ...args]: Command, shown: Shown): Promise<Reply> {
  try {
    return { result: shown(await redis.callBuffer(String(name).toUpperCase(), args)) };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

async function runAll(redis: Redis, all: Command[], shown: Shown): Promise<Reply[]> {
  const replies: Reply[] = [];
  for (const each of all) replies.push(await run(redis, each, shown));
  return replies;
}

async function runTogether(redis: Redis, all: Command[], shown: Shown): Promise<Reply[]> {
  const transaction = redis.multi();
  for (const [name, ...args] of all) transaction.callBuffer(String(name).toUpperCase(), ...args);
  const replies = await transaction.exec();
  return (replies ?? []).map(([error, reply]) =>
    error === null ? { result: shown(reply) } : { error: messageOf(error) },
  );
}

type Shown = (reply: unknown) => unknown;

function inBase64(reply: unknown): unknown {
  if (Array.isArray(reply)) return reply.map(inBase64);
  if (!Buffer.isBuffer(reply)) return reply;
  const plain = reply.toString();
  return plain === 'OK' ? plain : reply.toString('base64');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
