// What an engine is made of: the rules of one game, as pure functions. The kit calls them with the state of the game and
// keeps what they return; docs/write-an-engine.md leads through an example.
import type {
  Audience,
  EngineEvent,
  GameResult,
  GameSetup,
  GameState,
  Manifest,
  OrderProblem,
} from '../engine/api.ts';

export type { Audience, EngineEvent, GameResult, OrderProblem } from '../engine/api.ts';

export type Seat = GameSetup['seats'][number];

/**
 * `State`, `Orders`, `Options` and `View` are JSON: `Orders` and `Options` are what the schemas of the manifest allow.
 * The state that a function gets is frozen, except that `resolve` gets a copy of its own, which it may change and return.
 */
export type Rules<State, Orders, Options, View> = {
  readonly manifest: Omit<Manifest, 'protocol'>;

  /** The game before its first turn. */
  setUp(game: { seats: readonly Seat[]; options: Options; random: Random }): State;

  /**
   * What is wrong with these orders in this state, in words for the player. The kit has checked before that they fit the
   * schema, that the seat is alive and, in a sequential game, that it is awaited.
   */
  validate(state: State, order: { seat: number; orders: Orders }): readonly OrderProblem[];

  /** The game after the next turn, and what happened in it for whom. */
  resolve(state: State, turn: Turn<Orders>): { state: State; events?: readonly EngineEvent[] };

  /** How the game stands. The same state always stands the same. */
  standing(state: State): Standing;

  /** What this seat, or a spectator, may see. The same for the same state, always. */
  view(state: State, audience: Audience): View;

  /** The orders of a seat without a person, from nothing but what that seat sees. Without it the game has no bots. */
  bot?(view: View, seat: { seat: number; random: Random }): Orders;
};

export type Standing = Pick<GameState, 'awaiting' | 'alive' | 'stats'> & {
  /** Once there is one the game is over. */
  readonly result?: GameResult | undefined;
};

export type Turn<Orders> = {
  readonly turn: number;
  /** By seat, in the order of seats: every awaited seat, and others that gave orders. */
  readonly orders: ReadonlyMap<number, SeatOrders<Orders>>;
  /** Seats that nobody holds any more. */
  readonly vacant: ReadonlySet<number>;
  readonly random: Random;
};

/** `draft`: the holder had not declared to be ready when the turn closed. The orders count all the same. */
export type SeatOrders<Orders> =
  | { readonly state: 'ready' | 'draft'; readonly orders: Orders }
  | { readonly state: 'missing' | 'vacant' };

/** Chance that follows from the game's seed alone: the same turn, played again, has the same luck. */
export type Random = {
  /** A whole number from 0 to below `limit`, each as likely as the others. */
  below(limit: number): number;
  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number;
  /** One of them. */
  pick<T>(items: readonly T[]): T;
  /** The same items in another order. */
  shuffled<T>(items: readonly T[]): T[];
};
