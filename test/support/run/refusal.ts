// A process that refuses to start, without the process: to start one takes a second of CPU time, and all but its exit
// code and the title of its message is decided here.
import { StartupError } from '../../../lib/config/startup.ts';
import type { Environment } from '../../../lib/config/variables.ts';

/** The lines that it prints after the title, sorted. @param run of the file in `workers` or `infra/node`. */
export async function refusalOf(
  run: (environment: Environment, stop: AbortSignal) => Promise<void>,
  environment: Record<string, string>,
): Promise<string[]> {
  try {
    await run(environment, new AbortController().signal);
  } catch (error) {
    if (!(error instanceof StartupError)) throw error;
    return error.problems.map(({ variable, message }) => `  ${variable}: ${message}`).toSorted();
  }
  throw new Error('It has started, and stopped again.');
}
