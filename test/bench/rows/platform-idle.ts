// platform.idle: what `npm start` takes while nobody does anything: memory of its Node processes, shared pages counted by their
// part, and CPU time of them and of the stores.
import { setTimeout as delay } from 'node:timers/promises';
import type { Row } from '../entry.ts';
import { round } from '../measure.ts';
import { NpmStart } from '../npm-start.ts';
import { processesOf } from '../system.ts';

/** What follows a start, such as first looks at streams, is over then. */
const settleMs = 5_000;

export const platformIdle: Row = {
  name: 'platform.idle',
  async run(bench, running) {
    const npm = await NpmStart.prepare(bench);
    const { pid } = await npm.start(running);
    await delay(Math.min(settleMs, bench.scale.watchMs));
    const before = processesOf(pid);
    const startedAt = performance.now();
    await delay(bench.scale.watchMs);
    const seconds = (performance.now() - startedAt) / 1_000;
    const after = processesOf(pid);
    const isNode = ({ program }: { program: string }) =>
      program.startsWith('node') || program === 'MainThread';
    const own = after.filter(isNode);
    const stores = after.filter((process) => !isNode(process));
    const perSecond = (chosen: typeof after) =>
      chosen.reduce((total, { pid: id, cpuMicros }) => {
        const earlier = before.find((process) => process.pid === id)?.cpuMicros ?? 0;
        return total + (cpuMicros - earlier);
      }, 0) / seconds;
    return {
      cpu_us_per_op: round(perSecond(own)),
      rss_kib: own.reduce((total, { pssKib }) => total + pssKib, 0),
      n: own.length,
      note: `${own.length} Node processes; per operation means per second; the stores ${round(perSecond(stores))} µs`,
    };
  },
};
