// start.npm_start: how long `npm start` takes from its command until every part is ready, with packages and databases
// there from an earlier start, and how much memory the platform's own processes then take.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from '../../../infra/local/child.ts';
import { localVariables } from '../../../infra/local/config.ts';
import type { Row } from '../entry.ts';
import { median, round } from '../measure.ts';
import { treeRssKib } from '../system.ts';

const root = join(import.meta.dirname, '..', '..', '..');

type Start = { readyAfterMs: number; rssKib: number | undefined };

export const startNpmStart: Row = {
  name: 'start.npm_start',
  async run(bench, running) {
    const env: Record<string, string> = {
      PATH: process.env.PATH ?? '',
      GALAXY_DATA_FOLDER: await mkdtemp(join(bench.folder, 'start-')),
      GALAXY_POSTGRES_PORT: '0',
      GALAXY_REDIS_PORT: '0',
    };
    for (const { name } of Object.values(localVariables.listeners)) {
      env[name] = `127.0.0.1:${await freePort()}`;
    }
    const first = await startAndStop(env, running);
    const starts: Start[] = [];
    for (let index = 0; index < bench.scale.rounds; index += 1) starts.push(await startAndStop(env, running));
    const memory = starts.flatMap(({ rssKib }) => rssKib ?? []);
    const seconds = (ms: number) => `${round(ms / 1_000)} s`;
    return {
      p50_ms: round(median(starts.map(({ readyAfterMs }) => readyAfterMs))),
      ...(memory.length === 0 ? {} : { rss_kib: round(median(memory)) }),
      n: starts.length,
      note: `until ready, pinned to no core; the first start, which makes the databases, took ${seconds(first.readyAfterMs)}; rounds ${starts.map(({ readyAfterMs }) => seconds(readyAfterMs)).join(' ')}; memory of the Node processes, launcher included`,
    };
  },
};

async function startAndStop(env: Record<string, string>, running: AsyncDisposableStack): Promise<Start> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, ['infra/run.mjs', 'infra/local/start.ts'], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.defer(() => {
    if (child.exitCode === null) child.kill('SIGTERM');
  });
  const ended = once(child, 'close');
  const ready = (async () => {
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.startsWith('Galaxy is ready')) return performance.now() - startedAt;
    }
    throw new Error('npm start ended before it was ready');
  })();
  const readyAfterMs = await ready;
  child.stdout.resume();
  const rssKib = treeRssKib(child.pid ?? 0, 'node');
  child.kill('SIGTERM');
  await ended;
  return { readyAfterMs, rssKib };
}
