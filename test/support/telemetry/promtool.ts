// Prometheus' own checker.
import { locateProgram } from '../../../infra/local/debian-program.ts';

/** @returns undefined where it is not installed and there are no Debian packages to take it from. */
export async function locatePromtool(): Promise<string | undefined> {
  const promtool = await locateProgram(
    { title: 'Prometheus', names: ['promtool'], packages: ['prometheus'], path: 'usr/bin/promtool' },
    { log: (line) => process.stderr.write(`${line}\n`) },
  );
  return promtool?.file;
}
