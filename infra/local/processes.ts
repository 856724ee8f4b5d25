// Finds out about a process by its id, and ends one. Linux is asked through /proc (slim images have
// no ps), macOS through lsof and ps. A pid alone proves nothing, since pids are used again: a server is known by the
// folder it works in, which both PostgreSQL and Redis make their own.
import { execFile } from 'node:child_process';
import { readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A server gets this long for each signal before the next, harder one. */
const signalPatienceMs = 8_000;

/** Polls until `check` holds; false when it still does not after `timeoutMs`. */
export async function becomesTrue(
  check: () => boolean | Promise<boolean>,
  timeoutMs: number,
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    if (await check()) return true;
    if (performance.now() > deadline) return false;
    await delay(15);
  }
}

/** Whether a process with this id exists, a zombie and another user's included. */
export function pidExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** Whether this process is alive and works in this folder (an absolute real path). */
export async function worksIn(pid: number, folder: string): Promise<boolean> {
  if (!pidExists(pid)) return false;
  return process.platform === 'linux' ? worksInOnLinux(pid, folder) : worksInElsewhere(pid, folder);
}

async function worksInOnLinux(pid: number, folder: string): Promise<boolean> {
  try {
    return (await readlink(`/proc/${pid}/cwd`)) === folder;
  } catch (error) {
    if (codeOf(error) !== 'EACCES') return false;
  }
  // A container without CAP_SYS_PTRACE hides the working folder of other users, but not the command line.
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return commandLine.split('\0').includes(folder);
}

async function worksInElsewhere(pid: number, folder: string): Promise<boolean> {
  const output = await outputOf('lsof', ['-a', '-d', 'cwd', '-p', String(pid), '-Fn']);
  return output.split('\n').includes(`n${folder}`);
}

/**
 * The Node process that started this one and still lives, if there is one. After its death the child belongs to
 * init or to a session manager, which are not Node.
 */
export async function livingLauncher(pid: number): Promise<number | undefined> {
  const parent = await parentOf(pid);
  if (parent === undefined || parent <= 1) return undefined;
  const program = await programOf(parent);
  return program === undefined || basename(program).startsWith('node') ? parent : undefined;
}

async function parentOf(pid: number): Promise<number | undefined> {
  const parent =
    process.platform === 'linux'
      ? /^PPid:\s*(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''))?.[1]
      : (await outputOf('ps', ['-o', 'ppid=', '-p', String(pid)])).trim();
  return parent ? Number(parent) : undefined;
}

/** Path of a process's program; undefined when another user's process hides it. */
async function programOf(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') return (await outputOf('ps', ['-o', 'comm=', '-p', String(pid)])).trim();
  try {
    return await readlink(`/proc/${pid}/exe`);
  } catch (error) {
    return codeOf(error) === 'EACCES' ? undefined : '';
  }
}

/** What a look-up prints; empty when it finds nothing, which these programs say with an exit code. */
async function outputOf(command: string, args: string[]): Promise<string> {
  try {
    return (await run(command, args)).stdout;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw error;
    return '';
  }
}

/**
 * Ends a process: sends the signals in order, the next one when the last did not help in time, then SIGKILL.
 * Resolves once `isRunning` says that it has gone.
 * @throws Error when even SIGKILL does not end it.
 */
export async function endProcess(target: {
  name: string;
  pid: number;
  signals: readonly NodeJS.Signals[];
  isRunning: () => boolean | Promise<boolean>;
}): Promise<void> {
  for (const signal of [...target.signals, 'SIGKILL'] as const) {
    if (!(await target.isRunning())) return;
    sendSignal(target.pid, signal);
    if (await becomesTrue(async () => !(await target.isRunning()), signalPatienceMs)) return;
  }
  throw new Error(`${target.name} (process ${target.pid}) does not end, not even after SIGKILL.`);
}

/** Sends a signal; a process that has just ended is not an error. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error;
  }
}

/** `ENOENT`, `EADDRINUSE`, an SQLSTATE ...: the code that Node and drivers put on their errors. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** What a program that failed printed on standard error; its last words say why. */
export function lastWords(error: unknown): string {
  const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
  return stderr || (error instanceof Error ? error.message : String(error));
}
