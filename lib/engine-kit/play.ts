// One turn by the rules, pure: the orders of people from the request, those of bots from the rules, and a check that
// what comes out is what the engine interface allows.
import {
  type Audience,
  audienceText,
  type EngineEvent,
  engineBounds,
  type GameSetup,
  type GameState,
  gameStateSchema,
  type TurnResponse,
  turnResponseSchema,
} from '../engine/api.ts';
import type { OrderChecker } from './check-orders.ts';
import { frozenJson, jsonBytes } from './json.ts';
import { seededRandom } from './random.ts';
import type { Rules, SeatOrders } from './rules.ts';
import { calling, RulesError } from './rules-error.ts';

/** As much of a turn's response as the Game Master reads. */
const responseBytes = 8 * 1024 * 1024;
const stateBytes = 8 * 1024 * 1024;

/** In a sequential game one turn plays on while the seats to move have no person, so often at most. */
const maxSteps = 100;

/** Where the game is: the state and how it stands, after a turn. */
export type Position<State> = { readonly state: State; readonly response: TurnResponse };

export class Play<State, Orders, Options, View> {
  readonly #rules: Rules<State, Orders, Options, View>;
  readonly #setup: GameSetup;
  readonly #checkOrders: OrderChecker;
  readonly #bots: ReadonlySet<number>;

  constructor(rules: Rules<State, Orders, Options, View>, setup: GameSetup, checkOrders: OrderChecker) {
    this.#rules = rules;
    this.#setup = setup;
    this.#checkOrders = checkOrders;
    this.#bots = new Set(setup.seats.flatMap(({ seat, bot }) => (bot ? [seat] : [])));
  }

  setUp(): Position<State> {
    const { seats, options, seed } = this.#setup;
    const random = seededRandom(seed, 'set-up');
    const inOrder = seats.toSorted((a, b) => a.seat - b.seat);
    const state = calling('setUp', () =>
      // The schema of the manifest has allowed them.
      this.#rules.setUp({ seats: inOrder, options: options as Options, random }),
    );
    return this.#playOn(this.#position(0, state, 'setUp', []), new Set());
  }

