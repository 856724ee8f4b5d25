import type { Lobby } from '../context.ts';
import type { WithheldRaceName } from '../domain/race-name/held.ts';
import { noRaceName } from '../refusals.ts';
import type { Work } from '../store/database.ts';

/** Lets players have a withheld name again, for operators. @throws Refusal `not_found`. */
export function giveBackRaceName(
  { raceNames }: Pick<Lobby, 'raceNames'>,
  withheldNameId: string,
): Work<WithheldRaceName> {
  return async (tx) => {
    const givenBack = await raceNames.giveBack(tx, withheldNameId);
    if (givenBack === undefined) throw noRaceName();
    return givenBack;
  };
}
