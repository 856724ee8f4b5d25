// Plays one game, from its registration (or from where it is found after a restart) until the lobby says that it is over.
//
// It first makes sure that the engine has the game, and tells the lobby how the game stands: turn 0 of a new one. Then
// come the turns, each when it is due, and the end, which is told until the lobby knows.
//
// - Before every step the lobby is asked. While it cannot be asked nothing happens; unless the game runs no turn is
//   played, and what fell due meanwhile is not made up for; a game that is over, or another runtime's, is left.
// - No turn is played before the one before it was told. So at most one has not been told when the process dies, and
//   that one is still in the engine: whoever goes on tells it first, under the same event id.
// - What fails stays due, and is tried again after a pause that doubles from one second to a minute.
// - When told to stop it lets a running step finish, and begins no other.
import type { GameState } from '../engine/api.ts';
import type { Semaphore } from '../node/semaphore.ts';
import { sleep } from '../node/sleep.ts';
import { backoffMs } from '../node/tick-loop.ts';
import type { Logger } from '../telemetry/logger.ts';
import { inNewTrace } from '../telemetry/spans.ts';
import { keptTraceparent } from '../telemetry/trace.ts';
import { nextDue } from './domain/due.ts';
import { EngineTrouble, requireContinuation } from './domain/engine-health.ts';
import { finishedEvent, type Progress, snapshotEvent, troubleEvent } from './domain/events.ts';
import { isOver, type Runtime } from './domain/runtime.ts';
import type { Engine } from './engine-client.ts';
import type { TellLobby } from './events-stream.ts';
import { type StepOutcome, stepDone } from './instruments.ts';
import type { LobbyClient, LobbyGame } from './lobby-client.ts';

/** Timers cannot wait much longer than three weeks, and clocks may be set. */
const longestPauseMs = 60 * 60_000;
const longestBackoffMs = 60_000;

export type PlayDeps = {
  readonly lobby: LobbyClient;
  readonly openEngine: (endpoint: string) => Engine;
  readonly tellLobby: TellLobby;
  /** Bounds how many games do something at once. */
  readonly slots: Semaphore;
  /** Between two turns of every game, instead of the schedules. */
  readonly turnIntervalMs: number | undefined;
  readonly now: () => Date;
  readonly log: Logger;
};

/** From where a game is played on. */
export type Beginning = {
  /** When its last turn was played; for a new game, now. */
  readonly after: Date;
  /** The last turn that the lobby knows of, if it knows of any. */
  readonly toldTurn: number | undefined;
  /** Of the request that registered it. */
  readonly traceparent: string | undefined;
};

type Step = () => Promise<'done' | 'again' | 'over'>;

export class GamePlay {
  readonly runtime: Runtime;
  readonly #deps: PlayDeps;
  readonly #engine: Engine;
  readonly #log: Logger;
  readonly #traceparent: string | undefined;
  /** When the last turn was played, or passed. */
  #after: Date;
  /** The last turn that the lobby was told of; without players when another process told it. */
  #told: Progress | undefined;
  #toldTrouble: EngineTrouble['health'] | undefined;
  #outcome: StepOutcome = 'ok';

  constructor(runtime: Runtime, beginning: Beginning, deps: PlayDeps) {
    this.runtime = runtime;
    this.#deps = deps;
    this.#engine = deps.openEngine(runtime.engineEndpoint);
    this.#log = deps.log.child({ game_id: runtime.gameId, runtime_job_id: runtime.jobId });
    this.#traceparent = beginning.traceparent;
    this.#after = beginning.after;
    if (beginning.toldTurn !== undefined) {
      this.#told = { turn: beginning.toldTurn, status: 'running', players: [] };
    }
  }

  /** Of the last step. */
  get outcome(): StepOutcome {
    return this.#outcome;
  }

