// engine:check as an author runs it, on engines that are right: the example games, and those of the pages.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readArguments } from '../../infra/engine-check/arguments.ts';
import type { Outcome } from '../../infra/engine-check/group.ts';
import { checksNamed } from '../../infra/engine-check/run-checks.ts';
import { Violation } from '../../infra/engine-check/violation.ts';
import { openCatalogue } from '../../lib/engine/catalogue-file.ts';
import { isFree } from '../../lib/runtime-manager/drivers/ports.ts';
import { bundleEngine, bundleWrongEngine } from '../support/engines/bundle-engine.ts';
import { checkEngine, failuresIn } from '../support/engines/engine-check.ts';
import { runEntry } from '../support/run/run-process.ts';

const root = join(import.meta.dirname, '..', '..');
let folder: string;
let wrongEngine: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxy-engine-check-'));
  // The pages call the clone so.
  await symlink(root, join(folder, 'galaxy'));
  wrongEngine = await bundleWrongEngine(folder);
});
afterAll(() => rm(folder, { recursive: true }));

/** Writes the files of a page, as its reader does. @returns their folder. */
async function filesOf(page: string): Promise<string> {
  const text = await readFile(join(root, 'docs', page), 'utf8');
  const game = await mkdtemp(join(folder, 'rps-'));
  await writeFile(join(game, 'package.json'), '{ "type": "module" }\n');
  for (const [, name = '', contents = ''] of text.matchAll(/^`([\w.]+)`:\n\n```\w+\n(.*?)^```$/gms)) {
    await writeFile(join(game, name), contents);
  }
  return game;
}

function skippedIn(outcomes: readonly Outcome[]): string[] {
  return outcomes.flatMap(({ kind, name }) => (kind === 'skipped' ? [name] : []));
}

const hasPython = spawnSync('python3', ['--version']).status === 0;

/** Entries of the engines that are made with the kit. */
const workers = readdirSync(join(root, 'workers')).map((name) => join('workers', name));
const engines = workers.filter((entry) =>
  readFileSync(join(root, entry), 'utf8').includes('serveEngine(rules)'),
);
/** Groups of checks that depend on the rules. The rest is the kit's, and tried with one of its engines. */
const onRules = ['validate', 'turns', 'views', 'bots', 'play'].flatMap(checksNamed);

describe.concurrent('engine:check finds nothing wrong with', { timeout: 180_000 }, () => {
  test.each(engines)('%s', async (entry) => {
    const only = entry === 'workers/four-in-a-row.ts' ? {} : { only: onRules };
    const turns = 8;
    const outcomes = await checkEngine([process.execPath, await bundleEngine(entry, folder)], {
      ...only,
      turns,
    });
    expect(failuresIn(outcomes)).toEqual({});
    // A larger game does not end within so many turns.
    const [end] = checksNamed('plays no turn after the last one');
    expect(skippedIn(outcomes).filter((name) => name !== end)).toEqual([]);
  });

  test('the engine of write-an-engine.md', async () => {
    const game = await filesOf('write-an-engine.md');
    const options = { only: onRules, turns: 8 };
    const outcomes = await checkEngine([process.execPath, join(game, 'engine.ts')], options);
    expect(failuresIn(outcomes)).toEqual({});
    expect(skippedIn(outcomes)).toEqual([]);
  });

  test.skipIf(!hasPython)('the engine of write-an-engine-in-python.md', async () => {
    const game = await filesOf('write-an-engine-in-python.md');
    const outcomes = await checkEngine(['python3', join(game, 'engine.py')]);
    expect(failuresIn(outcomes)).toEqual({});
    expect(skippedIn(outcomes)).toEqual([]);
  });
});

