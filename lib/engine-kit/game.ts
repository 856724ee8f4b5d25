// One game of an engine: the current turn in memory, every turn in its folder, and each is saved before anybody hears of
// it. Changes come one after the other, so that a turn that is requested twice at once is played once.
import {
  type Audience,
  engineBounds,
  type GameSetup,
  type GameState,
  type OrderProblem,
  type TurnRequest,
  type TurnResponse,
  type ValidateRequest,
} from '../engine/api.ts';
import { schemaChecker } from '../engine/json-schema.ts';
import { maxJsonDepth } from '../engine/schema-problems.ts';
import { Refusal } from '../errors/table.ts';
import { isDeeperThan } from '../http/json-depth.ts';
import { type OrderChecker, orderChecker } from './check-orders.ts';
import type { GameFolder, PlayedTurn } from './game-folder.ts';
import { digestOf, frozenJson, jsonBytes } from './json.ts';
import { Play, type Position, stateOf } from './play.ts';
import type { Rules, SeatOrders } from './rules.ts';

type Running<State, Orders, Options, View> = {
  readonly setup: GameSetup;
  readonly play: Play<State, Orders, Options, View>;
  readonly position: Position<State>;
  /** Digests of the requests that set the game up, and that played the last turn. */
  readonly setupRequest: string;
  readonly lastRequest: string;
  readonly vacant: ReadonlySet<number>;
};

export class Game<State, Orders, Options, View> {
  readonly #rules: Rules<State, Orders, Options, View>;
  readonly #folder: GameFolder;
  readonly #checkOrders: OrderChecker;
  readonly #checkOptions: (options: unknown) => OrderProblem[];
  #game: Running<State, Orders, Options, View> | undefined;
  #lastChange: Promise<unknown> = Promise.resolve();

  private constructor(rules: Rules<State, Orders, Options, View>, folder: GameFolder) {
    this.#rules = rules;
    this.#folder = folder;
    this.#checkOrders = orderChecker(rules);
    this.#checkOptions = schemaChecker(rules.manifest.options_schema, 'options_schema');
  }

  /** The game of this folder, if it has one already. @throws OperatorError when it cannot be read. */
  static async open<State, Orders, Options, View>(
    rules: Rules<State, Orders, Options, View>,
    folder: GameFolder,
  ): Promise<Game<State, Orders, Options, View>> {
    const game = new Game(rules, folder);
    const stored = await folder.load(rules.manifest);
    if (stored !== undefined) {
      const { first, last, vacant } = stored;
      game.#game = {
        setup: first.setup,
        play: new Play(rules, first.setup, game.#checkOrders),
        position: positionOf(last),
        setupRequest: first.request,
        lastRequest: last.request,
        vacant: new Set(vacant),
      };
    }
    return game;
  }

