// The games that are played here, one play for each. Holds no state that the lobby and the engines do not have: whatever
// is lost with the process is found again (recovery.ts), so forgetting a game too early only costs time.
import { isDeepStrictEqual } from 'node:util';
import { Refusal } from '../errors/table.ts';
import { isOlder, type Runtime } from './domain/runtime.ts';
import { type Beginning, GamePlay, type PlayDeps } from './game-play.ts';
import type { StepOutcome } from './instruments.ts';
import type { LobbyGame } from './lobby-client.ts';
import type { RegisterRuntime } from './registration.ts';

type Playing = { readonly play: GamePlay; readonly replaced: AbortController };

export class Games {
  readonly #deps: PlayDeps;
  readonly #stop: AbortSignal;
  readonly #games = new Map<string, Playing>();
  readonly #plays = new Set<Promise<void>>();

  /** @param stop lets every play end after its running step. */
  constructor(deps: PlayDeps, stop: AbortSignal) {
    this.#deps = deps;
    this.#stop = stop;
  }

  readonly register: RegisterRuntime = (runtime, traceparent) => {
    const known = this.#games.get(runtime.gameId)?.play.runtime;
    if (known !== undefined && isOlder(runtime.jobId, known.jobId)) {
      throw new Refusal(
        'invalid_state',
        `The game has a newer runtime, that of job ${known.jobId}; nothing was changed.`,
      );
    }
    if (isDeepStrictEqual(known, runtime)) return;
    this.#begin(runtime, { after: this.#deps.now(), toldTurn: undefined, traceparent });
  };

  /**
   * Plays a game on that the lobby lists, unless it is known, or was never registered.
   * @returns whether it was unknown.
   */
  recover(game: LobbyGame): boolean {
    const { runtimeJobId: jobId, containerId, engineEndpoint, registeredAt } = game;
    if (jobId === null || containerId === null || engineEndpoint === null) return false;
    if (registeredAt === null) return false;
    const { gameId, turnSchedule, timeZone } = game;
    const known = this.#games.get(gameId)?.play.runtime;
    if (known !== undefined && !isOlder(known.jobId, jobId)) return false;
    this.#begin(
      { gameId, jobId, containerId, engineEndpoint, turnSchedule, timeZone, players: undefined },
      {
        after: owesTurn(game) ? new Date(0) : (game.snapshotAt ?? registeredAt),
        toldTurn: game.currentTurn ?? undefined,
        traceparent: undefined,
      },
    );
    return true;
  }

  /** How many games stand how. */
  outcomes(): ReadonlyMap<StepOutcome, number> {
    const counts = new Map<StepOutcome, number>();
    for (const { play } of this.#games.values()) {
      counts.set(play.outcome, (counts.get(play.outcome) ?? 0) + 1);
    }
    return counts;
  }

  /** Resolves when no play is running any more; after `stop`. */
  async ended(): Promise<void> {
    while (this.#plays.size > 0) await Promise.all(this.#plays);
  }

  #begin(runtime: Runtime, beginning: Beginning): void {
    this.#games.get(runtime.gameId)?.replaced.abort();
    const playing: Playing = {
      play: new GamePlay(runtime, beginning, this.#deps),
      replaced: new AbortController(),
    };
    this.#games.set(runtime.gameId, playing);
    const ended = this.#play(playing).finally(() => this.#plays.delete(ended));
    this.#plays.add(ended);
  }

  async #play(playing: Playing): Promise<void> {
    const { gameId, jobId } = playing.play.runtime;
    const log = this.#deps.log.child({ game_id: gameId, runtime_job_id: jobId });
    log.info('game taken over');
    try {
      await playing.play.play(AbortSignal.any([this.#stop, playing.replaced.signal]));
      log.info('game left');
    } catch (error) {
      log.error({ error }, 'a game cannot be played');
    }
    if (this.#games.get(gameId) === playing) this.#games.delete(gameId);
  }
}

/** The trouble of an engine is told when a turn was due that it did not play. */
function owesTurn({ engineHealth }: LobbyGame): boolean {
  return engineHealth !== null && engineHealth !== 'ok';
}
