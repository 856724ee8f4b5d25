// Finds a Redis program: redis-server or valkey-server on the PATH; else the one that this file fetched before; else,
// on Debian and Ubuntu, from the distribution's packages, unpacked into the project's data folder. Needs no root and
// changes nothing outside of that folder.
import { execFile } from 'node:child_process';
import { constants, existsSync } from 'node:fs';
import { access, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { codeOf, lastWords, pidExists } from './processes.ts';

const run = promisify(execFile);
const projectPrograms = fileURLToPath(new URL('../../.galaxy/programs', import.meta.url));
const aptTimeoutMs = 180_000;
const libraryFolders: Partial<Record<NodeJS.Architecture, string>> = {
  x64: 'x86_64-linux-gnu',
  arm64: 'aarch64-linux-gnu',
};

export type RedisProgram = { file: string; env: NodeJS.ProcessEnv };

/** @throws Error that says what to install, or which variable names a Redis to use instead. */
export async function locateRedis(options: {
  addressVariable: string | undefined;
  log: (line: string) => void;
  /** Folder for a fetched program; the project's own by default. */
  programsFolder?: string;
}): Promise<RedisProgram> {
  const { addressVariable, log, programsFolder = projectPrograms } = options;
  const installed = (await onPath('redis-server')) ?? (await onPath('valkey-server'));
  if (installed !== undefined) return { file: installed, env: baseEnvironment() };

  await mkdir(programsFolder, { recursive: true });
  const home = join(programsFolder, 'redis');
  if (await works(unpackedIn(home))) return unpackedIn(home);
  if ((await onPath('apt-get')) === undefined || (await onPath('dpkg')) === undefined) {
    throw new Error(notFound(addressVariable));
  }
  log('fetching Redis from the distribution packages (once)');
  try {
    await fetchInto(home);
  } catch (error) {
    throw new Error(`${notFound(addressVariable)} Fetching it with apt-get failed: ${lastWords(error)}`, {
      cause: error,
    });
  }
  return unpackedIn(home);
}

function notFound(addressVariable: string | undefined): string {
  const install =
    process.platform === 'darwin'
      ? '"brew install redis"'
      : '"sudo apt-get update && sudo apt-get install redis-server"';
  const other =
    addressVariable === undefined
      ? ''
      : `, or set ${addressVariable} to the host:port of a Redis that runs already`;
  return (
    'There is no Redis on this machine: neither redis-server nor valkey-server is on the PATH. Install one (' +
    `${install}, or your system's package)${other}.`
  );
}

async function onPath(program: string): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? '').split(delimiter).filter((entry) => entry !== '')) {
    const file = join(folder, program);
    if (
      await access(file, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return file;
  }
  return undefined;
}

/** Redis refuses to start under a locale that the machine does not have. */
const baseEnvironment = (): NodeJS.ProcessEnv => ({ PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' });

function unpackedIn(home: string): RedisProgram {
  const architecture = libraryFolders[process.arch] ?? '';
  const libraries = [join(home, 'usr', 'lib', architecture), join(home, 'lib', architecture)];
  return {
    file: join(home, 'usr', 'bin', 'redis-server'),
    env: { ...baseEnvironment(), LD_LIBRARY_PATH: libraries.join(delimiter) },
  };
}

async function works(program: RedisProgram): Promise<boolean> {
  if (!existsSync(program.file)) return false;
  return run(program.file, ['--version'], { env: program.env }).then(
    () => true,
    () => false,
  );
}

/** Unpacks under a passing name and moves it into place, so that two processes can do this at once. */
async function fetchInto(home: string): Promise<void> {
  await removeAbandonedDrafts(dirname(home));
  const draft = await mkdtemp(`${home}-${process.pid}-`);
  try {
    await unpackRedis(join(draft, 'root'), join(draft, 'packages'));
    const { file, env } = unpackedIn(join(draft, 'root'));
    await run(file, ['--version'], { env });
    await moveIntoPlace(join(draft, 'root'), home);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function moveIntoPlace(unpacked: string, home: string): Promise<void> {
  // What is there and does not run came from another machine or release.
  if (existsSync(home) && !(await works(unpackedIn(home)))) await rm(home, { recursive: true, force: true });
  try {
    await rename(unpacked, home);
  } catch (error) {
    // Another process was faster.
    if (!['ENOTEMPTY', 'EEXIST'].includes(codeOf(error) ?? '')) throw error;
  }
}

async function removeAbandonedDrafts(programsFolder: string): Promise<void> {
  for (const name of await readdir(programsFolder)) {
    const maker = /^redis-(\d+)-/.exec(name)?.[1];
    if (maker === undefined || pidExists(Number(maker))) continue;
    await rm(join(programsFolder, name), { recursive: true, force: true });
  }
}

/**
 * The names of the libraries' packages differ from release to release, so they are read from the packages
 * themselves, and only when the system lacks a library. The second round is for what those libraries need.
 */
async function unpackRedis(root: string, packages: string): Promise<void> {
  await mkdir(packages, { recursive: true });
  await mkdir(root);
  let wanted = ['redis-server', 'redis-tools'];
  for (let round = 0; round < 3 && wanted.length > 0; round += 1) {
    await download(wanted, packages);
    await unpackAll(packages, root);
    wanted = (await lacksLibraries(root)) ? await dependenciesToFetch(packages) : [];
  }
}

async function unpackAll(packages: string, root: string): Promise<void> {
  for (const name of await packageFiles(packages)) await run('dpkg', ['-x', join(packages, name), root]);
}

const packageFiles = async (folder: string) =>
  (await readdir(folder)).filter((name) => name.endsWith('.deb'));

async function lacksLibraries(root: string): Promise<boolean> {
  const { file, env } = unpackedIn(root);
  const { stdout } = await run('ldd', [file], { env });
  return stdout.includes('not found');
}

/** Libraries that the fetched packages depend on, as far as neither fetched nor installed. */
async function dependenciesToFetch(packages: string): Promise<string[]> {
  const files = await packageFiles(packages);
  const named = new Set<string>();
  for (const file of files) {
    const { stdout } = await run('dpkg-deb', ['--field', join(packages, file), 'Depends']);
    // "libssl3 (>= 3.0.0), libfoo1 | libfoo2": of alternatives the first.
    for (const [, name] of stdout.matchAll(/(?:^|,)\s*((?:lib|lua)[a-z0-9.+-]*)/g)) if (name) named.add(name);
  }
  const missing: string[] = [];
  for (const name of named) {
    if (files.some((file) => file.startsWith(`${name}_`)) || (await isInstalled(name))) continue;
    missing.push(name);
  }
  return missing;
}

async function isInstalled(name: string): Promise<boolean> {
  // Fails for a package that dpkg has never heard of.
  return run('dpkg', ['--status', name]).then(
    ({ stdout }) => /^Status: .* installed$/m.test(stdout),
    () => false,
  );
}

/** Downloads Debian packages with the system's package lists, or with fresh ones in a folder of their own. */
export async function download(names: string[], folder: string): Promise<void> {
  try {
    await aptGet(folder, ['download', ...names]);
  } catch (error) {
    await downloadWithFreshLists(names, folder).catch((again: unknown) => {
      throw new Error(`${lastWords(error)}\n${lastWords(again)}`, { cause: again });
    });
  }
}

/** For lists that are missing (slim images have none) or too old. Updating the system's own would need root. */
async function downloadWithFreshLists(names: string[], folder: string): Promise<void> {
  const lists = join(folder, 'lists');
  const cache = join(folder, 'cache');
  await mkdir(join(lists, 'partial'), { recursive: true });
  await mkdir(join(cache, 'archives', 'partial'), { recursive: true });
  const own = ['-o', `Dir::State::lists=${lists}`, '-o', `Dir::Cache=${cache}`];
  await aptGet(folder, [...own, 'update']);
  await aptGet(folder, [...own, 'download', ...names]);
}

async function aptGet(cwd: string, args: string[]): Promise<void> {
  // As root apt would download as user _apt, who cannot enter every folder, and warn about it.
  const options = ['-qq', '-o', 'APT::Sandbox::User=root', '-o', 'Acquire::Retries=2'];
  const env = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', [...options, ...args], { cwd, env, timeout: aptTimeoutMs });
}
