// A fake engine. It follows docs/engine-interface.md unless a test makes it misbehave; unlike the sample engine it can
// fail in every way.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { GameSetup, GameState } from '../../../lib/engine/api.ts';

/** Handles a request wrongly. @returns whether it has handled it; otherwise the engine does. */
export type Misbehaviour = (call: string, response: ServerResponse) => boolean | Promise<boolean>;

export class FakeEngine {
  /** Requests such as `POST /api/v1/game/turns 3`, in order. */
  readonly calls: string[] = [];
  setup: GameSetup | undefined;
  turn = 0;
  /** After this turn the game is over. */
  lastTurn = 1_000_000;
  misbehaviour: Misbehaviour = () => false;
  /** The highest number of simultaneous requests. */
  mostAtOnce = 0;
  #atOnce = 0;
  #server: Server | undefined;
  #port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Uses the same port again after a stop. */
  async start(): Promise<this> {
    const server = createServer((request, response) => void this.#serve(request, response));
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
    return this;
  }

  /** Ends all connections at once. The engine still knows its game. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  /** The numbers of all requested turns. */
  get requestedTurns(): number[] {
    return this.calls.flatMap((call) => (call.startsWith('POST') ? [Number(call.split(' ')[2])] : []));
  }

  get state(): GameState {
    if (this.setup === undefined) throw new Error('the engine was not set up');
    return {
      game_id: this.setup.game_id,
      turn: this.turn,
      status: this.turn >= this.lastTurn ? 'finished' : 'running',
      players: this.setup.players.map(({ user_id }, index) => ({
        user_id,
        planets: 1 + index * this.turn,
        population: 1_000 + this.turn * 10,
        ships_built: this.turn,
      })),
    };
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#atOnce);
    response.on('close', () => {
      this.#atOnce -= 1;
    });
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString('utf8'));
    const call = [request.method, request.url, ...(request.method === 'POST' ? [body.turn] : [])].join(' ');
    this.calls.push(call);
    if (await this.misbehaviour(call, response)) return;
    const [status, responseBody] = this.#handle(request.method, body);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(responseBody));
  }

  #handle(method: string | undefined, body: GameSetup | { turn: number } | undefined): [number, unknown] {
    if (method === 'PUT') {
      const setup = body as GameSetup;
      if (this.setup !== undefined && JSON.stringify(setup) !== JSON.stringify(this.setup)) {
        return refusal(409, 'invalid_state');
      }
      this.setup = setup;
      return [200, this.state];
    }
    if (this.setup === undefined) return refusal(404, 'not_found');
    if (method === 'GET') return [200, this.state];
    const { turn } = body as { turn: number };
    const plays = turn === this.turn + 1 && this.turn < this.lastTurn;
    if (!plays && turn !== this.turn) return refusal(409, 'invalid_state');
    this.turn = turn;
    return [200, this.state];
  }
}

function refusal(status: number, code: string): [number, unknown] {
  return [status, { error: { code, message: 'The engine refuses.' } }];
}
