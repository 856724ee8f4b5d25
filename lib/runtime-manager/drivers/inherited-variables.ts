import type { Environment } from '../../config/variables.ts';

/** Of this machine. Others may hold secrets of the Runtime Manager. */
const machineVariables = new Set(['PATH', 'HOME', 'LANG', 'TZ']);

/** The operator's variables for engines. */
export function engineVariables(environment: Environment): Record<string, string> {
  return chosen(environment, (name) => name.startsWith('GALAXY_ENGINE_'));
}

/** What an engine that is a process of this machine gets of the environment. */
export function inheritedVariables(environment: Environment): Record<string, string> {
  return { ...chosen(environment, (name) => machineVariables.has(name)), ...engineVariables(environment) };
}

function chosen(environment: Environment, isWanted: (name: string) => boolean): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]): [string, string][] =>
      value !== undefined && isWanted(name) ? [[name, value]] : [],
    ),
  );
}
