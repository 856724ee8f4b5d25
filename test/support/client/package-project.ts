// An empty project into which the client package was installed from its tarball.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..', '..');

export class PackageProject {
  readonly folder: string;
  readonly packageFolder: string;
  readonly tarball: string;

  private constructor(folder: string, tarball: string) {
    this.folder = folder;
    this.packageFolder = join(folder, 'built', 'package');
    this.tarball = tarball;
  }

  static async create(): Promise<PackageProject> {
    const folder = await mkdtemp(join(tmpdir(), 'galaxy-test-package-'));
    const { stdout } = await run(process.execPath, ['infra/client/build.ts', join(folder, 'built')], {
      cwd: root,
    });
    const project = new PackageProject(folder, stdout.trim());
    await project.#install();
    return project;
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }

  /** The package's own dependencies come from this project, so that no network is needed. */
  async #install(): Promise<void> {
    const manifest = JSON.parse(await readFile(join(root, 'lib/client/package.json'), 'utf8'));
    const overrides = Object.fromEntries(
      Object.keys(manifest.dependencies).map((name) => [name, `file:${join(root, 'node_modules', name)}`]),
    );
    await writeFile(join(this.folder, 'package.json'), JSON.stringify({ private: true, overrides }));
    const options = ['--offline', '--ignore-scripts', '--legacy-peer-deps', '--no-audit', '--no-fund'];
    await run('npm', ['install', ...options, this.tarball], { cwd: this.folder });
  }
}
