// Builds the boards of the example games: lib/<family>/board becomes <folder>/<family>/<version>/.
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { builtInEngines } from '../../lib/engine/catalogue.ts';
import { buildPage } from './build-page.ts';

const root = join(import.meta.dirname, '..', '..');

/** @param folder is emptied first. @returns the folders of the boards, with how many bytes each has. */
export async function buildBoards(folder: string): Promise<{ folder: string; bytes: number }[]> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const boards = builtInEngines().engines.flatMap(({ manifest: { family, version } }) => {
    const source = join(root, 'lib', family, 'board');
    return existsSync(source) ? [{ source, target: join(folder, family, version) }] : [];
  });
  return Promise.all(
    boards.map(async ({ source, target }) => {
      const files = await buildPage(source, { entries: ['board.tsx', 'board.css'] });
      await mkdir(target, { recursive: true });
      for (const { name, contents } of files) await writeFile(join(target, name), contents);
      return { folder: target, bytes: files.reduce((sum, { contents }) => sum + contents.length, 0) };
    }),
  );
}
