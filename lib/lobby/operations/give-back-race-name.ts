import type { Caller } from '../caller.ts';
import type { Lobby } from '../context.ts';
import type { WithheldRaceName } from '../domain/race-name/held.ts';
import { noRaceName } from '../refusals.ts';
import type { Work } from '../store/database.ts';
import { recordWithheldName } from './record-race-name.ts';

/** Lets players have a withheld name again, for operators. @throws Refusal `not_found`. */
export function giveBackRaceName(
  { raceNames }: Pick<Lobby, 'raceNames'>,
  caller: Caller,
  { withheldNameId, reason }: { readonly withheldNameId: string; readonly reason: string },
): Work<WithheldRaceName> {
  return async (tx) => {
    const givenBack = await raceNames.giveBack(tx, withheldNameId);
    if (givenBack === undefined) throw noRaceName();
    await recordWithheldName(tx, caller, { action: 'race_name.give_back', withheld: givenBack, reason });
    return givenBack;
  };
}
