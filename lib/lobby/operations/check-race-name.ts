import type { Caller } from '../caller.ts';
import type { Lobby } from '../context.ts';
import { parseRaceName, type RaceNameProblem } from '../domain/race-name/canonical.ts';

/** Why a name cannot be had: the rule that it breaks, or that somebody else has it, or one that counts as it. */
export type RaceNameObstacle = { readonly reason: RaceNameProblem | 'taken'; readonly message: string };

/**
 * What keeps a user from taking a race name now; undefined when nothing does, as with a name that is theirs already.
 * An admin learns what keeps anybody from it. Promises nothing: somebody else may be faster.
 */
export async function checkRaceName(
  { db, raceNames }: Pick<Lobby, 'db' | 'raceNames'>,
  { actor }: Caller,
  rawName: string,
): Promise<RaceNameObstacle | undefined> {
  const parsed = parseRaceName(rawName);
  if (!parsed.ok) return parsed;
  const userId = actor.kind === 'user' ? actor.userId : null;
  if (await raceNames.isFreeFor(db, userId, parsed.keys)) return undefined;
  return { reason: 'taken', message: 'Another player has this race name, or one that looks like it.' };
}
