import type { GmEvent } from '../../protocol/gm-events.ts';
import { readReport, resultWithHolders } from '../domain/runtime-reports.ts';
import type { Occasion } from '../outbox/messages.ts';
import type { Tx } from '../store/database.ts';
import { type StoredGame, saveSnapshot } from '../store/games.ts';
import { recordStatistics } from '../store/member-statistics.ts';
import { seatHoldersOf } from '../store/memberships.ts';
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
  switch (readReport(game, { runtimeJobId, reportSeq: event.report_seq, turn, finishes })) {
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
    ...(event.report_seq === undefined ? {} : progressOf(game, event, event.report_seq)),
    ...(event.result === undefined
      ? {}
      : { result: resultWithHolders(event.result, await seatHoldersOf(tx, game.gameId)) }),
  });
  if (finishes) {
    return applyTransition(tx, lobby, reported, {
      trigger: 'game_finished',
      by: 'gm_event',
      actorId: null,
      ...occasion,
    });
  }
  return reported;
}

/** The clock of a paused game stands still, also when the Game Master did not know of the pause when it reported. */
function progressOf(game: StoredGame, event: GmEvent, reportSeq: number) {
  const runs = game.status === 'running';
  return {
    reportSeq: Math.max(reportSeq, game.reportSeq ?? 0),
    dueAt: runs ? timeOf(event.due_at_ms) : null,
    closesAt: runs ? timeOf(event.closes_at_ms) : null,
    awaitedSeats: event.awaited_seats ?? [],
    readySeats: event.ready_seats ?? [],
  };
}

function timeOf(ms: number | undefined): Date | null {
  return ms === undefined ? null : new Date(ms);
}

function toReport({ user_id: userId, planets, population }: GmEvent['player_stats'][number]) {
  return { userId, planets, population };
}
