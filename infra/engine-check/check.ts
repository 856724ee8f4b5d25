// npm run engine:check -- <command>: whether an engine, in any language, keeps what docs/engine-interface.md promises.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../../lib/config/variables.ts';
import { OperatorError } from '../../lib/errors/operator-error.ts';
import { runProcess } from '../../lib/node/process.ts';
import { inheritedVariables } from '../../lib/runtime-manager/drivers/inherited-variables.ts';
import { type Arguments, readArguments, usage } from './arguments.ts';
import { catalogueOf } from './catalogue.ts';
import type { Outcome } from './group.ts';
import { Lab, type LabOptions } from './lab.ts';
import { linesOf, summaryOf } from './report.ts';
import { runChecks } from './run-checks.ts';
import { Violation } from './violation.ts';

const name = 'engine:check';
/** The engine is wrong. */
class Failed extends OperatorError {}

const print = (line: string) => process.stdout.write(`${line}\n`);

async function check(
  { command, values }: Arguments,
  environment: Environment,
  stop: AbortSignal,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'galaxy-engine-check-'));
  const seconds = values['total-timeout'];
  const outOfTime = new AbortController();
  const timer = setTimeout(
    () =>
      outOfTime.abort(
        new Violation(`All checks together took more than ${seconds} s; this is where they were.`),
      ),
    seconds * 1_000,
  );
  const options: LabOptions = {
    command,
    environment: inheritedVariables(environment),
    folder,
    engineVersion: values['engine-version'],
    turns: values.turns,
    seed: values.seed,
    startTimeoutMs: values['start-timeout'] * 1_000,
    requestTimeoutMs: values['request-timeout'] * 1_000,
    signal: AbortSignal.any([stop, outOfTime.signal]),
  };
  let keep = false;
  try {
    if (values['print-catalogue']) await printCatalogue(options);
    else await runAll(options, values.only);
  } catch (error) {
    keep = error instanceof Failed;
    throw error;
  } finally {
    clearTimeout(timer);
    if (!keep) await rm(folder, { recursive: true });
  }
}

async function printCatalogue(options: LabOptions): Promise<void> {
  try {
    const lab = await Lab.open(options);
    print(catalogueOf(options.command, lab.manifest));
    await lab.close();
  } catch (error) {
    throw error instanceof Violation ? new OperatorError(error.message, { cause: error }) : error;
  }
}

/** @throws Failed when a check failed. */
async function runAll(options: LabOptions, only: readonly string[] | undefined): Promise<void> {
  print(`${name}: ${options.command.join(' ')}`);
  const outcomes: Outcome[] = [];
  const complete = await runChecks(options, only, (outcome) => {
    for (const line of linesOf(outcome, outcomes.at(-1))) print(line);
    outcomes.push(outcome);
  });
  print(`\n${summaryOf(outcomes)} (--seed ${options.seed})`);
  const failed = outcomes.filter(({ kind }) => kind === 'failed').length;
  if (failed === 0) return;
  const rest = complete ? '' : '; without it the other checks could not be made';
  throw new Failed(
    `${failed === 1 ? 'a check' : `${failed} checks`} failed${rest}. The data, the output and all requests of each engine are in ${options.folder}`,
  );
}

try {
  const args = readArguments(process.argv.slice(2), process.env.INIT_CWD ?? process.cwd());
  if (args === undefined) print(usage);
  else await runProcess(name, (environment, stop) => check(args, environment, stop));
} catch (error) {
  process.stderr.write(`${name}: ${error instanceof Error ? error.message : String(error)}\n\n${usage}\n`);
  process.exitCode = 2;
}
