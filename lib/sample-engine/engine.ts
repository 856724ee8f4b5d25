// One game of the sample engine: in memory, and saved before anybody hears of a change. Changes come one after the other,
// so that a turn which is asked for twice at once is played once.

import type { GameSetup, GameState } from '../engine/api.ts';
import { Refusal } from '../errors/table.ts';
import { type Game, isFinished, isGameOf, newGame, playTurn, stateOf } from './domain/game.ts';

/** Where the game is kept; game-file.ts makes one. */
export type GameFile = {
  load(): Promise<Game | undefined>;
  /** Resolves when the game would survive a crash. */
  save(game: Game): Promise<void>;
};

export class SampleEngine {
  readonly #file: GameFile;
  readonly #turns: number;
  #game: Game | undefined;
  #lastChange: Promise<unknown> = Promise.resolve();

  /** @param parts.turns after how many turns a game is finished. @param parts.game the one to go on with. */
  constructor(parts: { file: GameFile; turns: number; game: Game | undefined }) {
    this.#file = parts.file;
    this.#turns = parts.turns;
    this.#game = parts.game;
  }

  /** @throws Refusal `not_found` before the game was set up. */
  state(): GameState {
    return stateOf(this.#known());
  }

  /** @throws Refusal `invalid_state` when another game, or the same with other players, was set up before. */
  setUp(setup: GameSetup): Promise<GameState> {
    return this.#change(() => {
      if (this.#game === undefined) return newGame(setup, this.#turns);
      if (isGameOf(this.#game, setup)) return this.#game;
      throw new Refusal(
        'invalid_state',
        `This engine plays game ${this.#game.gameId} with the players that it was set up with; nothing was changed.`,
      );
    });
  }

  /** @throws Refusal `not_found`, or `invalid_state` when it is another turn's turn. */
  playTurn(turn: number): Promise<GameState> {
    return this.#change(() => {
      const game = this.#known();
      if (turn === game.turn) return game;
      if (isFinished(game)) {
        throw new Refusal(
          'invalid_state',
          `Turn ${turn} cannot be played: the game finished with turn ${game.turn}.`,
        );
      }
      if (turn !== game.turn + 1) {
        throw new Refusal(
          'invalid_state',
          `Turn ${turn} cannot be played; the next one is ${game.turn + 1}.`,
        );
      }
      return playTurn(game);
    });
  }

  #known(): Game {
    if (this.#game === undefined) {
      throw new Refusal('not_found', 'No game has been set up here yet; do that with PUT /api/v1/game.');
    }
    return this.#game;
  }

  /** A change that cannot be saved has not happened. */
  #change(decide: () => Game): Promise<GameState> {
    const change = this.#lastChange.then(async () => {
      const game = decide();
      if (game !== this.#game) await this.#file.save(game);
      this.#game = game;
      return stateOf(game);
    });
    this.#lastChange = change.catch(() => undefined);
    return change;
  }
}
