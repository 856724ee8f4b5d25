// npm test: every check of the project, one after the other, stopping at the first that fails.
//   npm test                     all of it
//   npm test -- --project unit   the checks, and only these tests (arguments go to vitest)
//   npm run check                the checks without the tests
//   npm run test:failover        the failover tests without the checks, which npm test leaves out
//   npm run test:browser         the tests in Chromium without the checks, which npm test leaves out
//   npm run screenshots          takes the pictures of docs/images
import { spawn } from 'node:child_process';
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

/** Projects that have commands of their own. */
const apart = ['failover', 'browser', 'screenshots'];

async function main([first, ...rest]: string[]): Promise<number> {
  if (first !== undefined && apart.includes(first)) return runTests(['--project', first, ...rest]);
  for (const step of checks) {
    const code = await runStep(step);
    if (code !== 0) return code;
  }
  if (first === 'check') return 0;
  const args = first === undefined ? [] : [first, ...rest];
  const others = apart.flatMap((project) => ['--project', `!${project}`]);
  return runTests(args.includes('--project') ? args : [...others, ...args]);
}

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

async function runStep({ name, command, args, cwd }: Step): Promise<number> {
  const startedAt = performance.now();
  console.log(`\n▸ ${name}`);
  const env = { ...process.env, ...compileCache };
  const child = spawn(command, args, { cwd: join(root, cwd ?? '.'), env, stdio: 'inherit' });
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (exitCode) => resolve(exitCode ?? 1));
  });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(code === 0 ? `  ${name}: ok (${seconds} s)` : `  ${name}: FAILED (${seconds} s)`);
  return code;
}

process.exitCode = await main(process.argv.slice(2));
