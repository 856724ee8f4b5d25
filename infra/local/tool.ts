import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const root = join(import.meta.dirname, '..', '..');

/**
 * Runs one of the project's commands in a process of its own: this one lives as long as the stack, and would keep the
 * memory that the work took. A Ctrl-C in the terminal does not reach it.
 * @returns what it printed. @throws Error with what it printed as errors.
 */
export async function runTool(
  entry: string,
  args: string[],
  environment: NodeJS.ProcessEnv,
): Promise<string> {
  const command = ['--import', join(root, 'infra', 'node', 'quick-imports.ts'), join(root, entry), ...args];
  const child = spawn(process.execPath, command, {
    env: environment,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [printed, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  if (child.exitCode !== 0) throw new Error(`${entry} failed: ${errors.trim()}`);
  return printed.trimEnd();
}
