// Builds the web app for players: lib/web-app becomes a folder with index.html, its icon and manifest, and assets/.
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { buildPage } from './build-page.ts';

const source = join(import.meta.dirname, '..', '..', 'lib', 'web-app');
const copied = ['icon.svg', 'galaxy.webmanifest'];

/** @param folder is emptied first. @returns how many bytes its scripts and styles have. */
export async function buildApp(folder: string): Promise<number> {
  await rm(folder, { recursive: true, force: true });
  const files = await buildPage(source, { entries: ['app.tsx', 'app.css'], assets: 'assets' });
  for (const { name, contents } of files) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), contents);
  }
  for (const name of copied) await copyFile(join(source, name), join(folder, name));
  return files.reduce((sum, { contents }) => sum + contents.length, 0);
}
