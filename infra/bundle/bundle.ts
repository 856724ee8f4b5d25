// npm run bundle [-- RUNTIME…]: writes dist/<runtime>/<service>.mjs and prints how large each is.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { type Target, targets } from './targets.ts';

const root = join(import.meta.dirname, '..', '..');
const kib = (bytes: number) => `${(bytes / 1024).toFixed(0)} KiB`;

async function bundle({ runtime, entries, options }: Target): Promise<void> {
  const folder = join(root, 'dist', runtime);
  await rm(folder, { recursive: true, force: true });
  await build({
    ...options,
    absWorkingDir: root,
    entryPoints: entries,
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    minify: true,
    // Errors in logs keep names that say something.
    keepNames: true,
    logLevel: 'warning',
  });
  for (const name of Object.keys(entries)) {
    const bytes = await readFile(join(folder, `${name}.mjs`));
    const file = `dist/${runtime}/${name}.mjs`;
    console.log(
      `${file.padEnd(36)} ${kib(bytes.length).padStart(9)} ${kib(gzipSync(bytes).length).padStart(9)}`,
    );
  }
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !targets.some(({ runtime }) => runtime === name));
if (unknown.length > 0) {
  const known = targets.map(({ runtime }) => runtime).join(', ');
  console.error(`There is no runtime ${unknown.join(', ')}; there are ${known}.`);
  process.exit(2);
}
console.log(`${'bundle'.padEnd(36)} ${'bytes'.padStart(9)} ${'gzip'.padStart(9)}`);
for (const target of targets) {
  if (wanted.length === 0 || wanted.includes(target.runtime)) await bundle(target);
}
