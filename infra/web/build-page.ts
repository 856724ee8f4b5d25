// Bundles a page for browsers: its scripts and styles get names with a hash of their content, and index.html, which
// names them as they are called in the source, gets these names.
import { readFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { build } from 'esbuild';

export type BuiltFile = { readonly name: string; readonly contents: Uint8Array };

/**
 * @param source the folder with index.html and the entries that it names.
 * @param options.assets folder of the bundles beside index.html.
 */
export async function buildPage(
  source: string,
  options: { readonly entries: readonly string[]; readonly assets?: string },
): Promise<BuiltFile[]> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: source,
    entryPoints: options.entries.map((entry) => `./${entry}`),
    outdir: '.',
    entryNames: join(options.assets ?? '', '[name]-[hash]'),
    bundle: true,
    write: false,
    format: 'esm',
    // Those that have Ed25519 in WebCrypto, which the app needs.
    target: ['chrome137', 'firefox129', 'safari17'],
    minify: true,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  });
  const files = outputFiles.map(({ path, contents }) => ({ name: relative(source, path), contents }));
  let html = await readFile(join(source, 'index.html'), 'utf8');
  for (const [name, { entryPoint }] of Object.entries(metafile.outputs)) {
    if (entryPoint === undefined) continue;
    const named = `"${basename(entryPoint)}"`;
    if (!html.includes(named)) throw new Error(`${source}/index.html does not name ${named}`);
    html = html.replace(named, () => `"${name}"`);
  }
  return [...files, { name: 'index.html', contents: Buffer.from(html) }];
}
