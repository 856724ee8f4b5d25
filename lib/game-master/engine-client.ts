// Speaks to the engine of one game; docs/engine-interface.md is the contract. Engines are written by others, so every
// answer is bounded in time and size, and nothing is believed that is not as described.
import { engineRoutes, type GameState, gameStateSchema } from '../engine/api.ts';
import { askService, type ServiceQuestion, type ServiceResponse } from '../http/ask-service.ts';
import { EngineTrouble } from './domain/engine-health.ts';
import type { Player } from './domain/runtime.ts';

/** A state of 1,100 players has 200 KiB at most. */
const maxBytes = 1024 * 1024;

export type Engine = {
  /** @returns undefined before the game was set up. @throws EngineTrouble */
  state(): Promise<GameState | undefined>;
  /** @throws EngineTrouble */
  setUp(gameId: string, players: readonly Player[]): Promise<GameState>;
  /** @throws EngineTrouble */
  playTurn(turn: number): Promise<GameState>;
};

/** @param timeoutMs bound on one exchange, body included. */
export function openEngine(endpoint: string, timeoutMs: number): Engine {
  const ask = async (method: ServiceQuestion['method'], route: string, body?: unknown) => {
    try {
      return await askService(`${endpoint}${route}`, { method, body, timeoutMs, maxBytes });
    } catch (error) {
      throw new EngineTrouble('unreachable', `the engine gives no whole answer to ${method} ${route}`, error);
    }
  };

  return {
    async state() {
      const answer = await ask('GET', engineRoutes.game);
      return answer.status === 404 ? undefined : readState(answer);
    },
    async setUp(gameId, players) {
      const setup = {
        game_id: gameId,
        players: players.map(({ userId, raceName }) => ({ user_id: userId, race_name: raceName })),
      };
      return readState(await ask('PUT', engineRoutes.game, setup));
    },
    async playTurn(turn) {
      const state = readState(await ask('POST', engineRoutes.turns, { turn }));
      if (state.turn === turn) return state;
      throw new EngineTrouble('faulty', `the engine was asked for turn ${turn} and answered ${state.turn}`);
    },
  };
}

function readState({ status, text }: ServiceResponse): GameState {
  if (status !== 200) throw new EngineTrouble('faulty', `the engine answered with status ${status}`);
  try {
    return gameStateSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new EngineTrouble('faulty', "the engine's answer is not the state of a game", error);
  }
}
