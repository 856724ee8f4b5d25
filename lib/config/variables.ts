// Environment variables, declared once per process: name, parser, default, meaning. The same declaration reads the
// environment at start-up (every problem at once) and prints the configuration tables in docs/configuration.md.
import { z } from 'zod';

export type Variable<T> = {
  readonly name: string;
  readonly schema: z.ZodType<T, string>;
  /** As an operator would write it. */
  readonly fallback?: string;
  readonly presence: 'required' | 'defaulted' | 'optional' | 'removed';
  /** Other variables: with any of them this one is not required. */
  readonly unless?: readonly string[];
  /** Whether an empty value is a value; otherwise it counts as not set. */
  readonly mayBeEmpty: boolean;
  readonly secret: boolean;
  readonly help: string;
};

export type VariableTree = { readonly [key: string]: Variable<unknown> | VariableTree };

export type Values<Tree> = {
  readonly [K in keyof Tree]: Tree[K] extends Variable<infer T> ? T : Values<Tree[K]>;
};

export type Problem = { readonly variable: string; readonly message: string };

type Options = { help: string; secret?: boolean; mayBeEmpty?: boolean };

export function required<T>(name: string, schema: z.ZodType<T, string>, options: Options): Variable<T> {
  return { name, schema, presence: 'required', ...flags(options) };
}

/** Required as long as none of the others is set. */
export function requiredUnless<T>(
  name: string,
  others: readonly string[],
  schema: z.ZodType<T, string>,
  options: Options,
): Variable<T | undefined> {
  return { name, schema, presence: 'required', unless: others, ...flags(options) };
}

export function optional<T>(
  name: string,
  schema: z.ZodType<T, string>,
  options: Options,
): Variable<T | undefined> {
  return { name, schema, presence: 'optional', ...flags(options) };
}

export function defaulted<T>(
  name: string,
  fallback: string,
  schema: z.ZodType<T, string>,
  options: Options,
): Variable<T> {
  return { name, schema, fallback, presence: 'defaulted', ...flags(options) };
}

/** A variable of earlier versions that may still be set: the process refuses to start, with a hint. */
export function removed(name: string, instead: string): Variable<undefined> {
  const schema = z.string().transform(() => undefined);
  return { name, schema, presence: 'removed', ...flags({ help: instead }) };
}

function flags({ help, secret = false, mayBeEmpty = false }: Options) {
  return { help, secret, mayBeEmpty };
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads a tree of variables. Values that cannot be read are undefined in `values`, and `problems` says why; use the
 * values only when there are no problems.
 */
export function readVariables<Tree extends VariableTree>(
  tree: Tree,
  environment: Environment,
): { values: Values<Tree>; problems: Problem[] } {
  const problems: Problem[] = [];
  const values = readTree(tree, environment, problems) as Values<Tree>;
  return { values, problems };
}

/** All variables of a tree, in the order of their declaration. */
export function listVariables(tree: VariableTree): Variable<unknown>[] {
  return Object.values(tree).flatMap((entry) => (isVariable(entry) ? [entry] : listVariables(entry)));
}

function readTree(tree: VariableTree, environment: Environment, problems: Problem[]): object {
  const values: Record<string, unknown> = {};
  for (const [key, entry] of Object.entries(tree)) {
    values[key] = isVariable(entry)
      ? readVariable(entry, environment, problems)
      : readTree(entry, environment, problems);
  }
  return Object.freeze(values);
}

function readVariable(variable: Variable<unknown>, environment: Environment, problems: Problem[]): unknown {
  const given = environment[variable.name];
  const raw = given === undefined || (given === '' && !variable.mayBeEmpty) ? variable.fallback : given;
  if (variable.presence === 'removed') {
    if (raw !== undefined) {
      problems.push({ variable: variable.name, message: `was removed. ${variable.help}` });
    }
    return undefined;
  }
  if (raw === undefined) {
    const { unless = [] } = variable;
    const isReplaced = unless.some((other) => (environment[other] ?? '') !== '');
    if (variable.presence === 'required' && !isReplaced) {
      problems.push({ variable: variable.name, message: `is not set. ${variable.help}` });
    }
    return undefined;
  }
  const parsed = variable.schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const shown = variable.secret ? 'its value' : JSON.stringify(raw);
  const why = parsed.error.issues.map((issue) => issue.message).join('; ');
  const message = hideCredentials(`${shown} cannot be used: ${why}`);
  problems.push({ variable: variable.name, message });
  return undefined;
}

/** An operator may write a URL with a password where an address belongs (`redis://:password@host`). */
function hideCredentials(message: string): string {
  return message.replaceAll(/"(?:[^"\\]|\\.)*@/g, '"…@');
}

function isVariable(entry: Variable<unknown> | VariableTree): entry is Variable<unknown> {
  return 'schema' in entry && 'presence' in entry;
}
