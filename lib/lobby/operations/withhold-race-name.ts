import { invalidFields } from '../../http/field-problems.ts';
import { actorId, type Caller } from '../caller.ts';
import type { Lobby } from '../context.ts';
import { parseRaceName } from '../domain/race-name/canonical.ts';
import type { WithheldRaceName } from '../domain/race-name/held.ts';
import { raceNameRefused } from '../refusals.ts';
import type { Work } from '../store/database.ts';
import { recordWithheldName } from './record-race-name.ts';

/**
 * Keeps a name, and all that look like it, from all players, for operators.
 * @throws Refusal `invalid_request` for a name that nobody could take anyway, `race_name_taken` when a player has it, or it
 *   is withheld already.
 */
export function withholdRaceName(
  { raceNames, newId, now }: Pick<Lobby, 'raceNames' | 'newId' | 'now'>,
  caller: Caller,
  { name: rawName, reason }: { readonly name: string; readonly reason: string },
): Work<WithheldRaceName> {
  const parsed = parseRaceName(rawName);
  if (!parsed.ok) throw invalidFields([{ field: 'race_name', problem: parsed.message }]);
  const { name, keys } = parsed;
  return async (tx) => {
    const withheld: WithheldRaceName = {
      withheldNameId: newId(),
      name,
      ...keys,
      reason,
      withheldBy: actorId(caller),
      withheldAt: now(),
    };
    const outcome = await raceNames.withhold(tx, withheld);
    if (outcome !== 'withheld_now') throw raceNameRefused(name, outcome);
    await recordWithheldName(tx, caller, { action: 'race_name.withhold', withheld, reason });
    return withheld;
  };
}
