// A game of the client: when its listener is called.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CommandError } from '../../../lib/client/command-error.ts';
import { EventFeed } from '../../../lib/client/event-feed.ts';
import type { Hello, PlayerEvent } from '../../../lib/client/events.ts';
import { GameHandle, type Turn } from '../../../lib/client/game.ts';
import type { Api } from '../../../lib/client/generated/api.ts';

const waiting = { timeout: 15_000 };
const hello: Hello = { kind: 'hello', resumed: false, lastEventId: '', serverTimeMs: 1 };
const advanced = (gameId: string): PlayerEvent => ({
  kind: 'event',
  eventType: 'lobby.game.turn_advanced',
  eventId: 'e',
  timestampMs: 1,
  traceId: '',
  payload: { game_id: gameId, game_name: 'Bids', turn: 1, due_at: null, awaited: true },
});
const turn = (number: number, status: Turn['status'] = 'open') =>
  ({ turn: number, status, awaiting: [1] }) as unknown as Turn;
const notRunning = (status: string) =>
  new CommandError('game.turn.get', 'game_not_running', {
    error: { message: 'It does not run.', details: { status } },
  });

/** A stream that brings what the test gives it. */
class Stream {
  readonly #items: (Hello | PlayerEvent | Error)[] = [];
  #wake: () => void = () => {};
  opened = 0;
  left = 0;

  bring(...items: (Hello | PlayerEvent | Error)[]): void {
    this.#items.push(...items);
    this.#wake();
  }

  async *follow(signal: AbortSignal): AsyncGenerator<Hello | PlayerEvent, void> {
    this.opened += 1;
    signal.addEventListener('abort', () => {
      this.left += 1;
      this.#wake();
    });
    while (!signal.aborted) {
      const item = this.#items.shift();
      if (item instanceof Error) throw item;
      if (item !== undefined) yield item;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}

let stream: Stream;
let feed: EventFeed;
beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  stream = new Stream();
  feed = new EventFeed((signal) => stream.follow(signal));
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** @param turns what the game responds, one after the other; the last one again and again. */
function play(turns: (Turn | Error)[], gameId = 'g') {
  const get = vi.fn(async () => {
    const next = turns.length > 1 ? turns.shift() : turns[0];
    if (next instanceof Error) throw next;
    return next;
  });
  const api = { turn: { get } } as unknown as Api<object>['game'];
  return { game: new GameHandle(gameId, api, feed), get };
}

describe('onTurn', () => {
  test('gives the turn once the stream is open, and again when it has changed, until the game is over', async () => {
    const { game, get } = play([turn(1), turn(1), turn(2), turn(2, 'finished')]);
    const seen: unknown[] = [];
    const over = game.onTurn(({ turn: number, status }) => seen.push([number, status]));
    await Promise.resolve();
    expect(get).not.toHaveBeenCalled();
    for (let times = 1; times <= 4; times += 1) {
      stream.bring(times === 1 ? hello : advanced('g'));
      await vi.waitFor(() => expect(get).toHaveBeenCalledTimes(times), waiting);
    }
    await over;
    expect(seen).toEqual([
      [1, 'open'],
      [2, 'open'],
      [2, 'finished'],
    ]);
    expect(stream).toMatchObject({ opened: 1, left: 1 });
  });

  test('reads nothing for events of another game', async () => {
    const { game, get } = play([turn(1), turn(1, 'cancelled')]);
    const over = game.onTurn(() => {});
    stream.bring(hello);
    await vi.waitFor(() => expect(get).toHaveBeenCalledOnce(), waiting);
    stream.bring(advanced('another'), advanced('another'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(get).toHaveBeenCalledOnce();
    stream.bring(advanced('g'));
    await over;
  });

  test('waits for a game that has not begun, also while its engine is being set up', async () => {
    const { game, get } = play([notRunning('starting'), notRunning('running'), turn(1, 'finished')]);
    const seen: number[] = [];
    const over = game.onTurn(({ turn: number }) => seen.push(number));
    stream.bring(hello);
    await vi.waitFor(() => expect(get).toHaveBeenCalledOnce(), waiting);
    stream.bring(advanced('g'));
    await over;
    expect(seen).toEqual([1]);
  });

  test('ends with a game that is cancelled before it has begun', async () => {
    const { game } = play([notRunning('cancelled')]);
    const over = game.onTurn(() => {
      throw new Error('there is no turn');
    });
    stream.bring(hello);
    await over;
  });

  test('of two games share one stream, which is left with the last of them', async () => {
    const stop = new AbortController();
    const first = play([turn(1)], 'g').game.onTurn(() => {}, { signal: stop.signal });
    stream.bring(hello);
    const second = play([turn(1, 'finished')], 'h');
    await second.game.onTurn(() => {});
    expect(stream).toMatchObject({ opened: 1, left: 0 });
    stop.abort();
    await first;
    expect(stream).toMatchObject({ opened: 1, left: 1 });
  });

  test('throws what ends the stream for good, and what its listener throws', async () => {
    const { game } = play([turn(1)]);
    const revoked = game.onTurn(() => {});
    stream.bring(hello, new Error('revoked'));
    await expect(revoked).rejects.toThrow('revoked');
    const failed = game.onTurn(() => {
      throw new Error('a mistake');
    });
    stream.bring(hello);
    await expect(failed).rejects.toThrow('a mistake');
  });
});
