import { Refusal } from '../../errors/table.ts';
import { invalidFields } from '../../http/field-problems.ts';
import type { Caller } from '../caller.ts';
import type { Lobby } from '../context.ts';
import { parseRaceName } from '../domain/race-name/canonical.ts';
import type { HeldRaceName } from '../domain/race-name/held.ts';
import { registeredAs } from '../domain/race-name/registration.ts';
import { noRaceName, raceNameRefused } from '../refusals.ts';
import type { Work } from '../store/database.ts';
import { lockUserGuard } from '../store/user-guards.ts';
import { recordRaceName } from './record-race-name.ts';

/**
 * Gives the holder of a registered name another one in its place, for operators. Every rule for names holds.
 * @throws Refusal `invalid_request` for a name that cannot be one, `not_found`, `invalid_state`, `race_name_taken`,
 *   `subject_not_found`.
 */
export async function renameRaceName(
  { db, raceNames }: Pick<Lobby, 'db' | 'raceNames'>,
  caller: Caller,
  {
    raceNameId,
    name: rawName,
    reason,
  }: { readonly raceNameId: string; readonly name: string; readonly reason: string },
): Promise<Work<HeldRaceName>> {
  const parsed = parseRaceName(rawName);
  if (!parsed.ok) throw invalidFields([{ field: 'race_name', problem: parsed.message }]);
  const { name, keys } = parsed;
  const seen = await raceNames.findAny(db, raceNameId);
  if (seen === undefined) throw noRaceName();
  return async (tx) => {
    await lockUserGuard(tx, seen.userId);
    const held = await raceNames.lock(tx, seen.userId, raceNameId);
    if (held === undefined) throw noRaceName();
    if (held.kind !== 'registered') {
      const message = `The race name is a ${held.kind}; only a registered one can be renamed.`;
      throw new Refusal('invalid_state', message, { kind: held.kind });
    }
    const others = (await raceNames.listRegistered(tx, seen.userId)).filter(
      (one) => one.raceNameId !== raceNameId,
    );
    const same = registeredAs(keys, others);
    if (same !== undefined) {
      const message = `The user has registered ${JSON.stringify(same.name)}, which counts as this name.`;
      throw new Refusal('invalid_state', message, { registered_race_name_id: same.raceNameId });
    }
    const renamed = await raceNames.rename(tx, held, { name, keys });
    if (typeof renamed === 'string') throw raceNameRefused(name, renamed);
    await recordRaceName(tx, caller, { action: 'race_name.rename', held, reason });
    return renamed;
  };
}
