import type { NewMessage } from '../../outbox/store.ts';
import { gapAfterMembershipChange, reopenedForMs } from '../domain/enrollment.ts';
import type { EndedMembership, Membership } from '../domain/game.ts';
import { departureTrigger, leavesSeat, leavingFreesName } from '../domain/leaving.ts';
import { memberGone } from '../outbox/intents.ts';
import { type Occasion, seatVacated } from '../outbox/messages.ts';
import type { Tx } from '../store/database.ts';
import { type StoredGame, saveMemberCount } from '../store/games.ts';
import { playersOf, saveMembershipEnd } from '../store/memberships.ts';
import { applyTransition, type TransitionParts } from './transition.ts';

/**
 * Ends an active membership: the place is free at once, and the gap closes when fewer than `max_players` remain; the
 * race name is free, too, unless the game has started. Of a game that has started, the Game Master hears that the seat
 * is vacant, and owner and players that one of them has gone. A game that runs is cancelled when nobody is left; one that
 * is to be started enrolls again when too few are. The transaction has locked the game.
 * @param end `by` is the user or admin who ends it, for the timeline; `intents` are written before those of what follows.
 */
export async function endMembership(
  tx: Tx,
  lobby: TransitionParts,
  game: StoredGame,
  { membershipId, userId }: Membership,
  end: Occasion & {
    status: EndedMembership['status'];
    by: string | null;
    reason?: string;
    intents?: (ended: EndedMembership) => NewMessage[];
  },
): Promise<EndedMembership> {
  const { raceNames, outbox } = lobby;
  const { gameId } = game;
  const { status, by, reason, at, traceparent } = end;
  const ended = await saveMembershipEnd(tx, membershipId, status, at);
  if (leavingFreesName(game)) await raceNames.release(tx, { userId, gameId });
  const activeMembers = game.activeMembers - 1;
  const gapOpenedAt = gapAfterMembershipChange(game, activeMembers, at);
  const saved = await saveMemberCount(tx, game, { activeMembers, gapOpenedAt }, at);
  await outbox.write(tx, end.intents?.(ended) ?? []);
  if (leavesSeat(saved)) {
    await outbox.write(tx, [
      ...seatVacated(saved, ended, end),
      ...memberGone(saved, ended, await playersOf(tx, gameId), end),
    ]);
  }
  const trigger = departureTrigger(saved, activeMembers);
  if (trigger !== undefined) {
    await applyTransition(tx, lobby, saved, {
      trigger,
      by: 'departure',
      actorId: by,
      ...(reason === undefined ? {} : { reason }),
      ...(trigger === 'reopen_enrollment'
        ? { enrollmentEndsAt: new Date(at.getTime() + reopenedForMs) }
        : {}),
      at,
      traceparent,
    });
  }
  return ended;
}