  /** @throws Refusal `not_found` before the game was set up. */
  state(): GameState {
    return stateOf(this.#known().position.response);
  }

  /** A repeat gets the state as it is by then. @throws Refusal `invalid_state`, `invalid_request`. */
  setUp(setup: GameSetup): Promise<GameState> {
    return this.#change(async () => {
      requireShallow(setup);
      const request = digestOf({ ...setup, seats: setup.seats.toSorted((a, b) => a.seat - b.seat) });
      if (this.#game !== undefined) {
        if (this.#game.setupRequest === request) return this.state();
        throw new Refusal(
          'invalid_state',
          `This engine plays game ${this.#game.setup.game_id} as it was set up first; nothing was changed.`,
        );
      }
      this.#checkSetup(setup);
      const play = new Play(this.#rules, setup, this.#checkOrders);
      const position = play.setUp();
      const { family, version } = this.#rules.manifest;
      await this.#folder.saveTurn({ family, version, setup, request, ...position, vacant: [] });
      this.#game = { setup, play, position, setupRequest: request, lastRequest: request, vacant: new Set() };
      return this.state();
    });
  }

  /** Changes nothing. @throws Refusal `not_found`, `invalid_state`, `invalid_request`. */
  validate({ seat, turn, orders }: ValidateRequest): readonly OrderProblem[] {
    const { position } = this.#known();
    this.#requireNext(position, turn, 'ordered');
    this.#requirePerson(seat);
    if (orders === undefined) throw new Refusal('invalid_request', 'The field orders is missing.');
    return this.#checkOrders(position, seat, orders);
  }

  /** A repeat of the last turn gets its response again. @throws Refusal as `validate`. */
  playTurn({ turn, orders }: TurnRequest): Promise<TurnResponse> {
    return this.#change(async () => {
      const game = this.#known();
      const { position } = game;
      requireShallow(orders);
      const request = digestOf({ turn, orders: orders.toSorted((a, b) => a.seat - b.seat) });
      if (turn === position.response.turn) {
        if (game.lastRequest === request) return position.response;
        throw new Refusal('invalid_state', `Turn ${turn} was played with other orders; it stays as it was.`);
      }
      this.#requireNext(position, turn, 'played');
      const given = this.#givenOrders(position, orders);
      const left = orders.flatMap(({ seat, state }) => (state === 'vacant' ? [seat] : []));
      const vacant = new Set([...game.vacant, ...left]);
      const next = game.play.turn(position, given, vacant);
      await this.#folder.saveTurn({ request, ...next, vacant: [...vacant] });
      this.#game = { ...game, position: next, lastRequest: request, vacant };
      return next.response;
    });
  }

  /** The seat counts as vacant from the next turn on. @throws Refusal `not_found`, `invalid_state`. */
  vacate(seat: number): Promise<GameState> {
    return this.#change(async () => {
      const game = this.#known();
      const { bot } = this.#seat(seat, 'not_found');
      if (bot) throw new Refusal('invalid_state', `Seat ${seat} is a bot's, which cannot leave.`);
      if (!game.vacant.has(seat)) {
        const vacant = new Set([...game.vacant, seat]);
        await this.#folder.saveVacant([...vacant]);
        this.#game = { ...game, vacant };
      }
      return this.state();
    });
  }

  /** @param turn a turn that was played, or 0; the last one if undefined. @throws Refusal `not_found`. */
  async view(audience: Audience, turn: number | undefined): Promise<View> {
    const { play, position } = this.#known();
    if (audience !== 'spectator') this.#seat(audience, 'not_found');
    else if (!this.#rules.manifest.spectator_view) {
      throw new Refusal('not_found', 'This engine has no view for spectators.');
    }
    const last = position.response.turn;
    const asked = turn ?? last;
    if (asked > last) {
      throw new Refusal('not_found', `Turn ${asked} has not been played; the last one is ${last}.`);
    }
    const { state } = asked === last ? position : positionOf<State>(await this.#folder.readTurn(asked));
    return play.view(state, audience, asked);
  }

  #checkSetup({ seats, options }: GameSetup): void {
    const { min, max } = this.#rules.manifest.seats;
    if (seats.length < min || seats.length > max) {
      throw new Refusal(
        'invalid_request',
        `This game takes ${min === max ? min : `${min} to ${max}`} seats, not ${seats.length}.`,
      );
    }
    if (this.#rules.bot === undefined && seats.some(({ bot }) => bot)) {
      throw new Refusal('invalid_request', 'This engine has no bots.');
    }
    if (jsonBytes(options) > engineBounds.optionsBytes) {
      throw new Refusal('invalid_request', `The options are larger than ${engineBounds.optionsBytes} bytes.`);
    }
    const problems = this.#checkOptions(options);
    if (problems.length > 0) {
      throw new Refusal('invalid_request', 'The options are not valid; see the problems.', { problems });
    }
  }

  #requireNext({ response }: Position<State>, turn: number, verb: string): void {
    if (response.status === 'finished') {
      throw new Refusal(
        'invalid_state',
        `Turn ${turn} cannot be ${verb}: the game finished with turn ${response.turn}.`,
      );
    }
    if (turn !== response.turn + 1) {
      throw new Refusal(
        'invalid_state',
        `Turn ${turn} cannot be ${verb}; the next one is ${response.turn + 1}.`,
      );
    }
  }

  #givenOrders(
    position: Position<State>,
    rows: TurnRequest['orders'],
  ): ReadonlyMap<number, SeatOrders<Orders>> {
    const refuse = (seat: number, problem: string, problems?: readonly OrderProblem[]) =>
      new Refusal('invalid_request', `Seat ${seat} ${problem}.`, problems && { seat, problems });
    const given = new Map<number, SeatOrders<Orders>>();
    let bytes = 0;
    for (const { seat, orders, state } of rows) {
      this.#requirePerson(seat);
      if (given.has(seat)) throw refuse(seat, 'is named twice');
      const none = orders === null || orders === undefined;
      if (state === 'missing' || state === 'vacant') {
        if (!none) throw refuse(seat, `is ${state} and has orders`);
        given.set(seat, { state });
        continue;
      }
      if (none) throw refuse(seat, `is ${state} and has no orders`);
      bytes += jsonBytes(orders);
      const problems = this.#checkOrders(position, seat, orders);
      if (problems.length > 0)
        throw refuse(seat, 'has orders that are not valid; see the problems', problems);
      // The schema of the manifest has allowed them.
      given.set(seat, { state, orders: frozenJson(orders, 'the orders') as Orders });
    }
    if (bytes > engineBounds.turnOrdersBytes) {
      throw new Refusal(
        'invalid_request',
        `The orders are larger than ${engineBounds.turnOrdersBytes} bytes in all.`,
      );
    }
    const bots = new Set(this.#known().setup.seats.flatMap(({ seat, bot }) => (bot ? [seat] : [])));
    const absent = position.response.awaiting.find((seat) => !given.has(seat) && !bots.has(seat));
    if (absent !== undefined) throw refuse(absent, 'is awaited and not named');
    return given;
  }

  #requirePerson(seat: number): void {
    if (this.#seat(seat, 'invalid_request').bot) {
      throw new Refusal('invalid_request', `Seat ${seat} is a bot's, which the engine plays itself.`);
    }
  }

  #seat(seat: number, code: 'not_found' | 'invalid_request'): GameSetup['seats'][number] {
    const found = this.#known().setup.seats.find((one) => one.seat === seat);
    if (found === undefined) throw new Refusal(code, `This game has no seat ${seat}.`);
    return found;
  }

  #known(): Running<State, Orders, Options, View> {
    if (this.#game === undefined) {
      throw new Refusal('not_found', 'No game has been set up here yet; do that with PUT /api/v1/game.');
    }
    return this.#game;
  }

  /** A change that cannot be saved has not happened. */
  #change<T>(decide: () => Promise<T>): Promise<T> {
    const change = this.#lastChange.then(decide);
    this.#lastChange = change.catch(() => undefined);
    return change;
  }
}

/** What is deeper than orders may be cannot even be compared. @throws Refusal `invalid_request`. */
function requireShallow(request: unknown): void {
  if (isDeeperThan(request, maxJsonDepth + 2)) {
    throw new Refusal('invalid_request', `The request is nested more than ${maxJsonDepth} levels deep.`);
  }
}

/** The state was one of these rules when it was saved. */
function positionOf<State>({ state, response }: PlayedTurn): Position<State> {
  return { state: frozenJson(state as State, 'the state that was saved'), response };
}
