import { recordAct } from '../../audit/audit.ts';
import { Refusal } from '../../errors/table.ts';
import { invalidFields } from '../../http/field-problems.ts';
import { actorId, type Caller, managerOf } from '../caller.ts';
import type { Lobby } from '../context.ts';
import { engineSettings, offerProblems } from '../domain/game-engine.ts';
import { correctSettings, type GameChanges } from '../domain/game-update.ts';
import { transition } from '../domain/state-machine.ts';
import { noSuchGame, refuseUnless, refuseUnlessAt } from '../refusals.ts';
import type { Work } from '../store/database.ts';
import { lockGame, type StoredGame, saveSettings } from '../store/games.ts';
import { auditEntries } from '../store/schema.ts';
import { insertTimelineEntry } from '../store/timeline.ts';
import type { GameAtRevision } from './request-transition.ts';
import { applyTransition, type TransitionParts } from './transition.ts';

/**
 * Lets an admin correct what players can no longer change: name, clock and engine of a game whose enrollment is over and
 * that does not run. A paused game that is to get another engine, before a turn of it was played, has to be started again
 * with it; the Game Master hears of other changes when the game is resumed.
 * @param reason for the timeline.
 * @throws Refusal `not_found`, `forbidden`, `revision_mismatch`, `invalid_state`, `invalid_request`.
 */
export function correctGame(
  lobby: TransitionParts & Pick<Lobby, 'catalogue' | 'minTurnIntervalMs' | 'now'>,
  caller: Caller,
  { gameId, expectedRevision }: GameAtRevision,
  { changes, reason }: { readonly changes: GameChanges; readonly reason: string },
): Work<StoredGame> {
  return async (tx) => {
    const game = await lockGame(tx, caller.actor, gameId);
    if (game === undefined) throw noSuchGame();
    const by = managerOf(caller, game);
    refuseUnlessAt(game, expectedRevision);
    const newEngine = engineSettings.some((key) => changes[key] !== undefined);
    const trigger = newEngine && game.status === 'paused' ? 'replace_engine' : 'correct';
    refuseUnless(transition(game, trigger, by));
    if (trigger === 'replace_engine' && (game.currentTurn ?? 0) > 0) {
      const message = `Turn ${game.currentTurn} was played, and a game cannot go on with another engine. Cancel it.`;
      throw new Refusal('invalid_state', message, { status: game.status });
    }
    const at = lobby.now();
    const corrected = correctSettings(game, changes, at, lobby.minTurnIntervalMs);
    if (!corrected.ok) throw invalidFields(corrected.fields);
    const problems = newEngine ? offerProblems(corrected.settings, lobby.catalogue) : [];
    if (problems.length > 0) throw invalidFields(problems);
    const saved = await saveSettings(tx, game, corrected.settings, at);
    await recordAct(tx, auditEntries, caller, {
      action: `game.${trigger}`,
      subject: { kind: 'game', id: gameId },
      before: { status: game.status, revision: game.revision },
      after: { revision: saved.revision, changed: Object.keys(changes) },
      reason,
    });
    const occasion = { by, actorId: actorId(caller), reason, at, traceparent: caller.traceparent };
    if (trigger === 'replace_engine') return applyTransition(tx, lobby, saved, { trigger, ...occasion });
    await insertTimelineEntry(tx, {
      entryId: lobby.newId(),
      gameId,
      revision: saved.revision,
      at,
      trigger,
      actor: by,
      actorId: occasion.actorId,
      from: game.status,
      to: game.status,
      reason,
    });
    return saved;
  };
}
