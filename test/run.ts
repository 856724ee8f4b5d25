// npm test: every check of the project, side by side, since most of them keep one core busy; then, if none failed, the
// tests.
//   npm test                     the checks, and unit, integration, fuzz and end-to-end tests
//   npm test -- --project unit   the checks, and only these tests (arguments go to vitest)
//   npm run check                the checks without the tests
//   npm run test:long            the tests of faults, tools and scale without the checks, which npm test leaves out
//   npm run test:failover        the failover tests, likewise
//   npm run test:browser         the tests in Chromium, likewise
//   npm run screenshots          takes the pictures of docs/images
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileCache } from '../infra/local/service.ts';

type Step = { name: string; command: string; args: string[]; cwd?: string };

const root = join(import.meta.dirname, '..');
const sources = ['handlers', 'workers', 'lib', 'drizzle', 'infra', 'test'];

const checks: Step[] = [
  { name: 'format and lint', command: 'biome', args: ['ci', '--colors=off', '.'] },
  { name: 'types', command: 'tsc', args: [] },
  {
    name: 'import rules',
    command: 'depcruise',
    args: ['--config', '.dependency-cruiser.cjs', '--output-type', 'err', ...sources],
  },
  { name: 'handlers without Node', command: 'node', args: ['infra/bundle/check-handlers.ts'] },
  { name: 'proto lint', command: 'buf', args: ['lint'], cwd: 'proto' },
  { name: 'generated files', command: 'node', args: ['infra/generate/generate.ts', '--check'] },
];

/** The projects of commands other than `npm test`. */
const apart: Readonly<Record<string, readonly string[]>> = {
  long: ['fault', 'tools', 'scale'],
  failover: ['failover'],
  browser: ['browser'],
  screenshots: ['screenshots'],
};

async function main([first, ...rest]: string[]): Promise<number> {
  const named = first === undefined ? undefined : apart[first];
  if (named !== undefined) return runTests(rest.includes('--project') ? rest : [...only(named), ...rest]);
  const codes = await Promise.all(checks.map(runCheck));
  const failed = codes.find((code) => code !== 0);
  if (failed !== undefined) return failed;
  if (first === 'check') return 0;
  const args = first === undefined ? [] : [first, ...rest];
  const others = only(
    Object.values(apart)
      .flat()
      .map((project) => `!${project}`),
  );
  return runTests(args.includes('--project') ? args : [...others, ...args]);
}

const only = (projects: readonly string[]) => projects.flatMap((project) => ['--project', project]);

async function runTests(args: string[]): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'galaxy-report-'));
  try {
    const report = join(folder, 'report.json');
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const code = await runStep({ name: 'tests', command: 'vitest', args: ['run', ...reporters, ...args] });
    // Without a report no test ran; vitest has said why.
    const counts = await readFile(report, 'utf8').catch(() => undefined);
    if (counts !== undefined) console.log(closingLine(JSON.parse(counts)));
    return counts === undefined ? 1 : code;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function closingLine(counts: unknown): string {
  const { numPassedTests, numFailedTests } = counts as { numPassedTests: number; numFailedTests: number };
  return `tests: ${numPassedTests} passed, ${numFailedTests} failed`;
}

/** Its output comes when it has ended, so that the checks' lines do not mix. */
async function runCheck(step: Step): Promise<number> {
  const startedAt = performance.now();
  const child = start(step, ['ignore', 'pipe', 'pipe']);
  const output: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (bytes: Buffer) => output.push(bytes));
  }
  const code = await codeOf(child);
  process.stdout.write(Buffer.concat([Buffer.from(`\n▸ ${step.name}\n`), ...output]));
  tellEnd(step, code, startedAt);
  return code;
}

async function runStep(step: Step): Promise<number> {
  const startedAt = performance.now();
  console.log(`\n▸ ${step.name}`);
  const code = await codeOf(start(step, 'inherit'));
  tellEnd(step, code, startedAt);
  return code;
}

function start({ command, args, cwd }: Step, stdio: StdioOptions): ChildProcess {
  const env = { ...process.env, ...compileCache };
  return spawn(command, args, { cwd: join(root, cwd ?? '.'), env, stdio });
}

/** Once all of its output has been read. */
function codeOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

function tellEnd({ name }: Step, code: number, startedAt: number): void {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(code === 0 ? `  ${name}: ok (${seconds} s)` : `  ${name}: FAILED (${seconds} s)`);
}

process.exitCode = await main(process.argv.slice(2));
