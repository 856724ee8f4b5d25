// One game, as its player plays it.
import { CommandError } from './command-error.ts';
import type { EventFeed } from './event-feed.ts';
import type { Hello, PlayerEvent } from './events.ts';
import type { Api, Schemas } from './generated/api.ts';
import { pauseMs, sleep } from './retry.ts';

type Commands = Schemas['commands'];
type Payload<Name extends keyof Commands> = Omit<Commands[Name]['payload'], 'game_id'>;
export type Turn = Commands['game.turn.get']['result'];

export class GameHandle<Options> {
  readonly gameId: string;
  readonly #api: Api<Options>['game'];
  readonly #feed: EventFeed;

  constructor(gameId: string, api: Api<Options>['game'], feed: EventFeed) {
    this.gameId = gameId;
    this.#api = api;
    this.#feed = feed;
  }

  /** The turn that the game is at. */
  turn(options?: Options): Promise<Turn> {
    return this.#api.turn.get({ game_id: this.gameId }, options);
  }

  /** What this player sees after a turn, the last one unless given. */
  view(
    payload: Payload<'game.view.get'> = {},
    options?: Options,
  ): Promise<Commands['game.view.get']['result']> {
    return this.#api.view.get({ ...payload, game_id: this.gameId }, options);
  }

  /** Gives orders for the open turn: a draft, or `ready`. @throws CommandError such as `orders_invalid`, `turn_closed` */
  submit(
    payload: Payload<'game.orders.submit'>,
    options?: Options,
  ): Promise<Commands['game.orders.submit']['result']> {
    return this.#api.orders.submit({ ...payload, game_id: this.gameId }, options);
  }

  /**
   * Calls `listener` with the turn that the game is at, and again whenever its number, its status or whom it waits for
   * has changed; once the last call has ended the next one comes. A game that has not begun is waited for.
   * @returns when the game is over or `signal` aborts. @throws what ends the stream of events, or what `listener` throws.
   */
  async onTurn(listener: (turn: Turn) => unknown, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    const news = new News();
    const stopListening = this.#feed.listen({
      item: (item) => {
        if (concerns(item, this.gameId)) news.come();
      },
      failed: (error) => news.fail(error),
    });
    const aborted = () => news.come();
    signal?.addEventListener('abort', aborted, { once: true });
    try {
      let known = '';
      for (let settingUp = 0; ; ) {
        await news.next();
        if (signal?.aborted) return;
        const turn = await this.turn().catch(notRunning);
        if (typeof turn === 'string') {
          if (turn === 'cancelled') return;
          // No event says that the engine of a game that was started has it.
          if (turn === 'running') void sleep(pauseMs(settingUp++), signal).then(() => news.come());
          continue;
        }
        const current = `${turn.turn} ${turn.status} ${turn.awaiting}`;
        if (current !== known) await listener(turn);
        known = current;
        if (turn.status === 'finished' || turn.status === 'cancelled') return;
      }
    } finally {
      signal?.removeEventListener('abort', aborted);
      stopListening();
    }
  }
}

/** @returns the status of a game that has no turn. @throws what else the error says. */
function notRunning(error: unknown): string {
  if (error instanceof CommandError && error.code === 'game_not_running') return String(error.details.status);
  throw error;
}

/** After a hello something may have been missed before it. */
function concerns(item: Hello | PlayerEvent, gameId: string): boolean {
  return item.kind === 'hello' || ('game_id' in item.payload && item.payload.game_id === gameId);
}

/** That something is new; however often it comes in between, `next` returns once. */
class News {
  #isThere = false;
  #failure: { error: unknown } | undefined;
  #wake: (() => void) | undefined;

  come(): void {
    this.#isThere = true;
    this.#wake?.();
  }

  fail(error: unknown): void {
    this.#failure = { error };
    this.#wake?.();
  }

  async next(): Promise<void> {
    while (!this.#isThere) {
      if (this.#failure !== undefined) throw this.#failure.error;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#isThere = false;
  }
}
