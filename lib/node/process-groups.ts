// Processes that outlive the one that started them, each in a process group of its own. A pid alone proves nothing,
// since pids are used again; a process is known by its pid and its identity.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { kill, platform } from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

export type KnownProcess = { readonly pid: number; readonly identity: string };

const pollMs = 20;
/** How long a process may take to end after SIGKILL: only the kernel can delay it. */
const killTimeoutMs = 5_000;

/**
 * Distinguishes this process from all others that had or will have its id: by its start time and the boot id of the
 * machine. It stays the same after exec.
 * @returns undefined when there is no such process, or it is a zombie.
 */
export async function processIdentity(pid: number): Promise<string | undefined> {
  return platform === 'linux' ? identityOnLinux(pid) : identityElsewhere(pid);
}

export async function isRunning({ pid, identity }: KnownProcess): Promise<boolean> {
  return (await processIdentity(pid)) === identity;
}

/**
 * Ends a process and its group: SIGTERM, and SIGKILL for what is left after `timeoutMs`.
 * @throws Error when even that does not end the process.
 */
export async function endProcessGroup(known: KnownProcess, timeoutMs: number): Promise<void> {
  if (!(await isRunning(known))) return;
  signalGroup(known.pid, 'SIGTERM');
  await untilEnded(known, timeoutMs);
  // Its children may still run. The id of a group is not used again while the group has members.
  signalGroup(known.pid, 'SIGKILL');
  if (await untilEnded(known, killTimeoutMs)) return;
  throw new Error(`process ${known.pid} does not end, not even after SIGKILL`);
}

/** The memory of a process that is resident; undefined when there is no such process, or the system does not say. */
export async function residentBytes(pid: number): Promise<number | undefined> {
  if (platform !== 'linux') return undefined;
  try {
    const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1_024;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}

/** An empty group is not an error. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function untilEnded(known: KnownProcess, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (await isRunning(known)) {
    if (performance.now() > deadline) return false;
    await delay(pollMs);
  }
  return true;
}

async function identityOnLinux(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold blanks and parentheses; the 3rd field (state) and the others follow it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, startTime] = [fields[0], fields[19]];
    if (state === 'Z' || state === 'X') return undefined;
    return `${(await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()}:${startTime}`;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}

async function identityElsewhere(pid: number): Promise<string | undefined> {
  // Fails for a process that does not exist.
  const found = await promisify(execFile)('ps', ['-o', 'stat=,lstart=', '-p', String(pid)]).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') throw error;
      return { stdout: '' };
    },
  );
  const [state = '', ...startTime] = found.stdout.trim().split(/\s+/);
  return state === '' || state.startsWith('Z') ? undefined : startTime.join(' ');
}