  /**
   * The next turn.
   * @param given of seats with a person, checked. @param vacant all that are vacant by now.
   */
  turn(
    before: Position<State>,
    given: ReadonlyMap<number, SeatOrders<Orders>>,
    vacant: ReadonlySet<number>,
  ): Position<State> {
    const turn = before.response.turn + 1;
    const orders = new Map([...given, ...this.#botOrders(before, turn, 0)].toSorted(([a], [b]) => a - b));
    return this.#playOn(this.#step(before, { turn, step: 0, orders, vacant }), vacant);
  }

  view(state: State, audience: Audience, turn: number): View {
    const name = `the view of ${audienceText(audience)} after turn ${turn}`;
    const view = calling('view', () => frozenJson(this.#rules.view(state, audience), name));
    const bytes = jsonBytes(view);
    if (bytes > engineBounds.viewBytes) {
      throw new RulesError(`${name} has ${bytes} bytes; at most ${engineBounds.viewBytes} are allowed`);
    }
    return view;
  }

  /**
   * In a sequential game nobody waits for a seat without a person: bots and vacant seats move within the turn, as long as
   * their events leave room for it.
   */
  #playOn(position: Position<State>, vacant: ReadonlySet<number>): Position<State> {
    let now = position;
    if (this.#rules.manifest.turn_order !== 'sequential') return now;
    for (let step = 1; step < maxSteps; step++) {
      const { turn, status, awaiting, events } = now.response;
      const nobody = awaiting.every((seat) => this.#bots.has(seat) || vacant.has(seat));
      if (status === 'finished' || !nobody) return now;
      const orders = new Map<number, SeatOrders<Orders>>(this.#botOrders(now, turn, step));
      for (const seat of awaiting) if (!orders.has(seat)) orders.set(seat, { state: 'vacant' });
      const next = this.#step(now, { turn, step, orders, vacant });
      const response = { ...next.response, events: [...events, ...next.response.events] };
      if (this.#problemWith(response) !== undefined) return now;
      now = { state: next.state, response };
    }
    return now;
  }

  #step(
    before: Position<State>,
    parts: {
      turn: number;
      step: number;
      orders: ReadonlyMap<number, SeatOrders<Orders>>;
      vacant: ReadonlySet<number>;
    },
  ): Position<State> {
    const { turn, step, orders, vacant } = parts;
    const random = seededRandom(this.#setup.seed, `turn ${turn}.${step}`);
    const { state, events } = calling('resolve', () =>
      this.#rules.resolve(structuredClone(before.state), { turn, orders, vacant, random }),
    );
    return this.#position(turn, state, 'resolve', events ?? []);
  }

  #botOrders(position: Position<State>, turn: number, step: number): [number, SeatOrders<Orders>][] {
    const seats = position.response.awaiting.filter((seat) => this.#bots.has(seat));
    return seats.map((seat) => {
      const view = this.view(position.state, seat, position.response.turn);
      const random = seededRandom(this.#setup.seed, `bot ${seat} turn ${turn}.${step}`);
      const orders = calling('bot', () => {
        if (this.#rules.bot === undefined) throw new TypeError('there is none');
        return frozenJson(this.#rules.bot(view, { seat, random }), `what the bot of seat ${seat} orders`);
      });
      const [problem] = this.#checkOrders(position, seat, orders);
      if (problem !== undefined) {
        throw new RulesError(
          `the bot of seat ${seat} gave orders for turn ${turn} that are not valid: ${problem.path} ${problem.message}`,
        );
      }
      return [seat, { state: 'ready', orders }];
    });
  }

  #position(turn: number, raw: State, by: string, events: readonly EngineEvent[]): Position<State> {
    const state = calling(by, () => frozenJson(raw, `the state that ${by} returned`));
    const bytes = jsonBytes(state);
    if (bytes > stateBytes) {
      throw new RulesError(
        `the state after turn ${turn} has ${bytes} bytes; at most ${stateBytes} are allowed`,
      );
    }
    const standing = calling('standing', () =>
      frozenJson(this.#rules.standing(state), `what standing returned`),
    );
    const told = calling(by, () => frozenJson(events, `the events that ${by} returned`));
    const shown: TurnResponse = {
      ...standing,
      game_id: this.#setup.game_id,
      turn,
      status: standing.result === undefined ? 'running' : 'finished',
      events: [...told],
    };
    const response = turnResponseSchema.safeParse(shown);
    if (!response.success) {
      const [issue] = response.error.issues;
      throw new RulesError(`after turn ${turn}, ${issue?.path.join('/')}: ${issue?.message}`);
    }
    const problem = this.#problemWith(response.data);
    if (problem !== undefined) throw new RulesError(`after turn ${turn} ${problem}`);
    return { state, response: response.data };
  }

  /** What the schema cannot say. */
  #problemWith(response: TurnResponse): string | undefined {
    const { awaiting, alive, stats, status, result, events } = response;
    const seats = new Set(this.#setup.seats.map(({ seat }) => seat));
    const stranger = [...alive, ...events.flatMap(({ to }) => to)].find((seat) => !seats.has(seat));
    if (stranger !== undefined) return `seat ${stranger} is named, which the game does not have`;
    const twice = [awaiting, alive, ...events.map(({ to }) => to)].flatMap(
      (all) => all.find((seat, index) => all.indexOf(seat) < index) ?? [],
    );
    if (twice.length > 0) return `seat ${twice[0]} is named twice: in awaiting, in alive, or in one event`;
    const lost = awaiting.find((seat) => !alive.includes(seat));
    if (lost !== undefined) return `seat ${lost} is awaited, which is not alive`;
    if (status === 'running' && awaiting.length === 0) return 'no seat is awaited, and there is no result';
    if (status === 'finished' && awaiting.length > 0) return 'seats are awaited, and there is a result';
    if (!namesEach(seats, stats)) return 'stats do not name every seat once';
    if (result !== undefined && !namesEach(seats, result.placements)) {
      return 'the placements of the result do not name every seat once';
    }
    const large = events.find(({ payload }) => jsonBytes(payload) > engineBounds.eventPayloadBytes);
    if (large !== undefined) {
      return `the payload of the event ${large.type} has more than ${engineBounds.eventPayloadBytes} bytes`;
    }
    const seat = tooManyEvents(events);
    if (seat !== undefined) return `seat ${seat} gets more than ${engineBounds.eventsPerSeat} events`;
    if (jsonBytes(response) > responseBytes) {
      return `the events have more than ${responseBytes} bytes together with the stats`;
    }
    return undefined;
  }
}

export function stateOf(response: TurnResponse): GameState {
  return gameStateSchema.parse(response);
}

function namesEach(seats: ReadonlySet<number>, rows: readonly { seat: number }[]): boolean {
  const named = new Set(rows.map(({ seat }) => seat));
  return (
    rows.length === seats.size && named.size === seats.size && [...named].every((seat) => seats.has(seat))
  );
}

/** @returns a seat with more events than are allowed. */
function tooManyEvents(events: readonly EngineEvent[]): number | undefined {
  const counts = new Map<number, number>();
  for (const seat of events.flatMap(({ to }) => [...new Set(to)]))
    counts.set(seat, (counts.get(seat) ?? 0) + 1);
  return [...counts].find(([, count]) => count > engineBounds.eventsPerSeat)?.[0];
}
