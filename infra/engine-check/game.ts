// A game that an engine plays, as the Game Master sees it.
import {
  type Audience,
  audienceText,
  engineBounds,
  type GameSetup,
  type GameState,
  gameStateSchema,
  type Manifest,
  type TurnRequest,
  type TurnResponse,
  turnResponseSchema,
} from '../../lib/engine/api.ts';
import type { Engine } from './engine.ts';
import type { Exchange } from './exchange.ts';
import { asState, firstDifference, read, requireSame } from './expect.ts';
import { says } from './interface-says.ts';
import { type Problem, problemOfEvents, problemOfState } from './state-rules.ts';
import { Violation } from './violation.ts';

export type Row = TurnRequest['orders'][number];

/** Whether a turn can be played. */
export const isOpen = (game: Game): boolean => !game.finished;

export type Orders = Readonly<Record<string, unknown>>;

/** @returns valid orders of the seat for the next turn; undefined when none were found. */
type FindsOrders = { find(game: Game, seat: number): Promise<Orders | undefined> };

export class Game {
  readonly engine: Engine;
  readonly manifest: Manifest;
  readonly setup: GameSetup;
  /** Numbers of all seats, and of those with a person, in order. */
  readonly seats: readonly number[];
  readonly people: readonly number[];
  readonly vacant = new Set<number>();
  #state: GameState;

  private constructor(engine: Engine, manifest: Manifest, setup: GameSetup, exchange: Exchange) {
    this.engine = engine;
    this.manifest = manifest;
    this.setup = setup;
    this.seats = setup.seats.map(({ seat }) => seat).toSorted((a, b) => a - b);
    this.people = setup.seats.flatMap(({ seat, bot }) => (bot ? [] : [seat])).toSorted((a, b) => a - b);
    this.#state = this.#readState(exchange, 0);
    this.#requirePerson(exchange);
  }

  /** @throws Violation */
  static async setUp(engine: Engine, manifest: Manifest, setup: GameSetup): Promise<Game> {
    engine.keepSecret(setup.seed);
    return new Game(engine, manifest, setup, await engine.setUp(setup));
  }

  get state(): GameState {
    return this.#state;
  }

  get finished(): boolean {
    return this.#state.status === 'finished';
  }

  /** Every audience that has a view. */
  get audiences(): readonly Audience[] {
    return this.manifest.spectator_view ? [...this.seats, 'spectator'] : this.seats;
  }

  /** Seats with a person whose orders the next turn waits for, in order; vacant ones included. */
  get awaited(): readonly number[] {
    const { awaiting } = this.#state;
    return this.people.filter((seat) => awaiting.includes(seat));
  }

  /** The first of them that is held. */
  get mover(): number {
    const seat = this.awaited.find((one) => !this.vacant.has(one));
    if (seat === undefined)
      throw new Violation('The state awaits no seat that a person holds.', [], says.nobody);
    return seat;
  }

  row(seat: number, orders: Orders | undefined, state: 'ready' | 'draft' = 'ready'): Row {
    if (this.vacant.has(seat)) return { seat, orders: null, state: 'vacant' };
    return orders === undefined ? { seat, orders: null, state: 'missing' } : { seat, orders, state };
  }

