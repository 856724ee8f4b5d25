// Prometheus' own checker: the one on the PATH, or else, on Debian and Ubuntu, out of the distribution's package, unpacked
// into the project's data folder once. Needs no root.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { download } from '../../../infra/local/redis-program.ts';

const run = promisify(execFile);
const programs = join(import.meta.dirname, '..', '..', '..', '.galaxy', 'programs');

/** @returns undefined where it is not installed and there are no Debian packages to take it from. */
export async function locatePromtool(): Promise<string | undefined> {
  const fetched = join(programs, 'prometheus', 'usr', 'bin', 'promtool');
  for (const program of ['promtool', fetched]) if (await runs(program)) return program;
  if (!(await runs('apt-get')) || !(await runs('dpkg'))) return undefined;
  await fetchInto(join(programs, 'prometheus'));
  await run(fetched, ['--version']);
  return fetched;
}

function runs(program: string): Promise<boolean> {
  return run(program, ['--version']).then(
    () => true,
    () => false,
  );
}

async function fetchInto(home: string): Promise<void> {
  await mkdir(programs, { recursive: true });
  const draft = await mkdtemp(`${home}-`);
  try {
    await download(['prometheus'], draft);
    const packages = (await readdir(draft)).filter((name) => name.endsWith('.deb'));
    for (const name of packages) await run('dpkg', ['-x', join(draft, name), join(draft, 'root')]);
    await rm(home, { recursive: true, force: true });
    await rename(join(draft, 'root'), home);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}
