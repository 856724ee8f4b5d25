import { recordAct } from '../../audit/audit.ts';
import { actorId, type Caller, managerOf } from '../caller.ts';
import type { Lobby } from '../context.ts';
import type { Trigger } from '../domain/game.ts';
import { noSuchGame, refuseUnlessAt } from '../refusals.ts';
import type { Work } from '../store/database.ts';
import { lockGame, type StoredGame } from '../store/games.ts';
import { auditEntries } from '../store/schema.ts';
import { applyTransition, type TransitionParts, type TransitionRequest } from './transition.ts';

/** A game, and the revision of it that its manager has seen; undefined: whichever it is at. */
export type GameAtRevision = { readonly gameId: string; readonly expectedRevision: number | undefined };

/**
 * Applies a trigger to a game on behalf of its owner or an admin.
 * @param more conditions besides the game's status, and details to store.
 * @throws Refusal `not_found`, `forbidden`, `revision_mismatch`, `invalid_state`.
 */
export function requestTransition(
  lobby: TransitionParts & Pick<Lobby, 'now'>,
  caller: Caller,
  { gameId, expectedRevision }: GameAtRevision,
  trigger: Trigger,
  more: Pick<TransitionRequest, 'unless' | 'registeredAt' | 'enrollmentEndsAt'> = {},
): Work<StoredGame> {
  return async (tx) => {
    const game = await lockGame(tx, caller.actor, gameId);
    if (game === undefined) throw noSuchGame();
    const by = managerOf(caller, game);
    refuseUnlessAt(game, expectedRevision);
    const { traceparent } = caller;
    const moved = await applyTransition(tx, lobby, game, {
      trigger,
      by,
      actorId: actorId(caller),
      at: lobby.now(),
      traceparent,
      ...more,
    });
    await recordAct(tx, auditEntries, caller, {
      action: `game.${trigger}`,
      subject: { kind: 'game', id: gameId },
      before: { status: game.status, revision: game.revision },
      after: { status: moved.status, revision: moved.revision },
    });
    return moved;
  };
}
