// Secrets from files: for each variable that may hold one, `NAME_FILE` names a file that has its value, as the secrets of
// container engines and of Kubernetes are mounted.
import { readFileSync, statSync } from 'node:fs';
import { StartupError } from '../config/startup.ts';
import type { Environment, Problem } from '../config/variables.ts';

/** The ends of the names of variables whose values may be in files. Others that end with `_FILE` have their own meaning. */
const secretEndings = [
  'CALLERS',
  'DSN',
  'DSNS',
  'HMAC_KEY',
  'PASSWORD',
  'SECRET',
  'SMTP_URL',
  'TOKEN',
] as const;

const named = new RegExp(`^(GATEWAY|BACKEND|LOBBY|GM|RM|CONSOLE)_(\\w+_)?(${secretEndings.join('|')})_FILE$`);

const maxBytes = 65_536;

/**
 * The environment with the values of such files in place of their names. One newline at the end of a file is not part of
 * its value.
 * @throws StartupError with every problem.
 */
export function readSecretFiles(environment: Environment): Environment {
  const values: Record<string, string | undefined> = { ...environment };
  const problems: Problem[] = [];
  for (const [variable, path] of Object.entries(environment)) {
    if (path === undefined || path === '' || !named.test(variable)) continue;
    const target = variable.slice(0, -'_FILE'.length);
    const read =
      (environment[target] ?? '') === ''
        ? readSecret(path)
        : { problem: `${target} is set, too; leave one of them out` };
    if ('problem' in read) problems.push({ variable, message: read.problem });
    else values[target] = read.value;
    delete values[variable];
  }
  if (problems.length > 0) throw new StartupError(problems);
  return values;
}

function readSecret(path: string): { value: string } | { problem: string } {
  try {
    const { size } = statSync(path);
    if (size > maxBytes) return { problem: `${path} has more than ${maxBytes} bytes` };
    return { value: readFileSync(path, 'utf8').replace(/\r?\n$/, '') };
  } catch (error) {
    return { problem: `it cannot be read: ${error instanceof Error ? error.message : String(error)}` };
  }
}
