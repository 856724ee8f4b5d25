// npm run bundle [-- [--engines FILE] RUNTIME…]: writes dist/<runtime>/<service>.mjs and prints how large each is.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build, type Metafile, type Plugin } from 'esbuild';
import { openCatalogue } from '../../lib/engine/catalogue-file.ts';
import { type Target, targets } from './targets.ts';

const root = join(import.meta.dirname, '..', '..');

/** zod's messages in some fifty languages, of which only English is used: a quarter of a bundle. */
const withoutLanguages: Plugin = {
  name: 'zod without languages',
  setup({ onLoad }) {
    onLoad({ filter: /node_modules\/zod\/v4\/locales\/index\.js$/ }, () => ({ contents: '' }));
  },
};

/** The engine catalogue of an installation, in place of the example games: not every runtime has files. */
const withEngines = (path: string): Plugin => ({
  name: 'engine catalogue',
  setup({ onLoad }) {
    onLoad({ filter: /lib\/engine\/engines\.json$/ }, async () => ({
      contents: await readFile(path, 'utf8'),
      loader: 'json',
    }));
  },
});

async function bundle({ runtime, entries, options }: Target): Promise<void> {
  const folder = `dist/${runtime}`;
  await rm(join(root, folder), { recursive: true, force: true });
  const { metafile } = await build({
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
    plugins: [withoutLanguages, ...(engines === undefined ? [] : [withEngines(engines)])],
    metafile: true,
    logLevel: 'warning',
  });
  for (const name of Object.keys(entries)) {
    const entry = `${folder}/${name}.mjs`;
    const files = await Promise.all([...loadedBy(entry, metafile)].map((file) => readFile(join(root, file))));
    const gzipped = files.map((bytes) => gzipSync(bytes));
    console.log(`${entry.padEnd(36)} ${size(files)} ${size(gzipped)}`);
  }
}

/** The entrypoint, and all files next to it that it may load. */
function loadedBy(entry: string, { outputs }: Metafile): Set<string> {
  const files = new Set([entry]);
  for (const file of files) {
    for (const { path, external } of outputs[file]?.imports ?? []) {
      if (external !== true) files.add(path);
    }
  }
  return files;
}

function size(files: readonly Uint8Array[]): string {
  const bytes = files.reduce((sum, file) => sum + file.length, 0);
  return `${(bytes / 1024).toFixed(0)} KiB`.padStart(9);
}

const { positionals: wanted, values } = parseArgs({
  options: { engines: { type: 'string' } },
  allowPositionals: true,
});
const { engines } = values;
// Refuses a catalogue that the services would refuse.
await openCatalogue(engines);
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
