import { Refusal } from '../../errors/table.ts';
import type { Caller } from '../caller.ts';
import type { Lobby } from '../context.ts';
import type { HeldRaceName } from '../domain/race-name/held.ts';
import { noRaceName } from '../refusals.ts';
import type { Work } from '../store/database.ts';
import { lockAnyGame } from '../store/games.ts';
import { findActiveMembership } from '../store/memberships.ts';
import { recordRaceName } from './record-race-name.ts';

/**
 * Takes a race name from its holder, for operators. Not one under which a member plays: the game would go on with a name
 * that another player could take.
 * @throws Refusal `not_found`, `invalid_state`.
 */
export async function releaseRaceName(
  { db, raceNames }: Pick<Lobby, 'db' | 'raceNames'>,
  caller: Caller,
  { raceNameId, reason }: { readonly raceNameId: string; readonly reason: string },
): Promise<Work<HeldRaceName>> {
  const seen = await raceNames.findAny(db, raceNameId);
  if (seen === undefined) throw noRaceName();
  const { userId, gameId } = seen;
  return async (tx) => {
    // Its lock is held where a reservation becomes a pending registration, and where that is registered.
    await lockAnyGame(tx, gameId);
    const held = await raceNames.lock(tx, userId, raceNameId);
    if (held === undefined) throw noRaceName();
    const plays = held.kind === 'reservation' ? await findActiveMembership(tx, gameId, userId) : undefined;
    if (plays !== undefined) {
      throw new Refusal(
        'invalid_state',
        `The user plays under this race name in game ${gameId}. Remove membership ${plays.membershipId} first.`,
        { kind: held.kind, game_id: gameId, membership_id: plays.membershipId },
      );
    }
    await raceNames.releaseOne(tx, raceNameId);
    await recordRaceName(tx, caller, { action: 'race_name.release', held, reason });
    return held;
  };
}
