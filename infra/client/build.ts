// npm run build:client [-- FOLDER]: builds the package @galaxy-games/client in dist/client/package, and packs it next to
// it as `npm publish` would take it. Prints the path of the tarball.
import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..', '..');
const source = join(root, 'lib', 'client');
const folder = process.argv[2] ?? join(root, 'dist', 'client');
const types = join(folder, 'types');
const packageFolder = join(folder, 'package');
const run = promisify(execFile);

type Manifest = { name: string; version: string; dependencies: Record<string, string> };

/** Within dist/ of the package, as `exports` names them. */
const entries = ['client/browser.d.ts', 'client/node.d.ts'];

async function buildClient(): Promise<string> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(packageFolder, 'dist'), { recursive: true });
  await checkVersions();
  const options = {
    absWorkingDir: root,
    outdir: join(packageFolder, 'dist'),
    bundle: true,
    packages: 'external',
    format: 'esm',
    sourcemap: true,
    logLevel: 'warning',
  } as const;
  await build({ ...options, entryPoints: ['lib/client/node.ts'], platform: 'node', target: 'node22' });
  // Fails on anything that only Node has.
  await build({ ...options, entryPoints: ['lib/client/browser.ts'], platform: 'browser', target: 'es2024' });
  await run('tsc', ['--project', 'infra/client/tsconfig.json', '--outDir', types], { cwd: root });
  for (const entry of entries) await copyTypes(entry);
  for (const file of ['package.json', 'README.md']) await cp(join(source, file), join(packageFolder, file));
  const packed = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: packageFolder });
  const [tarball] = Object.values(JSON.parse(packed.stdout) as Record<string, { filename: string }>);
  if (tarball === undefined) throw new Error('npm pack has packed nothing');
  return join(folder, tarball.filename);
}

/** The package asks for what the project is tested with, or newer. */
async function checkVersions(): Promise<void> {
  const read = async (path: string): Promise<Manifest> => JSON.parse(await readFile(path, 'utf8'));
  const [own, project] = [await read(join(source, 'package.json')), await read(join(root, 'package.json'))];
  for (const [name, range] of Object.entries(own.dependencies)) {
    const pinned = project.dependencies[name];
    if (range !== `^${pinned}`) {
      throw new Error(`lib/client/package.json asks for ${name} ${range}; the project has ${pinned}`);
    }
  }
}

/** Copies a declaration file and what it imports, and names files as they are named in the package. */
async function copyTypes(path: string, copied = new Set<string>()): Promise<void> {
  if (copied.has(path)) return;
  copied.add(path);
  const text = await readFile(join(types, path), 'utf8');
  const to = join(packageFolder, 'dist', path);
  await mkdir(dirname(to), { recursive: true });
  await writeFile(to, text.replaceAll(importedFile, '$1.js$3'));
  for (const [, , name] of text.matchAll(importedFile)) {
    await copyTypes(join(dirname(path), `${name}.d.ts`), copied);
  }
}

const importedFile = /((?:from|import\() ?['"](\.[^'"]*))\.ts(['"])/g;

console.log(await buildClient());
