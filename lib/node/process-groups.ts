// Processes that outlive the one that started them, each in a process group of its own. A pid alone proves nothing,
// since pids are used again; a process is known by its pid and its identity.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { kill, platform } from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

export type KnownProcess = { readonly pid: number; readonly identity: string };

const pollMs = 20;
/** How long a process may take to go after SIGKILL: it is only ever held up by the kernel. */
const killTimeoutMs = 5_000;

/**
 * What tells the process with this id from all that had or will have the id: when it began, and in which life of the
 * machine. It stays the same when the process becomes another program (exec).
 * @returns undefined when there is none, or it has ended and nobody has asked for its exit code yet.
 */
export async function processIdentity(pid: number): Promise<string | undefined> {
  return platform === 'linux' ? identityOnLinux(pid) : identityElsewhere(pid);
}

export async function isRunning({ pid, identity }: KnownProcess): Promise<boolean> {
  return (await processIdentity(pid)) === identity;
}

/**
 * Ends a process and whatever it has started in its group: SIGTERM, and SIGKILL for what is left after `timeoutMs`.
 * @throws Error when even that does not end the process.
 */
export async function endProcessGroup(known: KnownProcess, timeoutMs: number): Promise<void> {
  if (!(await isRunning(known))) return;
  signalGroup(known.pid, 'SIGTERM');
  await untilEnded(known, timeoutMs);
  // Its children may have stayed. The id of a group is not used again while somebody is in it.
  signalGroup(known.pid, 'SIGKILL');
  if (await untilEnded(known, killTimeoutMs)) return;
  throw new Error(`process ${known.pid} does not end, not even after SIGKILL`);
}

/** A group in which nobody is any more is no error. */
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
    // The name in parentheses may hold blanks and parentheses; behind it stand the 3rd field (state) and the others.
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
  // Fails for a process that is not there.
  const found = await promisify(execFile)('ps', ['-o', 'stat=,lstart=', '-p', String(pid)]).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') throw error;
      return { stdout: '' };
    },
  );
  const [state = '', ...startTime] = found.stdout.trim().split(/\s+/);
  return state === '' || state.startsWith('Z') ? undefined : startTime.join(' ');
}
