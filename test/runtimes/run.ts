// npm run test:runtimes: the same handlers on every runtime.
//   npm run test:runtimes                  bundles, and plays the suite (arguments go to vitest)
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

const args = process.argv.slice(2);
const vitest = ['run', '--config', 'test/runtimes/vitest.config.ts'];
installRuntimes();
process.exitCode =
  (await run('node', ['infra/bundle/bundle.ts'])) || (await run('vitest', [...vitest, ...args]));
