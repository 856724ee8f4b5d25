import { nameKeys } from '../../names/keys.ts';
import type { Lobby } from '../context.ts';
import { capabilityOf, registrationWindowMs } from '../domain/capability.ts';
import { registeredAs } from '../domain/race-name/registration.ts';
import { registrationAllowed, registrationDenied } from '../outbox/intents.ts';
import type { Occasion } from '../outbox/messages.ts';
import type { Tx } from '../store/database.ts';
import type { StoredGame } from '../store/games.ts';
import { statisticsOf } from '../store/member-statistics.ts';
import { playersOf } from '../store/memberships.ts';

/**
 * Decides per member of a finished game, which is locked, whether the race name may be registered. Players who left it
 * after its start get nothing; their names are free from now on, too. Players who have registered the name are not
 * notified: nothing about it changes for them.
 * @returns a remark for the game's timeline, if any.
 */
export async function evaluateCapabilities(
  tx: Tx,
  { raceNames, outbox }: Pick<Lobby, 'raceNames' | 'outbox'>,
  game: StoredGame,
  occasion: Occasion,
): Promise<string | undefined> {
  const { gameId } = game;
  const statistics = await statisticsOf(tx, gameId);
  const until = new Date(occasion.at.getTime() + registrationWindowMs);
  const unknown: string[] = [];
  for (const player of await playersOf(tx, gameId)) {
    const { userId } = player;
    const capability = capabilityOf(statistics.get(userId));
    if (capability === 'no_statistics') unknown.push(userId);
    const registered = await raceNames.listRegistered(tx, userId);
    if (registeredAs(nameKeys(player.raceName), registered) !== undefined) continue;
    if (capability === 'capable') {
      await raceNames.allowRegistration(tx, { userId, gameId }, until);
      await outbox.write(tx, registrationAllowed(game, player, until, occasion));
    } else {
      await outbox.write(tx, registrationDenied(game, player, capability, occasion));
    }
  }
  await raceNames.releaseGame(tx, gameId);
  return unknown.length === 0 ? undefined : `no statistics at all for ${unknown.join(', ')}`;
}
