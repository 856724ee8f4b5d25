// Three gateways in front of three backends on one PostgreSQL, with the code and the limits of the real processes, on a
// clock that moves as fast as the work is done. Requests go from app to app without a network in between.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { createBackendServiceApp } from '../../handlers/backend/service-router.ts';
import { createGatewayPublicApp } from '../../handlers/gateway/public-router.ts';
import { startPostgres } from '../../infra/local/postgres.ts';
import { startRedis } from '../../infra/local/redis.ts';
import { backendVariables } from '../../lib/backend/config.ts';
import type { OutgoingMails } from '../../lib/backend/context.ts';
import type { Mail } from '../../lib/backend/mail/mail.ts';
import { writeMails } from '../../lib/backend/mail/outgoing-mails.ts';
import { createMailSeal } from '../../lib/backend/mail/seal.ts';
import { assembleBackend } from '../../lib/backend/process/assemble.ts';
import { readVariables } from '../../lib/config/variables.ts';
import { createPublicAuth } from '../../lib/gateway/commands/public-auth.ts';
import { createLimits } from '../../lib/gateway/rate-limit/limits.ts';
import { rateLimitVariables } from '../../lib/gateway/rate-limit/variables.ts';
import type { HttpApp } from '../../lib/http/app.ts';
import { databaseOn } from '../../lib/postgres/database.ts';
import { migrate } from '../../lib/postgres/migrate.ts';
import { openRedis, type Redis } from '../../lib/redis/client.ts';
import { createLogger } from '../../lib/telemetry/logger.ts';

const replicas = 3;
const startMs = Date.parse('2026-01-31T12:00:00.000Z');
const log = createLogger({ service: 'attack', level: 'error' });

export type HttpResponse = {
  readonly status: number;
  readonly retryAfterMs: number;
  readonly body: Record<string, unknown>;
};

export type Platform = {
  readonly gateways: number;
  /** Milliseconds since the beginning. */
  clock: number;
  now(): Date;
  /** Every mail that was written, by its id; for a code that is the challenge. */
  readonly mails: ReadonlyMap<string, Mail>;
  post(gateway: number, from: string, route: string, body: object): Promise<HttpResponse>;
  /** A mail server takes everything that waits. */
  deliver(): Promise<void>;
};

export async function startPlatform(running: AsyncDisposableStack): Promise<Platform> {
  const folder = await mkdtemp(join(tmpdir(), 'galaxy-attack-'));
  running.defer(() => rm(folder, { recursive: true, force: true }));
  const common = { port: 0, durable: false };
  const postgres = await startPostgres({ ...common, dataFolder: join(folder, 'postgres') });
  running.defer(postgres.stop);
  const password = crypto.randomUUID();
  const server = await startRedis({ ...common, dataFolder: join(folder, 'redis'), password });
  running.defer(server.stop);
  await postgres.createDatabase('attack');
  const dsn = postgres.dsn('attack');
  await migrate({ dsn, folder: 'drizzle/backend/migrations', schema: 'backend' });

  const config = read(backendVariables, {
    BACKEND_POSTGRES_PRIMARY_DSN: dsn,
    BACKEND_REDIS_ADDR: server.addr,
    BACKEND_REDIS_PASSWORD: password,
    BACKEND_CODE_HMAC_KEY: crypto.randomUUID(),
    BACKEND_MAILER: 'log',
  });
  const redis = await openRedis(config.redis, (error) => log.error({ error }, 'redis connection lost'));
  running.defer(() => redis.disconnect());
  const mails = new Map<string, Mail>();
  const time = { clock: 0 };
  const pool = new pg.Pool({ connectionString: dsn });
  running.defer(() => pool.end());
  const apps: HttpApp[] = [];
  for (let replica = 0; replica < replicas; replica += 1) {
    const backend = await startBackend(config, { dsn, redis, mails, time }, running);
    apps.push(startGateway(backend, time));
  }
  return {
    gateways: replicas,
    get clock() {
      return time.clock;
    },
    set clock(ms) {
      time.clock = ms;
    },
    now: () => new Date(startMs + time.clock),
    mails,
    post: (gateway, from, route, body) => post(apps[gateway % replicas], from, route, body),
    deliver: async () => {
      await pool.query('delete from backend.mails');
    },
  };
}

function read<T extends Parameters<typeof readVariables>[0]>(
  variables: T,
  environment: Record<string, string>,
) {
  const { values, problems } = readVariables(variables, environment);
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return values;
}

type Time = { readonly clock: number };

async function startBackend(
  config: ReturnType<typeof read<typeof backendVariables>>,
  parts: { dsn: string; redis: Redis; mails: Map<string, Mail>; time: Time },
  running: AsyncDisposableStack,
): Promise<HttpApp> {
  const { dsn, redis, time } = parts;
  const pool = new pg.Pool({ connectionString: dsn });
  const seal = await createMailSeal(config.signIn.codeHmacKey);
  const mails: OutgoingMails = {
    write: async (tx, written) => {
      await writeMails(tx, seal, written);
      for (const mail of written) parts.mails.set(mail.mailId, mail);
    },
    sendSoon: () => {},
  };
  const { context, outbox } = await assembleBackend(config, {
    db: databaseOn(pool),
    redis,
    push: redis,
    mails,
    lookupWaitMs: () => 0,
    signAssertion: undefined,
    log,
  });
  running.defer(async () => {
    await outbox.settled();
    await pool.end();
  });
  const now = () => new Date(startMs + time.clock);
  const options = { log, ready: () => true, bodyLimitBytes: 65_536 };
  return createBackendServiceApp(options, { ...context, now }, undefined);
}

function startGateway(backend: HttpApp, time: Time): HttpApp {
  const limits = createLimits(read(rateLimitVariables, {}), undefined, () => time.clock);
  const upstream: Parameters<typeof createPublicAuth>[0] = {
    call: async ({ method, target, headers, body }) => {
      const response = await backend.request(target, {
        method,
        headers,
        ...(body === undefined ? {} : { body: Buffer.from(body) }),
      });
      return {
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body: Buffer.from(await response.arrayBuffer()),
      };
    },
    unavailable: (why) => {
      throw new Error(`the backend ${why}`);
    },
  };
  return createGatewayPublicApp(
    { log, ready: () => true },
    {
      auth: createPublicAuth(upstream, log),
      limits: limits.signIn,
      clientAddress: (_, [address = '']) => address,
      serverKeys: [],
    },
  );
}

async function post(
  app: HttpApp | undefined,
  from: string,
  route: string,
  body: object,
): Promise<HttpResponse> {
  if (app === undefined) throw new RangeError('there is no such gateway');
  const init = {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': from },
    body: JSON.stringify(body),
  };
  const response = await app.request(`/api/v1/public/auth/${route}`, init, { peerAddress: from });
  return {
    status: response.status,
    retryAfterMs: Number(response.headers.get('retry-after') ?? 0) * 1_000,
    body: await response.json(),
  };
}
