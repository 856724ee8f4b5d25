import { recordAct } from '../../audit/audit.ts';
import type { Caller } from '../caller.ts';
import type { HeldRaceName, WithheldRaceName } from '../domain/race-name/held.ts';
import type { Tx } from '../store/database.ts';
import { auditEntries } from '../store/schema.ts';

/** What an operator does with a race name that a user holds, as it is before. The name itself is in no entry. */
export function recordRaceName(
  tx: Tx,
  caller: Caller,
  {
    action,
    held: { raceNameId, kind, userId, gameId },
    reason,
  }: { action: 'race_name.release' | 'race_name.rename'; held: HeldRaceName; reason: string },
): Promise<void> {
  return recordAct(tx, auditEntries, caller, {
    action,
    subject: { kind: 'race_name', id: raceNameId },
    before: { kind, user_id: userId, game_id: gameId },
    reason,
  });
}

/** The same with a name that is kept from all players. */
export function recordWithheldName(
  tx: Tx,
  caller: Caller,
  {
    action,
    withheld: { withheldNameId },
    reason,
  }: { action: 'race_name.withhold' | 'race_name.give_back'; withheld: WithheldRaceName; reason: string },
): Promise<void> {
  return recordAct(tx, auditEntries, caller, {
    action,
    subject: { kind: 'withheld_race_name', id: withheldNameId },
    reason,
  });
}
