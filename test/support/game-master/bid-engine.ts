// The engines of many games on one server, each under the id of its game. The game: in every turn each seat bids a
// number from 0 to 9 in secret; bids are shown once the turn was played. Follows docs/engine-interface.md unless a test
// makes it misbehave.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type GameSetup,
  type GameState,
  gameSetupSchema,
  type TurnRequest,
  turnRequestSchema,
} from '../../../lib/engine/api.ts';
import { entryOf } from '../engines/catalogue.ts';

/** Handles a request wrongly. @returns whether it has handled it; otherwise the engine does. */
export type Misbehaviour = (
  call: string,
  response: ServerResponse,
  gameId: string,
) => boolean | Promise<boolean>;

/** Responses that mean nothing to whatever is asked. */
export const brokenResponses: [what: string, Misbehaviour][] = [
  ['fails', (_, response) => Boolean(response.writeHead(500).end())],
  ['responds with garbage', (_, response) => Boolean(response.writeHead(200).end('<html>'))],
  ['redirects', (_, response) => Boolean(response.writeHead(302, { location: '/elsewhere' }).end())],
  ['hangs up', (_, response) => Boolean(response.destroy())],
];

/** A request for a turn, repeats included, and Unix time in ms at which it came. */
export type TurnCall = { readonly gameId: string; readonly at: number; readonly request: TurnRequest };

type Game = {
  /** Empty before the set-up. */
  seats: readonly number[];
  /** What set the game up. */
  setup?: GameSetup;
  /** Seats that it knows to be vacant. */
  readonly vacant?: number[];
  awaiting: readonly number[];
  /** After this turn the game is over. */
  lastTurn: number;
  /** What was played, by turn. */
  readonly played: TurnRequest[];
};

export class BidEngine {
  /** Requests such as `POST /api/v1/game/turns`, in order. */
  readonly calls: string[] = [];
  /** Bodies of requests to validate. */
  readonly validated: unknown[] = [];
  /** The trace contexts that requests came with, in order. */
  readonly traces: unknown[] = [];
  /** Requests for turns that were answered as described. */
  readonly turnCalls: TurnCall[] = [];
  misbehaviour: Misbehaviour = () => false;
  /** The same of one game, for tests that run at the same time. */
  readonly misbehaviours = new Map<string, Misbehaviour>();
  readonly #games = new Map<string, Game>();
  readonly #server = createServer((request, response) => void this.#serve(request, response));

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  setUp(gameId: string, game: Omit<Game, 'played'>): string {
    this.#games.set(gameId, { ...game, played: [] });
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/${gameId}`;
  }

  /** An engine without a game: it is set up by whoever plays it. */
  empty(gameId: string, lastTurn: number): string {
    return this.setUp(gameId, { seats: [], awaiting: [], lastTurn, vacant: [] });
  }

  /** Ends a game after two more turns. @returns the last one. */
  endSoon(gameId: string): number {
    const game = this.#game(gameId);
    game.lastTurn = game.played.length + 2;
    return game.lastTurn;
  }

  /** What its engine was set up with. */
  setupOf(gameId: string): GameSetup | undefined {
    return this.#game(gameId).setup;
  }

  vacantSeats(gameId: string): readonly number[] {
    return this.#game(gameId).vacant ?? [];
  }

  /** The requests for turns of a game, as they came. */
  played(gameId: string): readonly TurnRequest[] {
    return this.#game(gameId).played;
  }

  #game(gameId: string): Game {
    const game = this.#games.get(gameId);
    if (game === undefined) throw new Error(`no engine for ${gameId}`);
    return game;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://engine');
    const gameId = url.pathname.slice(1, 37);
    const call = `${request.method} ${url.pathname.slice(37)}`;
    this.calls.push(call);
    this.traces.push(request.headers.traceparent);
    let text = '';
    for await (const chunk of request) text += chunk;
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    const misbehaviour = this.misbehaviours.get(gameId) ?? this.misbehaviour;
    if (await misbehaviour(call, response, gameId)) return;
    const [status, result] = this.#respond(gameId, call, url.searchParams, body);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(result));
  }

  #respond(gameId: string, call: string, query: URLSearchParams, body: unknown): [number, unknown] {
    const game = this.#game(gameId);
    const vacated = /^PUT \/api\/v1\/game\/seats\/(\d+)$/.exec(call)?.[1];
    if (vacated !== undefined) {
      game.vacant?.push(Number(vacated));
      return [200, stateOf(gameId, game)];
    }
    switch (call) {
      case 'GET /api/v1/manifest':
        return [200, manifest];
      case 'PUT /api/v1/game': {
        const setup = gameSetupSchema.parse(body);
        if (game.setup !== undefined && JSON.stringify(game.setup) !== JSON.stringify(setup)) {
          return refusal(409, 'another set-up');
        }
        game.setup = setup;
        game.seats = setup.seats.map(({ seat }) => seat);
        game.awaiting = game.seats;
        return [200, stateOf(gameId, game)];
      }
      case 'GET /api/v1/game':
        return game.seats.length === 0 ? refusal(404, 'no game') : [200, stateOf(gameId, game)];
      case 'POST /api/v1/game/orders/validate': {
        this.validated.push(body);
        const { turn, orders } = body as { turn: number; orders: { bid?: unknown } };
        if (turn !== game.played.length + 1) return refusal(409, 'the game is at another turn');
        const valid = Number.isInteger(orders.bid) && Number(orders.bid) >= 0 && Number(orders.bid) <= 9;
        return [200, { problems: valid ? [] : [{ path: '/bid', message: 'must be a number from 0 to 9' }] }];
      }
      case 'POST /api/v1/game/turns': {
        const asked = turnRequestSchema.parse(body);
        const earlier = game.played[asked.turn - 1];
        if (earlier === undefined && asked.turn === game.played.length + 1) game.played.push(asked);
        else if (JSON.stringify(earlier) !== JSON.stringify(asked)) return refusal(409, 'other orders');
        this.turnCalls.push({ gameId, at: Date.now(), request: asked });
        const events = [{ to: [...game.seats], type: 'bids.shown', payload: { turn: asked.turn } }];
        return [200, { ...stateOf(gameId, game), events }];
      }
      case 'GET /api/v1/game/view': {
        const turn = Number(query.get('turn'));
        if (turn > game.played.length) return refusal(409, 'not played yet');
        const bids = game.played.slice(0, turn).map(({ orders }) => orders.map((one) => one.orders));
        return [200, { for: query.get('for'), turn, bids }];
      }
      default:
        return refusal(404, 'no such route');
    }
  }
}

/** That of the catalogues for tests. */
export const { manifest } = entryOf();

function stateOf(gameId: string, { seats, awaiting, lastTurn, played }: Game): GameState {
  const stats = seats.map((seat) => ({ seat, planets: 1, population: seat, ships_built: 0 }));
  const common = { game_id: gameId, turn: played.length, alive: [...seats], stats };
  if (played.length < lastTurn) return { ...common, status: 'running', awaiting: [...awaiting] };
  const placements = seats.map((seat) => ({ seat, rank: seat }));
  return { ...common, status: 'finished', awaiting: [], result: { kind: 'finished', placements } };
}

function refusal(status: number, message: string): [number, unknown] {
  return [status, { error: { code: 'refused', message } }];
}
