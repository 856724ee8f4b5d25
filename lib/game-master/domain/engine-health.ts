// How an engine fares, as the lobby is told: a closed list.
import { type GameState, maxPlayers } from '../../engine/api.ts';

export const engineHealths = ['ok', 'unreachable', 'faulty', 'state_lost'] as const;
export type EngineHealth = (typeof engineHealths)[number];

/** An engine that could not be made to do what was due. The game stays where it is. */
export class EngineTrouble extends Error {
  /** `unreachable`: no whole answer in time. `faulty`: one that makes no sense. `state_lost`: it has forgotten turns. */
  readonly health: Exclude<EngineHealth, 'ok'>;

  constructor(health: Exclude<EngineHealth, 'ok'>, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'EngineTrouble';
    this.health = health;
  }
}

/**
 * Holds an engine's answer against what is known of the game.
 * @param playedTurn the last turn that is known to have been played.
 * @throws EngineTrouble
 */
export function requireContinuation(state: GameState, gameId: string, playedTurn: number): void {
  if (state.game_id.toLowerCase() !== gameId) {
    throw new EngineTrouble('faulty', `the engine plays another game, ${state.game_id}`);
  }
  const players = new Set(state.players.map(({ user_id }) => user_id.toLowerCase()));
  if (players.size !== state.players.length || players.size > maxPlayers) {
    throw new EngineTrouble('faulty', 'the engine names a player twice, or more than a game can have');
  }
  if (state.turn < playedTurn) {
    throw new EngineTrouble(
      'state_lost',
      `the engine is at turn ${state.turn}, but turn ${playedTurn} has been played`,
    );
  }
}
