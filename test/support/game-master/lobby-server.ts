// What the Game Master asks the lobby, over HTTP, from what a test says of each game.
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type LobbyGame = {
  status: string;
  runtimeJobId: string | null;
  ownerUserId: string;
  spectators: boolean;
  /** Which engine it was made for, in the words of the lobby. */
  engine?: { engine_family: string; target_engine_version: string } | undefined;
  /** Whether those who are no members see it. */
  public: boolean;
  /** Of active members. */
  readonly seats: Map<string, number>;
  /** Active members without a seat. */
  readonly members: Set<string>;
  /** Of the last report that the lobby went by; none unless set. */
  reportSeq?: number;
};

export class LobbyServer {
  readonly games = new Map<string, LobbyGame>();
  /** Responds to everything while it is set. */
  failure: ((response: ServerResponse) => void) | undefined;
  readonly #server = createServer((request, response) => {
    if (this.failure !== undefined) return this.failure(response);
    const url = new URL(request.url ?? '', 'http://lobby');
    const [, gameId = '', what] = /^\/api\/v1\/internal\/games\/([^/]+)\/(\w+)$/.exec(url.pathname) ?? [];
    const game = this.games.get(gameId);
    const body =
      game === undefined
        ? undefined
        : what === 'access'
          ? access(gameId, game, url.searchParams.get('user_id') ?? '')
          : standing(gameId, game);
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body ?? { error: { code: 'not_found', message: 'none' } }));
  });

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function access(gameId: string, game: LobbyGame, userId: string) {
  const seat = game.seats.get(userId) ?? null;
  const member = seat !== null || game.members.has(userId);
  const owner = game.ownerUserId === userId;
  return {
    game_id: gameId,
    status: game.status,
    runtime_job_id: game.runtimeJobId,
    visible: game.public || member || owner,
    seat,
    member,
    owner,
    spectators: game.spectators,
  };
}

function standing(gameId: string, game: LobbyGame) {
  return {
    game_id: gameId,
    status: game.status,
    revision: 1,
    runtime_job_id: game.runtimeJobId,
    container_id: 'container',
    engine_endpoint: 'http://127.0.0.1:1',
    registered_at: null,
    game_name: 'Bids',
    owner_user_id: game.ownerUserId,
    turn_schedule: null,
    time_zone: 'UTC',
    turn_seconds: 3_600,
    early: 'all_ready',
    spectators: game.spectators,
    options: {},
    ...game.engine,
    current_turn: null,
    report_seq: game.reportSeq ?? null,
    seats: [...game.seats].map(([userId, seat]) => ({ seat, user_id: userId, race_name: `Race ${seat}` })),
  };
}
