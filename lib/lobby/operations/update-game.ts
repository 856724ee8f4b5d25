import { recordAct } from '../../audit/audit.ts';
import { Refusal } from '../../errors/table.ts';
import { invalidFields } from '../../http/field-problems.ts';
import { type Caller, managerOf } from '../caller.ts';
import type { Lobby } from '../context.ts';
import { typeProblems } from '../domain/game.ts';
import { engineProblems, engineSettings } from '../domain/game-engine.ts';
import { changeSettings, type GameChanges } from '../domain/game-update.ts';
import { noSuchGame, refuseUnlessAt } from '../refusals.ts';
import type { Work } from '../store/database.ts';
import { lockGame, type StoredGame, saveSettings } from '../store/games.ts';
import { auditEntries } from '../store/schema.ts';

/**
 * Changes settings of a game.
 * @param expectedRevision when given, the game must still be at this revision.
 * @throws Refusal `not_found`, `forbidden`, `revision_mismatch`, `invalid_state`, `invalid_request`.
 */
export function updateGame(
  lobby: Pick<Lobby, 'catalogue' | 'minTurnIntervalMs' | 'now'>,
  caller: Caller,
  gameId: string,
  changes: GameChanges,
  expectedRevision: number | undefined,
): Work<StoredGame> {
  return async (tx) => {
    const game = await lockGame(tx, caller.actor, gameId);
    if (game === undefined) throw noSuchGame();
    managerOf(caller, game);
    refuseUnlessAt(game, expectedRevision);
    const at = lobby.now();
    const changed = changeSettings(game, changes, at, lobby.minTurnIntervalMs);
    if (changed.ok) {
      // Of an old draft the engine may be gone, and other settings can still be changed.
      const isForEngine = engineSettings.some((key) => changes[key] !== undefined);
      const problems = [
        ...typeProblems(game.gameType, changed.settings),
        ...(isForEngine ? engineProblems(changed.settings, lobby.catalogue) : []),
      ];
      if (problems.length > 0) throw invalidFields(problems);
      const saved = await saveSettings(tx, game, changed.settings, at);
      await recordAct(tx, auditEntries, caller, {
        action: 'game.update',
        subject: { kind: 'game', id: gameId },
        before: { status: game.status, revision: game.revision },
        after: { status: saved.status, revision: saved.revision, changed: Object.keys(changes) },
      });
      return saved;
    }
    if (changed.code === 'invalid_request') throw invalidFields(changed.fields);
    throw new Refusal(changed.code, changed.message, changed.details);
  };
}
