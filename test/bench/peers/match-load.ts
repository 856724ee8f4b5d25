// Two players who play matches of four in a row through the gateway. Measures from the sending of an order until the
// other player's stream has the event of the new turn, by one clock.
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { mailedCode } from '../../../infra/local/log-lines.ts';
import type { PlayerEvent } from '../../../lib/client/events.ts';
import type { Gateway } from '../../../lib/client/node.ts';
import { columns, drop, emptyBoard, hasRoom, hasWon, rows } from '../../../lib/four-in-a-row/domain/board.ts';
import { TestClient } from '../../support/gateway/test-client.ts';
import { serveCalls } from '../peer.ts';

const openWithinMs = 60_000;
const arriveWithinMs = 10_000;

export type Latencies = {
  /** Until the other player had the event. */
  readonly event: number[];
  /** Until the player who moved had the response. */
  readonly response: number[];
};

type Arrival = {
  readonly at: number;
  readonly event: Extract<PlayerEvent, { eventType: 'lobby.game.turn_advanced' }>;
};

class LoadPlayer {
  readonly client: TestClient;
  #waiting: { readonly key: string; readonly resolve: (arrival: Arrival) => void } | undefined;

  private constructor(client: TestClient) {
    this.client = client;
  }

  static async signIn(endpoints: Gateway, mailLog: string): Promise<LoadPlayer> {
    const client = new TestClient(endpoints, undefined, undefined, { patienceMs: 0 });
    const challengeId = await client.sendEmailCode(`${randomUUID()}@example.com`);
    await client.confirmEmailCode(challengeId, await mailedCode(mailLog, challengeId), 'bench');
    const player = new LoadPlayer(client);
    const events = client.events();
    await events.next();
    void player.#follow(events);
    return player;
  }

  async does(messageType: string, payload: object): Promise<Record<string, unknown>> {
    const key = { idempotencyKey: randomUUID() };
    const { resultCode, payload: result } = await this.client.execute(messageType, payload, key);
    if (resultCode !== 'ok') throw new Error(`${messageType}: ${resultCode} ${JSON.stringify(result)}`);
    return result;
  }

  /** Resolves when it is heard that a turn was played. */
  hears(gameId: string, turn: number): Promise<Arrival> {
    const signal = AbortSignal.timeout(arriveWithinMs);
    return new Promise((resolve, reject) => {
      signal.onabort = () => reject(new Error(`no event came about turn ${turn}`));
      this.#waiting = {
        key: `${gameId} ${turn}`,
        resolve: (arrival) => {
          signal.onabort = null;
          resolve(arrival);
        },
      };
    });
  }

  async #follow(events: ReturnType<TestClient['events']>): Promise<void> {
    for await (const event of events) {
      const at = performance.now();
      if (event.kind !== 'event' || event.eventType !== 'lobby.game.turn_advanced') continue;
      const { game_id, turn } = event.payload;
      if (this.#waiting?.key === `${game_id} ${turn}`) this.#waiting.resolve({ at, event });
    }
  }
}

let players: readonly [LoadPlayer, LoadPlayer] | undefined;

/** A game in which each player has a seat and no turn is due while it is measured. @returns its id, turn 1 being open. */
async function startGame([first, second]: readonly [LoadPlayer, LoadPlayer]): Promise<string> {
  const created = await first.does('lobby.game.create', {
    game_name: 'Bench',
    game_type: 'public',
    min_players: 2,
    max_players: 2,
    enrollment_ends_at: new Date(Date.now() + 86_400_000).toISOString(),
    turn_seconds: 86_400,
    target_engine_version: '1.0.0',
  });
  const game = { game_id: String(created.game_id) };
  await first.does('lobby.game.open_enrollment', game);
  const newName = () => `Race ${randomUUID().slice(0, 18)}`;
  // An owner's own application needs no approval.
  await first.does('lobby.application.submit', { ...game, race_name: newName() });
  const { application_id } = await second.does('lobby.application.submit', { ...game, race_name: newName() });
  await first.does('lobby.application.approve', { application_id });
  await first.does('lobby.game.start', game);
  for (const deadline = Date.now() + openWithinMs; Date.now() < deadline; await delay(100)) {
    const { resultCode, payload } = await first.client.execute('game.turn.get', game);
    if (resultCode === 'ok' && payload.status === 'open') return game.game_id;
  }
  throw new Error('the first turn does not open');
}

/** Columns in the order in which they are played: nobody wins, and the board is full at the end. */
function drawnMatch(): number[] {
  const moves: number[] = [];
  let board = emptyBoard;
  for (let seat = 1; moves.length < columns * rows; seat = 3 - seat) {
    const free = Array.from({ length: columns }, (_, index) => index + 1).filter((one) =>
      hasRoom(board, one),
    );
    const column = free.find((one) => !hasWon(drop(board, one, seat), seat));
    if (column === undefined) throw new Error('the match cannot be drawn');
    board = drop(board, column, seat);
    moves.push(column);
  }
  return moves;
}

const calls = {
  async signIn(endpoints: Gateway, mailLog: string): Promise<void> {
    players = [await LoadPlayer.signIn(endpoints, mailLog), await LoadPlayer.signIn(endpoints, mailLog)];
  },

  /** Plays a match to its last move but one, since the last one opens no turn. A move begins `pauseMs` after the last. */
  async playMatch(pauseMs: number): Promise<Latencies> {
    if (players === undefined) throw new Error('sign in first');
    const gameId = await startGame(players);
    const latencies: Latencies = { event: [], response: [] };
    const moves = drawnMatch();
    for (const [index, column] of moves.entries()) {
      const [mover, other] = index % 2 === 0 ? players : ([players[1], players[0]] as const);
      const turn = index + 1;
      const paused = delay(pauseMs);
      const heard = other.hears(gameId, turn);
      const sentAt = performance.now();
      const order = { game_id: gameId, turn, orders: { column }, ready: true };
      const responded = mover.does('game.orders.submit', order).then(() => performance.now());
      const [{ at, event }, respondedAt] = await Promise.all([heard, responded]);
      if (turn === moves.length) break;
      if (event.payload.awaited !== true) throw new Error(`turn ${turn + 1} does not wait for the other`);
      latencies.event.push(at - sentAt);
      latencies.response.push(respondedAt - sentAt);
      await paused;
    }
    return latencies;
  },

  close(): void {
    for (const { client } of players ?? []) client.close();
  },
};
export type MatchLoadCalls = typeof calls;
serveCalls(calls);
