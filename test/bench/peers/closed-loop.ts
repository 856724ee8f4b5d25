import { percentile, type Round } from '../measure.ts';

export type LoopRound = Omit<Round, 'cpuMicros'>;

/** Runs a fixed number of concurrent operations for a time, starting one when one has ended; fails when one fails. */
export async function closedLoop(
  inFlight: number,
  ms: number,
  operation: (worker: number) => Promise<void>,
): Promise<LoopRound> {
  const latencies: number[] = [];
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  const work = async (worker: number) => {
    for (let now = performance.now(); now - startedAt < ms; ) {
      const begunAt = now;
      await operation(worker);
      now = performance.now();
      latencies.push(now - begunAt);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, (_, worker) => work(worker)));
  const elapsedMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpu);
  return {
    n: latencies.length,
    elapsedMs,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    loadShare: (user + system) / 1000 / elapsedMs,
  };
}
