// Start-up of a process: read its variables, open what it cannot run without, and report all problems at once, so that
// an operator can fix a deployment in one go instead of one restart per mistake.
import {
  type Environment,
  type Problem,
  readVariables,
  type Values,
  type VariableTree,
} from './variables.ts';

/** Something that must be reachable or readable before the process may serve. */
export type Requirement<Config, Resource> = {
  /** The variables that it depends on; the first one is named when it fails. It is opened only if all are valid. */
  readonly needs: readonly [string, ...string[]];
  /** Throws an Error whose message tells an operator what is wrong, or a StartupError that names variables itself. */
  readonly open: (config: Config) => Promise<Resource>;
  readonly close?: (resource: Resource) => Promise<void>;
};

/** A condition on several variables together. */
export type Check<Config> = {
  /** The first one is named when the condition fails. It is checked only if all are valid. */
  readonly needs: readonly [string, ...string[]];
  /** What is wrong; undefined when nothing is. */
  readonly problem: (config: Config) => string | undefined;
};

export class StartupError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(({ variable, message }) => `${variable}: ${message}`).join('\n'));
    this.name = 'StartupError';
    this.problems = problems;
  }
}

type Reading<Tree extends VariableTree> = {
  environment: Environment;
  variables: Tree;
  checks?: readonly Check<Values<Tree>>[];
};

/** Reads `variables`, for processes that open nothing at start. @throws StartupError with all problems. */
export function readConfiguration<Tree extends VariableTree>(reading: Reading<Tree>): Values<Tree> {
  const { config, problems } = readChecked(reading);
  if (problems.length > 0) throw new StartupError(problems);
  return config;
}

/** @returns the configuration, valid only without problems, and the names of the variables that have problems. */
function readChecked<Tree extends VariableTree>({ environment, variables, checks = [] }: Reading<Tree>) {
  const { values: config, problems } = readVariables(variables, environment);
  const bad = new Set(problems.map((problem) => problem.variable));
  for (const { needs, problem } of checks) {
    const message = needs.some((variable) => bad.has(variable)) ? undefined : problem(config);
    if (message === undefined) continue;
    problems.push({ variable: needs[0], message });
    bad.add(needs[0]);
  }
  return { config, problems, bad };
}

/**
 * Reads `variables` and opens all requirements concurrently.
 * @throws StartupError with all problems; everything that was opened is closed again.
 */
export async function start<Tree extends VariableTree, Resources extends Record<string, unknown>>(
  options: Reading<Tree> & {
    requirements: { [K in keyof Resources]: Requirement<Values<Tree>, Resources[K]> };
  },
): Promise<{ config: Values<Tree>; resources: Resources }> {
  const { config, problems, bad } = readChecked(options);
  const opened: Partial<Resources> = {};
  const closers: (() => Promise<void>)[] = [];
  const openOne = async <K extends keyof Resources>(key: K): Promise<void> => {
    const { needs, open, close } = options.requirements[key];
    if (needs.some((variable) => bad.has(variable))) return;
    try {
      const resource = await open(config);
      opened[key] = resource;
      if (close) closers.push(() => close(resource));
    } catch (error) {
      if (error instanceof StartupError) problems.push(...error.problems);
      else
        problems.push({
          variable: needs[0],
          message: error instanceof Error ? error.message : String(error),
        });
    }
  };
  await Promise.all(Object.keys(options.requirements).map(openOne));

  if (problems.length > 0) {
    await Promise.allSettled(closers.map((close) => close()));
    throw new StartupError(problems);
  }
  return { config, resources: opened as Resources };
}
