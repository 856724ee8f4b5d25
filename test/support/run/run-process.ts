// Runs one of the project's processes as an operator would, but without OpenTelemetry unless `env` asks for it, to its
// end or until a signal.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { compileCache } from '../../../infra/local/service.ts';

const root = join(import.meta.dirname, '..', '..', '..');

export type Ended = { exitCode: number | null; stdout: string; stderr: string };

export type RunningProcess = {
  readonly child: ChildProcess;
  /** Its standard output so far. */
  stdout(): string;
  readonly ended: Promise<Ended>;
};

/**
 * @param env the whole environment of the process, except PATH.
 * @param args of the process, after its entry.
 */
export function runEntry(
  entry: string,
  env: Record<string, string>,
  args: readonly string[] = [],
): RunningProcess {
  const child = spawn(process.execPath, ['--import', './infra/node/quick-imports.ts', entry, ...args], {
    cwd: root,
    env: { PATH: process.env.PATH ?? '', ...compileCache, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = once(child, 'close').then(() => ({ exitCode: child.exitCode, stdout, stderr }));
  return { child, stdout: () => stdout, ended };
}
