// start.npm_start: how long `npm start` takes from its command until every part is ready, with packages and databases
// there from an earlier start, and how much memory the platform's own processes then take.
import type { Row } from '../entry.ts';
import { median, round } from '../measure.ts';
import { NpmStart } from '../npm-start.ts';
import { treeRssKib } from '../system.ts';

type Measured = { readyAfterMs: number; rssKib: number | undefined };

export const startNpmStart: Row = {
  name: 'start.npm_start',
  async run(bench, running) {
    const npm = await NpmStart.prepare(bench);
    const first = await startAndStop(npm, running);
    const starts: Measured[] = [];
    for (let index = 0; index < bench.scale.rounds; index += 1) starts.push(await startAndStop(npm, running));
    const memory = starts.flatMap(({ rssKib }) => rssKib ?? []);
    const seconds = (ms: number) => `${round(ms / 1_000)} s`;
    return {
      p50_ms: round(median(starts.map(({ readyAfterMs }) => readyAfterMs))),
      ...(memory.length === 0 ? {} : { rss_kib: round(median(memory)) }),
      n: starts.length,
      note: `until ready, on both cores; the first start, which makes the databases, took ${seconds(first.readyAfterMs)}; rounds ${starts.map(({ readyAfterMs }) => seconds(readyAfterMs)).join(' ')}; memory of the Node processes, launcher included`,
    };
  },
};

async function startAndStop(npm: NpmStart, running: AsyncDisposableStack): Promise<Measured> {
  const { pid, readyAfterMs, stop } = await npm.start(running);
  const rssKib = treeRssKib(pid, 'node');
  await stop();
  return { readyAfterMs, rssKib };
}
