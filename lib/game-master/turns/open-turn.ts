import type { GameState } from '../../engine/api.ts';
import { nextDue } from '../../time/turn-clock.ts';
import { wholeTurn } from '../domain/clock.ts';
import type { StoredGame } from '../store/games.ts';

/** The game after a turn that its engine has played, or after the set-up: with the next turn open, or over. */
export function openNextTurn(game: StoredGame, state: GameState, now: Date): StoredGame {
  const common = {
    ...game,
    playedTurn: state.turn,
    closedAt: null,
    closeReason: null,
    ordersBytes: 0,
    stats: state.stats,
    engineHealth: 'ok' as const,
    engineProblem: null,
    failures: 0,
  };
  if (state.status === 'finished') {
    const result = state.result ?? null;
    return { ...common, phase: 'over', dueAt: null, remainingMs: null, awaiting: [], result };
  }
  const paused = game.status === 'paused';
  return {
    ...common,
    phase: 'open',
    openedAt: now,
    dueAt: paused ? null : nextDue(game, { dueAt: game.dueAt, playedAt: now }),
    remainingMs: paused ? wholeTurn(game) : null,
    awaiting: state.awaiting,
  };
}