describe.concurrent('the command', { timeout: 180_000 }, () => {
  /** From the folder of this test. */
  const run = (...args: string[]) =>
    runEntry('infra/engine-check/check.ts', { INIT_CWD: folder, TMPDIR: folder }, args).ended;

  /** A file of the first engine. */
  const kept = (stderr: string, file: string) => {
    const [, run = ''] = /all requests of each engine are in (.*)\n$/.exec(stderr) ?? [];
    return readFile(join(run, 'engine-1', file), 'utf8');
  };

  test('prints each check and, where one failed, what is wrong and the requests that show it', async () => {
    const fault = ['wrong-engine.mjs', 'ignores-another-set-up'];
    const { exitCode, stdout, stderr } = await run('--only', 'set-up', process.execPath, ...fault);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('\nset-up\n  ok      has no game before the set-up\n');
    expect(stdout).toContain(
      [
        '  FAILED  refuses another set-up, and changes nothing then',
        '          A set-up with another game_id got status 200, and should get 409.',
        '          The interface says (docs/engine-interface.md, "PUT /api/v1/game"): 409 another game, or another body',
        `          curl -X PUT -H 'Content-Type: application/json' "$E/api/v1/game" -d '{"game_id":`,
      ].join('\n'),
    );
    expect(stdout).toMatch(/\n {12}-> 200 \{"game_id":.*\n/);
    expect(stdout).toMatch(/\n7 ok, 1 failed, 0 skipped \(--seed [0-9a-f]{64}\)\n$/);
    expect(await kept(stderr, 'requests.sh')).toMatch(
      /\n# started, with E=http:\/\/127\.0\.0\.1:\d+\ncurl "\$E\/api\/v1\/manifest" {2}# 200\n/,
    );
    expect(await kept(stderr, 'engine.log')).toBe('');
  });

  test('prints an engine catalogue with the engine', async () => {
    const command = [process.execPath, 'galaxy/workers/four-in-a-row.ts'];
    const { exitCode, stdout, stderr } = await run('--print-catalogue', ...command);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({
      engines: [
        {
          manifest: { protocol: 2, family: 'four-in-a-row', version: '1.0.0' },
          command: [process.execPath, join(folder, 'galaxy/workers/four-in-a-row.ts')],
        },
      ],
    });
    const file = join(folder, 'engines.json');
    await writeFile(file, stdout);
    expect((await openCatalogue(file)).families).toEqual(['four-in-a-row']);
  });

  // Of a manifest that is not valid, and of a valid one; engine-check-faults.test.ts has the other reasons.
  test.each([
    ['typing-error-in-schema', 'orders_schema/propertys: is a keyword that is not known here'],
    ['has-recursive-options', 'options_schema/properties/inner/$ref: contains itself'],
  ])('prints no engine catalogue that a platform would refuse: %s', async (fault, problem) => {
    const wrong = [process.execPath, wrongEngine, fault];
    const { exitCode, stdout, stderr } = await run('--print-catalogue', ...wrong);
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toContain(problem);
  });

  test('ends in time, with all engines, whatever an engine does', async () => {
    const late = [process.execPath, wrongEngine, 'never-responds-to-a-turn'];
    const { exitCode, stdout, stderr } = await run('--total-timeout', '6', '--only', 'turns', ...late);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('All checks together took more than 6 s; this is where they were.');
    const [, port = ''] = /with E=http:\/\/127\.0\.0\.1:(\d+)/.exec(await kept(stderr, 'requests.sh')) ?? [];
    expect(await isFree('127.0.0.1', Number(port))).toBe(true);
  });

  test('refuses arguments that are wrong', async () => {
    const { exitCode, stdout, stderr } = await run('--turns', 'many', 'x');
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain('engine:check: --turns: Invalid input: expected number, received NaN');
    expect(stderr).toContain('npm run engine:check -- [options] <command>');
  });

  test.each([
    [[], 'the command of the engine is missing'],
    [['--only', 'no such check', 'x'], '--only: there is no such group and no such check'],
    [['--seed', '12', 'x'], '--seed: must be 64 hexadecimal digits'],
    [['--no-such-option', 'x'], "Unknown option '--no-such-option'"],
  ])('reads no such arguments as %j', (args, message) => {
    expect(() => readArguments(args, folder)).toThrow(message);
  });

  test('says so, too, when the time is over before an engine is healthy', async () => {
    const outOfTime = new AbortController();
    const checking = checkEngine(['sleep', '1000'], { signal: outOfTime.signal });
    // While it waits for the engine; the outcome is the same at any other moment.
    setTimeout(() => outOfTime.abort(new Violation('The time is over.')), 200);
    expect(failuresIn(await checking)).toEqual({
      'manifest: starts, and has a valid manifest': 'The time is over.',
    });
  });

  test('says that a program cannot be started', async () => {
    expect(await run(join(folder, 'no-such-program'))).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('no-such-program cannot be started: spawn'),
    });
  });
});