  /** The next turn, with these rows in place of those that everybody awaited would have without orders. */
  request(rows: readonly Row[]): TurnRequest {
    const all = this.awaited.map(
      (seat) => rows.find((row) => row.seat === seat) ?? this.row(seat, undefined),
    );
    return { turn: this.#state.turn + 1, orders: all };
  }

  /** The next turn with orders of every seat for which some are found. */
  async ordered(maker: FindsOrders): Promise<TurnRequest> {
    const rows: Row[] = [];
    let bytes = 0;
    for (const seat of this.awaited) {
      const orders = this.vacant.has(seat) ? undefined : await maker.find(this, seat);
      bytes += orders === undefined ? 0 : Buffer.byteLength(JSON.stringify(orders));
      rows.push(this.row(seat, bytes > engineBounds.turnOrdersBytes ? undefined : orders));
    }
    return this.request(rows);
  }

  /** @throws Violation when the response is not what the interface says. */
  async play(request: TurnRequest): Promise<Exchange> {
    const exchange = await this.engine.play(request);
    this.played(request, exchange);
    return exchange;
  }

  /** Takes over the response to a turn. @throws Violation */
  played({ turn }: TurnRequest, exchange: Exchange): TurnResponse {
    const response = read(turnResponseSchema, exchange);
    this.#require(problemOfEvents(response.events, this.seats), exchange);
    this.#state = this.#readState(exchange, turn);
    this.#requirePerson(exchange);
    return response;
  }

  /** Nobody holds the seat any more; the open turn may then wait for other seats. @throws Violation */
  async vacate(seat: number): Promise<Exchange> {
    const exchange = await this.engine.vacate(seat);
    const now = this.#readState(exchange, this.#state.turn);
    const difference = firstDifference({ ...this.#state, awaiting: now.awaiting }, now);
    if (difference !== undefined) {
      throw new Violation(
        `After a seat was vacated the state is another: ${difference}.`,
        [exchange],
        says.open,
      );
    }
    this.vacant.add(seat);
    this.#state = now;
    return exchange;
  }

  /** Requires that the state is as it was. @param after what was done, such as `After a refused turn`. */
  async requireUnchanged(after: string, caused: readonly Exchange[] = []): Promise<void> {
    const exchange = await this.engine.state();
    const now = this.#readState(exchange, this.#state.turn);
    const difference = firstDifference(this.#state, now);
    if (difference === undefined) return;
    throw new Violation(`${after} the state is another: ${difference}.`, [...caused, exchange]);
  }

  /** @throws Violation */
  async view(audience: Audience, turn = this.#state.turn): Promise<Exchange> {
    const exchange = await this.engine.view(audience, turn);
    if (exchange.status === 200) return exchange;
    throw new Violation(`The view has status ${exchange.status}, and should have 200.`, [exchange]);
  }

  /** Of every audience, after this turn. */
  async views(turn = this.#state.turn): Promise<ReadonlyMap<Audience, Exchange>> {
    const views = new Map<Audience, Exchange>();
    for (const audience of this.audiences) views.set(audience, await this.view(audience, turn));
    return views;
  }

  /** Requires that every audience sees after a turn what it saw before. */
  async requireSameViews(
    before: ReadonlyMap<Audience, Exchange>,
    after: string,
    caused: readonly Exchange[] = [],
    turn = this.#state.turn,
  ): Promise<void> {
    for (const [audience, first] of before) {
      const now = await this.view(audience, turn);
      const difference = firstDifference(first.json, now.json);
      if (difference === undefined) continue;
      throw new Violation(
        `${after} the view of ${audienceText(audience)} after turn ${turn} is another: ${difference}.`,
        [first, ...caused, now],
      );
    }
  }

  /** Requires that another engine's game is at the same turn, and stands and looks the same. */
  async requireSameAs(other: Game, message: string): Promise<void> {
    requireSame(
      asState(await this.engine.state()),
      asState(await other.engine.state()),
      message,
      says.chance,
    );
    for (const [audience, view] of await this.views()) {
      const what = `${message}, in the view of ${audienceText(audience)}`;
      requireSame(view, await other.view(audience), what, says.chance);
    }
  }

  #readState(exchange: Exchange, turn: number): GameState {
    const state = read(gameStateSchema, exchange);
    const expected = { gameId: this.setup.game_id, seats: this.seats, turn, earlier: this.#state };
    this.#require(problemOfState(state, expected), exchange);
    return state;
  }

  #requirePerson(exchange: Exchange): void {
    const { manifest, people, vacant } = this;
    const present = people.filter((seat) => !vacant.has(seat));
    if (manifest.turn_order !== 'sequential' || this.finished || present.length === 0) return;
    if (this.awaited.some((seat) => !vacant.has(seat))) return;
    const message = '/awaiting names only bots and vacant seats, so nobody could move.';
    throw new Violation(message, [exchange], says.nobody);
  }

  #require(problem: Problem | undefined, exchange: Exchange): void {
    if (problem !== undefined) throw new Violation(problem[0], [exchange], problem[1]);
  }
}
