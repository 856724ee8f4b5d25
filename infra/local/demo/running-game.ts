// A game that runs, of any kind: over signed commands of its players, and of its owner, who has no seat in it.
import { setTimeout as delay } from 'node:timers/promises';
import { type CommandResult, GatewayError } from '../../../lib/client/node.ts';
import { check, type Player } from './player.ts';

export type GameParts = {
  readonly id: string;
  /** In the order of their seats. */
  readonly players: readonly [Player, Player];
  readonly owner: Player;
};

export type GameMasterProcess = {
  /** Of its internal listener. */
  readonly url: string;
  readonly token: string;
  /** Holds the id of its process. */
  readonly pidFile: string;
};

export type OpenTurn = {
  readonly turn: number;
  readonly due_at: string;
  readonly your_seat: number;
  readonly awaiting: readonly number[];
  readonly ready: readonly number[];
};
/** Bots have no race name. */
type Placement = { readonly rank: number; readonly seat: number; readonly race_name: string | null };
type PlayedTurn = {
  readonly due_at: string;
  readonly played_at: string;
  readonly close_reason: string;
  readonly seats: readonly { readonly seat: number; readonly state: string }[];
};

const readyTimeoutMs = 120_000;

export class RunningGame {
  readonly id: string;
  readonly players: readonly [Player, Player];
  readonly owner: Player;
  /** The open one. */
  turn = 1;

  private constructor({ id, players, owner }: GameParts) {
    this.id = id;
    this.players = players;
    this.owner = owner;
  }

  /** Once the engine has the game and turn 1 is open. */
  static async begin(parts: GameParts): Promise<RunningGame> {
    const game = new RunningGame(parts);
    const { turn, your_seat } = await game.untilOpen();
    check(turn === 1 && your_seat === 1, 'the member who joined first has seat 1, and turn 1 is open');
    return game;
  }

  /** The open turn, as the first player sees it. @throws Error when none opens in time. */
  async untilOpen(): Promise<OpenTurn> {
    const [first] = this.players;
    for (const deadline = Date.now() + readyTimeoutMs; Date.now() < deadline; await delay(100)) {
      try {
        const { resultCode, payload } = await first.client.execute('game.turn.get', { game_id: this.id });
        if (resultCode === 'ok' && payload.status === 'open') return payload as OpenTurn;
      } catch (error) {
        // The Game Master is not back yet.
        if (!(error instanceof GatewayError) || error.reason !== 'UPSTREAM_UNAVAILABLE') throw error;
      }
    }
    throw new Error(`no turn of the game was open within ${readyTimeoutMs / 1_000} s`);
  }

  /** Gives ready orders: the turn is played once nobody else is awaited. */
  async order(player: Player, orders: object): Promise<void> {
    await this.#asksEngine(player, 'game.orders.submit', { turn: this.turn, orders, ready: true });
  }

  /** Waits until both players have heard that the open turn was played. */
  async played(): Promise<void> {
    for (const player of this.players) {
      await player.hears(
        ['lobby.game.turn_advanced'],
        ({ game_id, turn }) => game_id === this.id && turn === this.turn,
      );
    }
    this.turn += 1;
  }

  /** What the author orders nobody else can read. */
  async sealedOrders(author: Player, orders: object): Promise<void> {
    const [other] = this.players.filter((player) => player !== author);
    check(other !== undefined, 'there is another player');
    const draft = { turn: this.turn, orders, ready: false };
    const stored = await this.#asksEngine(author, 'game.orders.submit', draft);
    check(stored.state === 'draft', 'orders that are not ready are a draft');
    author.says(`stores a draft for turn ${stored.turn}`);
    const own = await author.does('game.orders.get', { game_id: this.id });
    check(JSON.stringify(own.orders) === JSON.stringify(orders), 'authors read their own orders');
    author.says(`reads it back: ${JSON.stringify(own.orders)}`);
    const theirs = await other.does('game.orders.get', { game_id: this.id });
    check(theirs.state === 'none' && theirs.orders === null, 'others read only their own orders');
    other.says(`can read only orders of her own, and has given ${theirs.state}`);
    const owners = await this.owner.client.execute('game.orders.get', { game_id: this.id });
    check(owners.resultCode === 'forbidden', `the owner reads no orders; got ${owners.resultCode}`);
    this.owner.says(`owns the game, and may not read them either: ${owners.resultCode}`);
  }

  /** As the engine shows it after a turn, to a player or, with `as`, to spectators. */
  async view(player: Player, more: { turn?: number; as?: 'spectator' } = {}): Promise<unknown> {
    return (await this.#asksEngine(player, 'game.view.get', more)).view;
  }

  /** The turn that was played last. */
  async lastPlayed(): Promise<PlayedTurn> {
    const [first] = this.players;
    const { items } = await first.does('game.history.list', { game_id: this.id, page_size: 1 });
    const [last] = items as PlayedTurn[];
    check(last !== undefined, 'the history has the turn that was played');
    return last;
  }

  /** Waits for the end. @returns who has which rank, the best first. */
  async placements(): Promise<Placement[]> {
    const [first] = this.players;
    const finished = await first.hears(['lobby.game.finished'], ({ game_id }) => game_id === this.id);
    const { result } = await first.does('lobby.game.get', { game_id: this.id });
    check(
      JSON.stringify(result) === JSON.stringify(finished.payload.result),
      'the event and the game carry the same result',
    );
    const { placements } = result as { placements: Placement[] };
    return placements.toSorted((a, b) => a.rank - b.rank);
  }

  /** An engine that is slow on a busy machine makes no difference: nothing was stored, or a worker plays the turn. */
  async #asksEngine(player: Player, messageType: string, payload: object): Promise<CommandResult['payload']> {
    for (let attempt = 1; ; attempt++) {
      const result = await player.client.execute(messageType, { game_id: this.id, ...payload });
      if (result.resultCode === 'ok') return result.payload;
      check(
        result.resultCode === 'engine_unavailable' && attempt < 10,
        `${messageType} of ${player.name} succeeds; got ${result.resultCode}: ${JSON.stringify(result.payload)}`,
      );
    }
  }
}
