// Rounds that alternate between what is measured and its floor, and the statistics over them.

/** One counted round. */
export type Round = {
  /** Operations with a correct response. */
  n: number;
  elapsedMs: number;
  /** CPU time of the measured process; undefined where the system does not report it. */
  cpuMicros: number | undefined;
  /** Absent where responses come in bulk. */
  p50Ms?: number;
  p99Ms?: number;
  /** CPU time of the load process divided by elapsed time; at 1 the load limits the result. Absent without a load process. */
  loadShare?: number;
};

/**
 * Runs both to warm up, uncounted, and then in turns, so that other load on the machine affects both equally.
 * @param scale.warmUps rounds of what is measured before the counted ones; a floor is warm after one.
 */
export async function alternate<T>(
  scale: { rounds: number; warmUps: number },
  measured: () => Promise<T>,
  floor: () => Promise<T>,
): Promise<{ measured: T[]; floor: T[] }> {
  for (let warmUp = 0; warmUp < scale.warmUps; warmUp += 1) await measured();
  await floor();
  const result = { measured: [] as T[], floor: [] as T[] };
  for (let round = 0; round < scale.rounds; round += 1) {
    result.measured.push(await measured());
    result.floor.push(await floor());
  }
  return result;
}

/** The figures of a row that counts operations per time and compares them with its floor. */
export function throughput({ measured, floor }: { measured: Round[]; floor: Round[] }) {
  const opsPerSecond = median(measured.map(rate));
  const floorPerSecond = median(floor.map(rate));
  const cpu = median(measured.map(cpuPerOp));
  return {
    figures: {
      ops_per_s: round(opsPerSecond),
      floor_ops_per_s: round(floorPerSecond),
      ratio: round(opsPerSecond / floorPerSecond),
      ...medianOf('p50_ms', measured, ({ p50Ms }) => p50Ms),
      ...medianOf('p99_ms', measured, ({ p99Ms }) => p99Ms),
      ...(Number.isNaN(cpu) ? {} : { cpu_us_per_op: round(cpu) }),
      n: measured.reduce((total, { n }) => total + n, 0),
    },
    /** How the rounds differed and how busy each side was. */
    remarks: [
      `rounds ${measured.map((one) => round(rate(one))).join(' ')} against ${floor.map((one) => round(rate(one))).join(' ')}`,
      ...(Number.isNaN(cpu)
        ? []
        : [`CPU of the floor ${round(median(floor.map(cpuPerOp)))} µs per operation`]),
      ...loadRemark(measured, floor),
    ].join('; '),
  };
}

function loadRemark(measured: Round[], floor: Round[]): string[] {
  const [busy, busyAtFloor] = [measured, floor].map((rounds) =>
    rounds.flatMap(({ loadShare }) => loadShare ?? []),
  ) as [number[], number[]];
  if (busy.length === 0 || busyAtFloor.length === 0) return [];
  return [`load process busy ${percent(median(busy))}, at the floor ${percent(median(busyAtFloor))}`];
}

function medianOf<Name extends string>(
  name: Name,
  rounds: Round[],
  figureOf: (round: Round) => number | undefined,
) {
  const values = rounds.flatMap((one) => figureOf(one) ?? []);
  return values.length === 0 ? {} : ({ [name]: round(median(values)) } as Record<Name, number>);
}

/** Operations per second. */
export const rate = ({ n, elapsedMs }: Pick<Round, 'n' | 'elapsedMs'>) => (n * 1000) / elapsedMs;
const cpuPerOp = ({ cpuMicros, n }: Round) => (cpuMicros === undefined ? Number.NaN : cpuMicros / n);
const percent = (share: number) => `${Math.round(share * 100)} %`;

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** The value below which this share of the values lies; the mean of the middle two where there is no middle one. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * share;
  const [low, high] = [sorted[Math.floor(position)], sorted[Math.ceil(position)]];
  if (low === undefined || high === undefined) throw new Error('there is nothing to take a percentile of');
  return low + (high - low) * (position - Math.floor(position));
}

/** To three significant digits below 1000, to whole numbers above. */
export function round(value: number): number {
  return value >= 1000 ? Math.round(value) : Number(value.toPrecision(3));
}
