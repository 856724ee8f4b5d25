// What the operating system reports about a process, and which core it runs on. Only Linux reports everything; elsewhere
// the figures are absent and nothing is pinned.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

const ticksPerSecond = 100;

/** CPU time of all threads since the process began. */
export function cpuMicros(pid: number): number | undefined {
  return cpuTimes(pid)?.own;
}

/** CPU time of a process and of all that came of it, those that have ended included. */
export function treeCpuMicros(pid: number): number | undefined {
  const times = cpuTimes(pid);
  if (times === undefined) return undefined;
  return childrenOf(pid).reduce(
    (total, child) => total + (treeCpuMicros(child) ?? 0),
    times.own + times.ofEnded,
  );
}

function cpuTimes(pid: number): { own: number; ofEnded: number } | undefined {
  const stat = read(`/proc/${pid}/stat`);
  // The second field is the program's name in parentheses and may hold spaces.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields === undefined) return undefined;
  const micros = (index: number) => (Number(fields[index]) * 1_000_000) / ticksPerSecond;
  return { own: micros(11) + micros(12), ofEnded: micros(13) + micros(14) };
}

function childrenOf(pid: number): number[] {
  const children = read(`/proc/${pid}/task/${pid}/children`) ?? '';
  return children
    .split(' ')
    .filter((child) => child !== '')
    .map(Number);
}

/** Runs `work` and adds the CPU time that a process spent in that time. */
export async function cpuDuring<T>(
  pid: number,
  work: () => Promise<T>,
): Promise<T & { cpuMicros: number | undefined }> {
  const before = cpuMicros(pid);
  const result = await work();
  const after = cpuMicros(pid);
  return { ...result, cpuMicros: before === undefined || after === undefined ? undefined : after - before };
}

/** Resident memory of the process. */
export function rssKib(pid: number): number | undefined {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1];
  return line === undefined ? undefined : Number(line);
}

/** Resident memory of a process and all that came of it, as far as they run this program. */
export function treeRssKib(pid: number, program: string): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const own = read(`/proc/${pid}/comm`)?.trim().startsWith(program) ? (rssKib(pid) ?? 0) : 0;
  return childrenOf(pid).reduce((total, child) => total + (treeRssKib(child, program) ?? 0), own);
}

export type SeenProcess = {
  readonly pid: number;
  readonly program: string;
  readonly cpuMicros: number;
  /** Its memory, of shared pages its part. */
  readonly pssKib: number;
};

/** A process and all that came of it and still runs. @returns none where the system does not report it. */
export function processesOf(pid: number): SeenProcess[] {
  const program = read(`/proc/${pid}/comm`)?.trim();
  const cpu = cpuMicros(pid);
  if (program === undefined || cpu === undefined) return [];
  const pss = /^Pss:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? '')?.[1];
  const own = { pid, program, cpuMicros: cpu, pssKib: Number(pss ?? 0) };
  return [own, ...childrenOf(pid).flatMap(processesOf)];
}

/** Resident memory once it has stopped to change, or after ten seconds. @throws Error where the system does not report it. */
export async function settledRssKib(pid: number): Promise<number> {
  const stableMs = 1_000;
  const tolerance = 0.002;
  let last = rssKib(pid);
  let since = Date.now();
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; await delay(100)) {
    const now = rssKib(pid);
    if (now === undefined || last === undefined)
      throw new Error('this system does not report resident memory');
    if (Math.abs(now - last) > last * tolerance) {
      last = now;
      since = Date.now();
    } else if (Date.now() - since >= stableMs) return now;
  }
  return last ?? 0;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** One core for what is measured, another for everything else. */
export function findCores(): { measured: number; load: number } | undefined {
  if (process.platform !== 'linux' || availableParallelism() < 2) return undefined;
  const list = /^Cpus_allowed_list:\s+(.*)$/m.exec(read('/proc/self/status') ?? '')?.[1] ?? '';
  const allowed = list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
  const [measured, load] = allowed;
  return measured === undefined || load === undefined ? undefined : { measured, load };
}

/** Pins a process that runs already, all its threads; its later children inherit it. */
export function pin(pid: number, core: number | undefined): void {
  if (core !== undefined) execFileSync('taskset', ['-acp', String(core), String(pid)], { stdio: 'ignore' });
}

/** The command that runs Node with these arguments on one core, or on several: `0,1`. */
export function nodeOn(cores: number | string | undefined, args: string[]): [file: string, args: string[]] {
  return cores === undefined
    ? [process.execPath, args]
    : ['taskset', ['-c', String(cores), process.execPath, ...args]];
}
