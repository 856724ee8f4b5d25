import { nameKeys } from '../../names/keys.ts';
import type { Lobby } from '../context.ts';
import { parseRaceName, type RaceNameProblem } from '../domain/race-name/canonical.ts';
import type { HeldRaceName, WithheldRaceName } from '../domain/race-name/held.ts';

/** A name can have two holders, one by each key; a user may hold it in many games. */
const mostHeld = 200;

export type RaceNameLookup = {
  /** In NFC. */
  readonly name: string;
  /** The rule that the name breaks. */
  readonly problem: { readonly reason: RaceNameProblem; readonly message: string } | undefined;
  readonly held: readonly HeldRaceName[];
  readonly withheld: readonly WithheldRaceName[];
};

/**
 * Who has a name, or one that counts as it. A key may be given instead: its key is itself. Reads what is committed, since
 * operators decide by it.
 */
export async function lookUpRaceName(
  { db, raceNames }: Pick<Lobby, 'db' | 'raceNames'>,
  rawName: string,
): Promise<RaceNameLookup> {
  const name = rawName.normalize('NFC');
  const keys = nameKeys(name);
  const parsed = parseRaceName(rawName);
  return {
    name,
    problem: parsed.ok ? undefined : parsed,
    held: await raceNames.findHeldWith(db, keys, mostHeld),
    withheld: await raceNames.findWithheldWith(db, keys),
  };
}
