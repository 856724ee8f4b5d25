import type { Caller } from '../caller.ts';
import type { Lobby } from '../context.ts';
import { parseRaceName, type RaceNameProblem } from '../domain/race-name/canonical.ts';

/** Why a name is not available: the rule that it breaks, or that another user has it, or an equivalent one. */
export type RaceNameObstacle = { readonly reason: RaceNameProblem | 'taken'; readonly message: string };

/**
 * Why a user cannot take a race name now; undefined if they can, or have it already. For an admin: why no user can take
 * it. The result is not a promise: another user may be faster.
 */
export async function checkRaceName(
  { db, raceNames }: Pick<Lobby, 'db' | 'raceNames'>,
  { actor }: Caller,
  rawName: string,
): Promise<RaceNameObstacle | undefined> {
  const parsed = parseRaceName(rawName);
  if (!parsed.ok) return parsed;
  const userId = actor.kind === 'user' ? actor.userId : null;
  switch (await raceNames.obstacle(db, userId, parsed.keys)) {
    case 'taken':
      return { reason: 'taken', message: 'Another player has this race name, or one that looks like it.' };
    case 'withheld':
      return { reason: 'reserved', message: 'No player can have this race name, or one that looks like it.' };
    case undefined:
      return undefined;
  }
}