  /** Returns when the game is over for this runtime, or `stop` aborts. @throws Error when it cannot be played at all. */
  async play(stop: AbortSignal): Promise<void> {
    let goesOn = await this.#until('take_over', () => this.#takeOver(), stop);
    while (goesOn && this.#told?.status === 'running') {
      const due = nextDue(this.runtime, this.#deps.turnIntervalMs, this.#after);
      await this.#waitUntil(due, stop);
      goesOn = await this.#until('turn', () => this.#playTurn(), stop);
    }
    if (goesOn) await this.#until('end', () => this.#tellEnd(), stop);
  }

  /** Repeats a step until it is done. @returns false when the game is over, or `stop` aborts. */
  async #until(name: string, step: Step, stop: AbortSignal): Promise<boolean> {
    for (let attempt = 1; !stop.aborted; attempt += 1) {
      const outcome = await this.#deps.slots.run(() => this.#try(name, step, stop));
      if (outcome !== 'again') return outcome === 'done';
      await sleep(backoffMs(attempt, this.#deps.turnIntervalMs ?? longestBackoffMs), stop);
    }
    return false;
  }

  async #try(name: string, step: Step, stop: AbortSignal): Promise<'done' | 'again' | 'over'> {
    // It may have waited for its slot since.
    if (stop.aborted) return 'again';
    try {
      const outcome = await inNewTrace(`game_master.${name}`, step);
      this.#outcome = 'ok';
      return outcome;
    } catch (error) {
      this.#outcome = error instanceof EngineTrouble ? error.health : 'failed';
      this.#log.warn({ error, step: name }, 'a step of a game failed; it is tried again');
      if (error instanceof EngineTrouble) await this.#tellTrouble(error.health);
      return 'again';
    } finally {
      stepDone(this.#outcome);
    }
  }

  async #takeOver(): Promise<'done' | 'over'> {
    const game = await this.#deps.lobby.game(this.runtime.gameId);
    if (game === undefined || isOver(game, this.runtime)) return 'over';
    const playedTurn = this.#playedTurn(game);
    const state = (await this.#engine.state()) ?? (await this.#setUp(playedTurn));
    requireContinuation(state, this.runtime.gameId, playedTurn);
    await this.#tell(state);
    return 'done';
  }

  async #setUp(playedTurn: number): Promise<GameState> {
    if (playedTurn > 0) {
      throw new EngineTrouble(
        'state_lost',
        `the engine knows no game, but turn ${playedTurn} has been played`,
      );
    }
    const { gameId, players } = this.runtime;
    return this.#engine.setUp(gameId, players ?? (await this.#deps.lobby.players(gameId)));
  }

  async #playTurn(): Promise<'done' | 'over'> {
    const at = this.#deps.now();
    const game = await this.#deps.lobby.game(this.runtime.gameId);
    if (game === undefined || isOver(game, this.runtime)) return 'over';
    if (game.status === 'running') await this.#tell(await this.#nextState(this.#playedTurn(game)));
    this.#after = at;
    return 'done';
  }

  /** After one more turn; or as the engine has it, if its last answer was not heard. */
  async #nextState(playedTurn: number): Promise<GameState> {
    const { gameId } = this.runtime;
    const state = (await this.#engine.state()) ?? (await this.#setUp(playedTurn));
    requireContinuation(state, gameId, playedTurn);
    if (state.turn > playedTurn || state.status === 'finished') return state;
    const next = await this.#engine.playTurn(playedTurn + 1);
    requireContinuation(next, gameId, playedTurn + 1);
    return next;
  }

  async #tellEnd(): Promise<'again' | 'over'> {
    const { lobby, now, tellLobby } = this.#deps;
    const state = this.#told;
    if (state === undefined) throw new TypeError('a game ends only after it was taken over');
    if (isOver(await lobby.game(this.runtime.gameId), this.runtime)) return 'over';
    await tellLobby(finishedEvent(this.runtime, state, now()), keptTraceparent(undefined));
    return 'again';
  }

  #playedTurn({ currentTurn }: Pick<LobbyGame, 'currentTurn'>): number {
    return Math.max(this.#told?.turn ?? 0, currentTurn ?? 0);
  }

  async #tell(state: GameState): Promise<void> {
    const traceparent = this.#told === undefined ? this.#traceparent : undefined;
    const event = snapshotEvent(this.runtime, state, this.#deps.now());
    await this.#deps.tellLobby(event, traceparent ?? keptTraceparent(undefined));
    this.#told = state;
    this.#toldTrouble = undefined;
    this.#log.info({ turn: state.turn, status: state.status }, 'turn told');
  }

  async #tellTrouble(health: EngineTrouble['health']): Promise<void> {
    if (this.#toldTrouble === health) return;
    const played = this.#told ?? { turn: 0, players: [] };
    const event = troubleEvent(this.runtime, played, health, this.#deps.now());
    try {
      await this.#deps.tellLobby(event, keptTraceparent(undefined));
      this.#toldTrouble = health;
    } catch (error) {
      this.#log.warn({ error, health }, 'the trouble of an engine could not be told');
    }
  }

  async #waitUntil(due: Date, stop: AbortSignal): Promise<void> {
    for (;;) {
      const waitMs = due.getTime() - this.#deps.now().getTime();
      if (waitMs <= 0 || stop.aborted) return;
      await sleep(Math.min(waitMs, longestPauseMs), stop);
    }
  }
}
