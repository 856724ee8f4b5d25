// This file alone, since the package's index loads 60.
import parse from 'semver/functions/parse.js';

/** What is wrong with the version of an engine; undefined when it is a semantic version. */
export function engineVersionProblem(version: string): string | undefined {
  const parsed = parse(version);
  // The parser forgives a leading v and blanks.
  const written =
    parsed && [parsed.version, ...(parsed.build.length ? [parsed.build.join('.')] : [])].join('+');
  return written === version ? undefined : 'must be a semantic version such as 1.4.0 or 2.0.0-rc.1';
}
