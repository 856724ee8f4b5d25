// One run of engine:check: the manifest first, then the groups one after the other.
import type { Group, Outcome } from './group.ts';
import { botsGroup } from './groups/bots.ts';
import { crashGroup } from './groups/crash.ts';
import { manifestGroup } from './groups/manifest.ts';
import { playGroup } from './groups/play.ts';
import { seatsGroup } from './groups/seats.ts';
import { secretsGroup } from './groups/secrets.ts';
import { setUpGroup } from './groups/set-up.ts';
import { startGroup } from './groups/start.ts';
import { turnsGroup } from './groups/turns.ts';
import { validateGroup } from './groups/validate.ts';
import { viewsGroup } from './groups/views.ts';
import { says } from './interface-says.ts';
import { Lab, type LabOptions } from './lab.ts';
import { Violation } from './violation.ts';

const groups: readonly Group[] = [
  startGroup,
  manifestGroup,
  setUpGroup,
  validateGroup,
  turnsGroup,
  viewsGroup,
  seatsGroup,
  botsGroup,
  playGroup,
  crashGroup,
  secretsGroup,
];

export const groupNames: readonly string[] = groups.map(({ name }) => name);

/** Names of the checks of a group, or of those whose name holds this text. */
export function checksNamed(text: string): readonly string[] {
  const named = groups.find(({ name }) => name === text);
  return named?.checks ?? groups.flatMap(({ checks }) => checks.filter((check) => check.includes(text)));
}

/**
 * @param only names of the checks to run; all if undefined.
 * @returns false when the engine could not even be prepared for some of them.
 * @throws the reason of `options.signal`, unless that is a Violation.
 */
export async function runChecks(
  options: LabOptions,
  only: readonly string[] | undefined,
  report: (outcome: Outcome) => void,
): Promise<boolean> {
  const first = { group: 'manifest', name: 'starts, and has a valid manifest', saying: says.manifest };
  let lab: Lab;
  try {
    lab = await Lab.open(options);
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    report({ ...first, kind: 'failed', violation: error });
    return false;
  }
  try {
    report({ ...first, kind: 'ok' });
    for (const group of groups) {
      const wanted = new Set(
        only === undefined ? group.checks : group.checks.filter((name) => only.includes(name)),
      );
      if (wanted.size > 0 && !(await group.run(lab, wanted, report))) return false;
    }
    return true;
  } finally {
    await lab.close();
  }
}
