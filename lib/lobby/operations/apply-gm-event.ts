import type { GmEvent } from '../../protocol/gm-events.ts';
import { readReport } from '../domain/runtime-reports.ts';
import { turnAdvanced } from '../outbox/intents.ts';
import type { Occasion } from '../outbox/messages.ts';
import type { Tx } from '../store/database.ts';
import { type StoredGame, saveSnapshot } from '../store/games.ts';
import { recordStatistics } from '../store/member-statistics.ts';
import { playersOf } from '../store/memberships.ts';
import { storeWaitingEvent } from '../store/waiting-events.ts';
import { applyTransition, type TransitionParts } from './transition.ts';

/**
 * Applies a report of the Game Master to a game that the transaction has locked. The report of a game's end has
 * statistics like any other, and they count.
 * @param occasion when the lobby handles it.
 * @returns the game afterwards.
 */
export async function applyGmEvent(
  tx: Tx,
  lobby: TransitionParts,
  game: StoredGame,
  event: GmEvent,
  occasion: Occasion,
): Promise<StoredGame> {
  const finishes = event.event_type === 'game_finished';
  const { runtime_job_id: runtimeJobId, turn } = event;
  switch (readReport(game, { runtimeJobId, turn, finishes })) {
    case 'over':
    case 'old':
      return game;
    case 'wait':
      await storeWaitingEvent(tx, event);
      return game;
    case 'apply':
      break;
  }
  await recordStatistics(tx, game.gameId, event.player_stats.map(toReport));
  const reported = await saveSnapshot(tx, game, {
    currentTurn: Math.max(turn, game.currentTurn ?? 0),
    runtimeStatus: event.runtime_status,
    engineHealth: event.engine_health,
    snapshotAt: new Date(event.occurred_at_ms),
  });
  if (finishes) {
    return applyTransition(tx, lobby, reported, {
      trigger: 'game_finished',
      by: 'gm_event',
      actorId: null,
      ...occasion,
    });
  }
  // Turn 0 is the beginning of the game, not a turn that was played.
  if (turn > (game.currentTurn ?? 0)) {
    const players = await playersOf(tx, game.gameId);
    await lobby.outbox.write(tx, turnAdvanced(reported, turn, players, occasion));
  }
  return reported;
}

function toReport({ user_id: userId, planets, population }: GmEvent['player_stats'][number]) {
  return { userId, planets, population };
}
