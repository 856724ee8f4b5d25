// An engine in one file, which starts with half of the CPU time: what engine:check kills leaves no compiler's cache, and
// it starts dozens of engines.
import { basename, join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..', '..', '..');

/** @param entry from the project's root. @returns the path of the file, in `folder`. */
export async function bundleEngine(entry: string, folder: string): Promise<string> {
  const outfile = join(folder, `${basename(entry, '.ts')}.mjs`);
  await build({
    entryPoints: [join(root, entry)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    // In one file every module would be the main one, also the engine that the wrong one spoils.
    define: { 'import.meta.main': String(entry.startsWith('workers/')) },
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
  return outfile;
}

export const bundleWrongEngine = (folder: string): Promise<string> =>
  bundleEngine('test/support/engines/wrong-engine.ts', folder);
