// What the lobby is told. The id of an event follows from the runtime, what it says and the turn, so that whatever is told
// once more, after a restart too, is known there as a repeat.
import { v5 as uuidv5 } from 'uuid';
import type { GameState } from '../../engine/api.ts';
import type { GmEvent } from '../../protocol/gm-events.ts';
import type { EngineHealth } from './engine-health.ts';
import type { Runtime } from './runtime.ts';

/** How a game stands after a turn. */
export type Progress = Pick<GameState, 'turn' | 'status' | 'players'>;

type Subject = Pick<Runtime, 'gameId' | 'jobId'>;

/** The game after its last turn; after turn 0, as it begins. */
export function snapshotEvent(runtime: Subject, state: Progress, at: Date): GmEvent {
  return event(runtime, 'runtime_snapshot_update', [state.turn], stateFields(state), at);
}

/** `state` is how it ended. */
export function finishedEvent(runtime: Subject, state: Progress, at: Date): GmEvent {
  return event(runtime, 'game_finished', [state.turn], stateFields(state), at);
}

/**
 * The engine does not play on after `played`. Told once for each turn and kind of trouble; that it is over is told by the
 * next turn's snapshot.
 * @param played the last turn, and how players stood then as far as that is known; turn 0 of a game that was never set up.
 */
export function troubleEvent(
  runtime: Subject,
  played: Pick<Progress, 'turn' | 'players'>,
  health: Exclude<EngineHealth, 'ok'>,
  at: Date,
): GmEvent {
  const fields = { ...stateFields({ ...played, status: 'running' }), engine_health: health };
  return event(runtime, 'runtime_snapshot_update', [played.turn, health], fields, at);
}

function stateFields({ turn, status, players }: Progress) {
  return {
    turn,
    runtime_status: status,
    engine_health: 'ok' satisfies EngineHealth,
    player_stats: players.map(({ user_id, planets, population, ships_built }) => ({
      user_id,
      planets,
      population,
      ships_built,
    })),
  };
}

function event(
  { gameId, jobId }: Subject,
  type: GmEvent['event_type'],
  occasion: readonly (string | number)[],
  fields: Pick<GmEvent, 'turn' | 'runtime_status' | 'engine_health' | 'player_stats'>,
  at: Date,
): GmEvent {
  return {
    event_id: uuidv5([type, ...occasion].join('/'), jobId),
    event_type: type,
    game_id: gameId,
    runtime_job_id: jobId,
    ...fields,
    occurred_at_ms: at.getTime(),
  };
}
