// Finds a program that Debian packages: on the PATH; else the one that this file fetched before; else, on Debian and
// Ubuntu, from the distribution's packages, unpacked into the project's data folder. Needs no root and changes nothing
// outside of that folder.
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

export type DebianProgram = {
  /** For messages. */
  title: string;
  /** What it is called on the PATH, the preferred name first. */
  names: readonly string[];
  packages: readonly [string, ...string[]];
  /** Where the packages have it, below the root; it prints its version when it is asked with `--version`. */
  path: string;
};

export type LocatedProgram = { file: string; env: NodeJS.ProcessEnv };

export type LocateOptions = {
  log: (line: string) => void;
  /** Folder for fetched programs; the project's own by default. */
  programsFolder?: string;
};

/**
 * @returns undefined where it is not installed and there are no Debian packages to take it from.
 * @throws Error when they cannot be fetched.
 */
export async function locateProgram(
  program: DebianProgram,
  { log, programsFolder = projectPrograms }: LocateOptions,
): Promise<LocatedProgram | undefined> {
  for (const name of program.names) {
    const installed = await onPath(name);
    if (installed !== undefined) return { file: installed, env: baseEnvironment() };
  }
  await mkdir(programsFolder, { recursive: true });
  const home = join(programsFolder, program.title.toLowerCase());
  const fetched = unpackedIn(home, program);
  if (await works(fetched)) return fetched;
  if ((await onPath('apt-get')) === undefined || (await onPath('dpkg')) === undefined) return undefined;
  log(`fetching ${program.title} from the distribution packages (once)`);
  await fetchInto(home, program);
  return fetched;
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

function unpackedIn(home: string, { path }: DebianProgram): LocatedProgram {
  const architecture = libraryFolders[process.arch] ?? '';
  const libraries = [join(home, 'usr', 'lib', architecture), join(home, 'lib', architecture)];
  return {
    file: join(home, path),
    env: { ...baseEnvironment(), LD_LIBRARY_PATH: libraries.join(delimiter) },
  };
}

async function works(program: LocatedProgram): Promise<boolean> {
  if (!existsSync(program.file)) return false;
  return run(program.file, ['--version'], { env: program.env }).then(
    () => true,
    () => false,
  );
}

/** Unpacks under a passing name and moves it into place, so that two processes can do this at once. */
async function fetchInto(home: string, program: DebianProgram): Promise<void> {
  await removeAbandonedDrafts(dirname(home));
  const draft = await mkdtemp(`${home}-${process.pid}-`);
  try {
    await unpack(program, join(draft, 'root'), join(draft, 'packages'));
    const { file, env } = unpackedIn(join(draft, 'root'), program);
    await run(file, ['--version'], { env });
    await moveIntoPlace(join(draft, 'root'), home, program);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function moveIntoPlace(unpacked: string, home: string, program: DebianProgram): Promise<void> {
  // What is there and does not run came from another machine or release.
  if (existsSync(home) && !(await works(unpackedIn(home, program)))) {
    await rm(home, { recursive: true, force: true });
  }
  try {
    await rename(unpacked, home);
  } catch (error) {
    // Another process was faster.
    if (!['ENOTEMPTY', 'EEXIST'].includes(codeOf(error) ?? '')) throw error;
  }
}

async function removeAbandonedDrafts(programsFolder: string): Promise<void> {
  for (const name of await readdir(programsFolder)) {
    const maker = /^[a-z]+-(\d+)-/.exec(name)?.[1];
    if (maker === undefined || pidExists(Number(maker))) continue;
    await rm(join(programsFolder, name), { recursive: true, force: true });
  }
}

/**
 * The names of the libraries' packages differ from release to release, so they are read from the packages
 * themselves, and only when the system lacks a library. The second round is for what those libraries need.
 */
async function unpack(program: DebianProgram, root: string, packages: string): Promise<void> {
  await mkdir(packages, { recursive: true });
  await mkdir(root);
  let wanted = [...program.packages];
  for (let round = 0; round < 3 && wanted.length > 0; round += 1) {
    await download(wanted, packages);
    await unpackAll(packages, root);
    wanted = (await lacksLibraries(program, root)) ? await dependenciesToFetch(packages) : [];
  }
}

async function unpackAll(packages: string, root: string): Promise<void> {
  for (const name of await packageFiles(packages)) await run('dpkg', ['-x', join(packages, name), root]);
}

const packageFiles = async (folder: string) =>
  (await readdir(folder)).filter((name) => name.endsWith('.deb'));

async function lacksLibraries(program: DebianProgram, root: string): Promise<boolean> {
  const { file, env } = unpackedIn(root, program);
  // It fails for a program that needs none; whether that one runs is tried afterwards.
  const { stdout } = await run('ldd', [file], { env }).catch(() => ({ stdout: '' }));
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
async function download(names: string[], folder: string): Promise<void> {
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
