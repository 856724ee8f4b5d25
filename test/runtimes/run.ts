// npm run test:runtimes: the same handlers on every runtime.
//   npm run test:runtimes                  bundles, and runs the suite (arguments go to vitest)
//   npm run test:runtimes -- --cold-start  measures the time of each from its start to its first response
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { installRuntimes } from './install.ts';

const root = join(import.meta.dirname, '..', '..');

async function run(command: string, args: readonly string[]): Promise<number> {
  const child = spawn(command, args, { cwd: root, stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  return code ?? 1;
}

const [first, ...rest] = process.argv.slice(2);
const args =
  first === '--cold-start'
    ? ['--project', 'cold-start', ...rest]
    : ['--project', 'runtimes', ...(first === undefined ? [] : [first]), ...rest];
installRuntimes();
process.exitCode =
  (await run('node', ['infra/bundle/bundle.ts'])) ||
  (await run('vitest', ['run', '--config', 'test/runtimes/vitest.config.ts', ...args]));
