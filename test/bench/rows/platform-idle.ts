// platform.idle: what `npm start` takes while nobody does anything: memory of its Node processes, shared pages counted by their
// part, and CPU time of them and of the stores.
import { setTimeout as delay } from 'node:timers/promises';
import type { Row } from '../entry.ts';
import { median, round } from '../measure.ts';
import { NpmStart } from '../npm-start.ts';
import { processesOf, type SeenProcess } from '../system.ts';

/** Until then the collector has freed what the start has left behind, and first looks at streams are over. */
const settleMs = 40_000;
/** CPU time is counted in hundredths of a second. */
const watchMs = 20_000;
const memorySamples = 10;

export const platformIdle: Row = {
  name: 'platform.idle',
  async run(bench, running) {
    const npm = await NpmStart.prepare(bench);
    const { pid } = await npm.start(running);
    await delay(settleMs);
    const before = processesOf(pid);
    const startedAt = performance.now();
    const memoryKib: number[] = [];
    for (let sample = 0; sample < memorySamples; sample += 1) {
      await delay(watchMs / memorySamples);
      memoryKib.push(
        processesOf(pid)
          .filter(isNode)
          .reduce((total, { pssKib }) => total + pssKib, 0),
      );
    }
    const seconds = (performance.now() - startedAt) / 1_000;
    const after = processesOf(pid);
    const perSecond = (chosen: readonly SeenProcess[]) =>
      chosen.reduce((total, { pid: id, cpuMicros }) => {
        const earlier = before.find((process) => process.pid === id)?.cpuMicros ?? 0;
        return total + (cpuMicros - earlier);
      }, 0) / seconds;
    const own = after.filter(isNode);
    const others = after.filter((process) => !isNode(process));
    return {
      cpu_us_per_op: round(perSecond(own)),
      rss_kib: median(memoryKib),
      n: own.length,
      note: `${own.length} Node processes; per operation means per second; the stores ${round(perSecond(others))} µs`,
    };
  },
};

function isNode({ program }: SeenProcess): boolean {
  return program.startsWith('node') || program === 'MainThread';
}
