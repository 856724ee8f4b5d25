// The whole platform as `npm start` runs it, for the rows that measure what an operation costs from the gateway to the stores
// and back. Its processes share the core that is measured; stores and load share the other.
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../infra/local/child.ts';
import { type Listeners, localVariables } from '../../infra/local/config.ts';
import { localSecrets } from '../../infra/local/secrets.ts';
import { reachable } from '../../infra/local/service.ts';
import { describeServices, startStack } from '../../infra/local/stack.ts';
import type { ListenAddress } from '../../lib/config/types.ts';
import { loadResponseSigner } from '../../lib/gateway/commands/response-signer.ts';
import type { Bench } from './entry.ts';
import { median } from './measure.ts';
import { cpuMicros, pin, treeCpuMicros } from './system.ts';

/** One client has one address, and a load is few users: counted as usual, but never reached. */
const beyondLimits = Object.fromEntries(
  [
    'GRPC_ADDRESS',
    'GRPC_UNVERIFIED',
    'PUBLIC_HTTP_ADDRESS',
    'SESSION_READ',
    'SESSION_WRITE',
    'USER_READ',
    'USER_WRITE',
  ].map((limit) => [`GATEWAY_RATE_LIMIT_${limit}`, '100000/s burst 100000']),
);

export type WholePlatform = {
  readonly httpUrl: string;
  readonly grpcAddr: string;
  /** The public key that signs responses, base64url. */
  readonly serverKey: string;
  /** Path of that key's private half. */
  readonly signerPath: string;
  readonly postgresDsn: string;
  /** Of the mailer, which writes the codes. */
  readonly mailLog: string;
  /** Of the platform's own processes, by name. */
  readonly pids: Readonly<Record<string, number>>;
};

export async function startWholePlatform(
  bench: Bench,
  running: AsyncDisposableStack,
): Promise<WholePlatform> {
  const folder = await mkdtemp(join(bench.folder, 'platform-'));
  const name = `bench_${randomBytes(6).toString('hex')}`;
  await bench.postgres.createDatabase(name);
  const postgresDsn = bench.postgres.dsn(name);
  const secrets = await localSecrets(folder);
  const options = {
    listeners: await freeListeners(),
    secrets,
    postgresDsn,
    redis: bench.redis,
    logFolder: join(folder, 'logs'),
    runtimeFolder: join(folder, 'runtime'),
    environment: {
      ...beyondLimits,
      GATEWAY_GRPC_MAX_CONNECTIONS_PER_ADDRESS: '100000',
      BACKEND_SIGN_IN_MAIL_RATE: 'off',
    },
    onLine: () => undefined,
  };
  const stack = await startStack(options, (line) => process.stderr.write(`${line}\n`));
  running.defer(() => stack.stop());
  const services = describeServices(options).map((service) => service.name);
  const pids = Object.fromEntries(
    await Promise.all(
      services.map(async (service) => {
        const text = await readFile(join(options.logFolder, `${service}.pid`), 'utf8');
        return [service, Number(text)] as const;
      }),
    ),
  );
  for (const pid of Object.values(pids)) pin(pid, bench.cores?.measured);
  const signer = await loadResponseSigner(secrets.responseSignerPath);
  return {
    httpUrl: `http://${reachable(options.listeners.gatewayHttp)}`,
    grpcAddr: reachable(options.listeners.gatewayGrpc),
    serverKey: Buffer.from(signer.publicKey).toString('base64url'),
    signerPath: secrets.responseSignerPath,
    postgresDsn,
    mailLog: join(options.logFolder, 'backend.log'),
    pids,
  };
}

async function freeListeners(): Promise<Listeners> {
  const listeners: Record<string, ListenAddress> = {};
  for (const key of Object.keys(localVariables.listeners)) {
    listeners[key] = { host: '127.0.0.1', port: await freePort() };
  }
  return listeners as Listeners;
}

const stores = ['postgres', 'redis'];

/** CPU time of each process in a round, microseconds; `cpuMicros` is that of all but the stores. */
export type PlatformRound<T> = T & {
  readonly cpuMicros: number | undefined;
  readonly byProcess: Readonly<Record<string, number>>;
};

/** Runs a round, and adds the CPU time that these processes and the stores spent in it, where the system reports it. */
export async function withCpu<T>(
  bench: Bench,
  pids: Readonly<Record<string, number>>,
  work: () => Promise<T>,
): Promise<PlatformRound<T>> {
  const before = cpuSpent(bench, pids);
  const result = await work();
  const spent = Object.entries(cpuSpent(bench, pids)).map(
    ([name, micros]) => [name, micros - (before[name] ?? 0)] as const,
  );
  const own = spent.filter(([name]) => !stores.includes(name));
  const cpuMicros = own.length === 0 ? undefined : own.reduce((total, [, micros]) => total + micros, 0);
  return { ...result, cpuMicros, byProcess: Object.fromEntries(spent) };
}

/** Microseconds per operation of each process, medians over the rounds, without what rounds to nothing. */
export function cpuShares(rounds: readonly PlatformRound<{ n: number }>[]): string {
  return Object.keys(rounds[0]?.byProcess ?? {})
    .map((name) => {
      const perOperation = rounds.map(({ byProcess, n }) => (byProcess[name] ?? 0) / n);
      return [name, Math.round(median(perOperation))] as const;
    })
    .flatMap(([name, micros]) => (micros === 0 ? [] : [`${name} ${micros}`]))
    .join(', ');
}

function cpuSpent(bench: Bench, pids: Readonly<Record<string, number>>): Record<string, number> {
  const spent = {
    ...Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, cpuMicros(pid)])),
    postgres: bench.postgres.pid === undefined ? undefined : treeCpuMicros(bench.postgres.pid),
    redis: cpuMicros(bench.redis.pid),
  };
  return Object.fromEntries(
    Object.entries(spent).flatMap(([name, micros]) => (micros === undefined ? [] : [[name, micros]])),
  );
}
