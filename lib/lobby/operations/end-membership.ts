import type { Lobby } from '../context.ts';
import { gapAfterMembershipChange } from '../domain/enrollment.ts';
import type { Membership } from '../domain/game.ts';
import { leavingFreesName } from '../domain/leaving.ts';
import type { Tx } from '../store/database.ts';
import { type StoredGame, saveMemberCount } from '../store/games.ts';
import { saveMembershipEnd } from '../store/memberships.ts';

/**
 * Ends an active membership: the place is free at once, and the gap closes when fewer than `max_players`
 * remain; the race name is free, too, unless the game has started. The transaction has locked the game.
 */
export async function endMembership(
  tx: Tx,
  { raceNames }: Pick<Lobby, 'raceNames'>,
  game: StoredGame,
  { membershipId, userId }: Membership,
  status: 'left' | 'removed' | 'blocked',
  at: Date,
): Promise<Membership> {
  const ended = await saveMembershipEnd(tx, membershipId, status, at);
  if (leavingFreesName(game)) await raceNames.release(tx, { userId, gameId: game.gameId });
  const activeMembers = game.activeMembers - 1;
  const gapOpenedAt = gapAfterMembershipChange(game, activeMembers, at);
  await saveMemberCount(tx, game, { activeMembers, gapOpenedAt }, at);
  return ended;
}
