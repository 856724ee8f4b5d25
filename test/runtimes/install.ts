// The packages of this folder, installed the first time and whenever their lock file has changed. Without install
// scripts: the packages for this platform contain the programs.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const folder = import.meta.dirname;
const stamp = join(folder, 'node_modules', '.installed-lock-hash');

export function installRuntimes(): void {
  const hash = createHash('sha256').update(readFileSync(join(folder, 'package-lock.json')));
  const wanted = hash.update(`${process.platform}-${process.arch}`).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  process.stderr.write('galaxy: installing the runtimes (npm ci, about 370 MB) ...\n');
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];
  const { status, error } = spawnSync('npm', ['ci', ...options], { cwd: folder, stdio: 'inherit' });
  if (status !== 0) {
    const why = error?.message ?? `exit code ${status}`;
    throw new Error(`npm ci failed in ${folder} (${why}); npm's own words stand above.`);
  }
  writeFileSync(stamp, wanted);
}

const programs = {
  'linux-x64': { bun: '@oven/bun-linux-x64/bin/bun', deno: '@deno/linux-x64-glibc/deno' },
  'linux-arm64': { bun: '@oven/bun-linux-aarch64/bin/bun', deno: '@deno/linux-arm64-glibc/deno' },
  'darwin-x64': { bun: '@oven/bun-darwin-x64/bin/bun', deno: '@deno/darwin-x64/deno' },
  'darwin-arm64': { bun: '@oven/bun-darwin-aarch64/bin/bun', deno: '@deno/darwin-arm64/deno' },
} as const;

/** Path of a runtime's program. @throws Error when there is none for this platform. */
export function program(name: 'bun' | 'deno' | 'workerd'): string {
  if (name === 'workerd') return String(createRequire(join(folder, 'package.json'))('workerd').default);
  const platform = `${process.platform}-${process.arch}` as keyof typeof programs;
  if (programs[platform] === undefined) throw new Error(`There is no ${name} for ${platform} on npm.`);
  return join(folder, 'node_modules', programs[platform][name]);
}
