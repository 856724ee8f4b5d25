// A Sentinel that watches a master and fails over to its replica within seconds.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { vi } from 'vitest';
import { freePort } from '../../../infra/local/child.ts';
import { locateRedis } from '../../../infra/local/redis-program.ts';
import type { PairedRedis } from './redis-pair.ts';

export type Sentinel = {
  readonly addr: string;
  readonly password: string;
  readonly masterName: string;
  stop(): Promise<void>;
};

/** Resolves when it knows the master and its replica. */
export async function startSentinel(master: PairedRedis): Promise<Sentinel> {
  const [port, password, masterName] = [await freePort(), 'sentinel-secret', 'galaxy'];
  const folder = await mkdtemp(join(tmpdir(), 'galaxy-test-sentinel-'));
  const file = join(folder, 'sentinel.conf');
  await writeFile(
    file,
    [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${folder}`,
      `requirepass ${password}`,
      `sentinel monitor ${masterName} ${master.host} ${master.port} 1`,
      `sentinel auth-pass ${masterName} ${master.password}`,
      `sentinel down-after-milliseconds ${masterName} 1000`,
      `sentinel failover-timeout ${masterName} 5000`,
      '',
    ].join('\n'),
  );
  const program = await locateRedis({ addressVariable: undefined, log: () => {} });
  const child = spawn(program.file, [file, '--sentinel'], { env: program.env, stdio: 'ignore' });
  const client = new Redis({ host: '127.0.0.1', port, password, protocol: 2, maxRetriesPerRequest: null });
  client.on('error', () => {});
  const stop = async () => {
    client.disconnect();
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await vi.waitFor(
      async () => {
        const replicas = await client.call('SENTINEL', 'REPLICAS', masterName);
        if (!Array.isArray(replicas) || replicas.length === 0) throw new Error('it knows no replica yet');
      },
      { timeout: 30_000, interval: 100 },
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return { addr: `127.0.0.1:${port}`, password, masterName, stop };
}
