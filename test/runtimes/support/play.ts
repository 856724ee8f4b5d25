// Both services on one runtime, with databases of their own: starts them, plays the stories, and looks at what arrived.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { inject, vi } from 'vitest';
import { freePort } from '../../../infra/local/child.ts';
import { createTestDatabase } from '../../support/database.ts';
import { createTestRedis } from '../../support/redis.ts';
import { openDatabase } from '../../support/redis-databases.ts';
import { blockPlayer, playBackend, signIn } from './backend-story.ts';
import { caller } from './caller.ts';
import { playLobby } from './lobby-story.ts';
import { type Running, type Runtime, root, runProgram, type Service, urlOf } from './running.ts';
import { type Entry, Transcript } from './transcript.ts';

export type Outcome = {
  readonly answers: readonly Entry[];
  /** What is in the streams of Redis, by their names. */
  readonly streams: Readonly<Record<string, readonly unknown[]>>;
};

const execFileAsync = promisify(execFile);

const tokens = {
  service: 'service-token',
  admin: 'admin-token',
  public: 'public-token',
  internal: 'internal-token',
};

/** Stream and how many entries the stories make. */
const expectedEntries = {
  'notification:intents': 5,
  'runtime:start_jobs': 1,
  'user:lifecycle_events': 1,
};

export async function playOn(runtime: Runtime): Promise<Outcome> {
  const cleanUp = new AsyncDisposableStack();
  try {
    return await play(runtime, cleanUp);
  } finally {
    await cleanUp.disposeAsync();
  }
}

async function play(runtime: Runtime, cleanUp: AsyncDisposableStack): Promise<Outcome> {
  const database = await createTestDatabase();
  cleanUp.defer(() => database.drop());
  const redis = await createTestRedis();
  cleanUp.defer(() => redis.drop());
  const ports = {
    public: await freePort(),
    internal: await freePort(),
    service: await freePort(),
    admin: await freePort(),
  };
  const ofBackend = {
    BACKEND_HTTP_TOKEN: tokens.service,
    BACKEND_ADMIN_HTTP_TOKEN: tokens.admin,
    BACKEND_POSTGRES_PRIMARY_DSN: database.dsn,
    BACKEND_REDIS_ADDR: redis.addr,
    BACKEND_REDIS_PASSWORD: redis.password,
    BACKEND_REDIS_DB: String(redis.db),
    BACKEND_CODE_HMAC_KEY: 'a key of the tests that is long enough',
    BACKEND_MAILER: 'log',
    BACKEND_MAIL_INTERVAL: '100ms',
    BACKEND_LOBBY_HTTP_URL: urlOf(ports.public),
    BACKEND_LOBBY_HTTP_TOKEN: tokens.public,
  };
  const ofLobby = {
    LOBBY_PUBLIC_HTTP_TOKEN: tokens.public,
    LOBBY_INTERNAL_HTTP_TOKEN: tokens.internal,
    LOBBY_POSTGRES_PRIMARY_DSN: database.dsn,
    LOBBY_REDIS_MASTER_ADDR: redis.addr,
    LOBBY_REDIS_PASSWORD: redis.password,
    LOBBY_REDIS_DB: String(redis.db),
    LOBBY_USER_SERVICE_BASE_URL: urlOf(ports.service),
    LOBBY_USER_SERVICE_TOKEN: tokens.service,
    LOBBY_GM_BASE_URL: urlOf(await freePort()),
  };
  const keep = async (starting: Promise<Running>) => {
    const running = await starting;
    cleanUp.defer(() => running.stop());
    return running;
  };
  await Promise.all([migrate('backend', ofBackend), migrate('lobby', ofLobby)]);
  const backendProcess = await keep(runtime.start('backend', ofBackend, ports));
  // Where the runtime cannot send mail, this does.
  const mail = runProgram(process.execPath, ['workers/backend-mail.ts'], ofBackend);
  await keep(Promise.resolve(mail));
  await keep(runtime.start('lobby', ofLobby, ports));

  const transcript = new Transcript();
  const ask = (listener: keyof typeof tokens) => caller(urlOf(ports[listener]), tokens[listener], transcript);
  const backend = {
    service: ask('service'),
    admin: ask('admin'),
    mailLines: () => [...backendProcess.lines, ...mail.lines],
  };
  const ada = await playBackend(backend);
  const boris = await signIn(backend, 'boris');
  const chen = await signIn(backend, 'chen');
  await playLobby(
    { players: ask('public'), admin: ask('internal'), backend: backend.service },
    { owner: ada.userId, first: boris.userId, second: chen.userId },
  );
  await blockPlayer(backend, chen);

  const connection = await openDatabase(inject('redis'), redis.db);
  cleanUp.defer(() => connection.disconnect());
  const streams: Record<string, unknown[]> = {};
  for (const [stream, count] of Object.entries(expectedEntries)) {
    const entries = await vi.waitFor(
      async () => {
        const found = await connection.xrange(stream, '-', '+');
        if (found.length < count) throw new Error(`${stream} has ${found.length} entries of ${count}`);
        return found;
      },
      { timeout: 15_000 },
    );
    streams[stream] = entries.map(([, fields]) => transcript.plain(toObject(fields)));
  }
  return { answers: transcript.entries, streams };
}

/** As a job of a deployment does it. */
async function migrate(service: Service, environment: Record<string, string>): Promise<void> {
  const env = { PATH: process.env.PATH, ...environment };
  await execFileAsync(process.execPath, ['infra/node/migrate.ts', service], { cwd: root, env });
}

function toObject(fields: readonly string[]): Record<string, string> {
  const pairs: [string, string][] = [];
  for (let i = 0; i < fields.length; i += 2) pairs.push([fields[i] ?? '', fields[i + 1] ?? '']);
  return Object.fromEntries(pairs);
}
