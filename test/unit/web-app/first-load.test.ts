import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { buildApp } from '../../../infra/web/build-app.ts';

/** Without the board of a game, which comes when the game is opened. */
const mostBytes = 150_000;

it('loads all files of the app with at most 150 kB', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'galaxy-app-'));
  try {
    await buildApp(folder);
    const names = await readdir(folder, { recursive: true });
    const paths = names.map((name) => join(folder, name));
    const files = (
      await Promise.all(paths.map(async (path) => ((await stat(path)).isFile() ? [path] : [])))
    ).flat();
    const sizes = await Promise.all(files.map(async (file) => gzipSync(await readFile(file)).length));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    expect(files.length).toBeGreaterThanOrEqual(5);
    expect(total).toBeLessThanOrEqual(mostBytes);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
