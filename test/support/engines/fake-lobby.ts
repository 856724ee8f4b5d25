// A fake of the lobby's internal listener for the Game Master. The test sets the state of its games.
import { v7 as uuidv7 } from 'uuid';
import type { GameResponse } from '../../../handlers/lobby/games/game-response.ts';
import {
  json,
  type ReceivedRequest,
  startUpstreamServer,
  type UpstreamServer,
} from '../gateway/fake-upstream.ts';

export type Player = { user_id: string; race_name: string };

export type FakeGame = Pick<
  GameResponse,
  | 'game_id'
  | 'status'
  | 'runtime_job_id'
  | 'container_id'
  | 'engine_endpoint'
  | 'turn_schedule'
  | 'time_zone'
  | 'current_turn'
  | 'runtime_status'
  | 'engine_health'
  | 'snapshot_at'
  | 'registered_at'
> & { players: Player[] };

export type FakeLobby = {
  readonly server: UpstreamServer;
  /** By id. Change a game here to change its state. */
  readonly games: Map<string, FakeGame>;
  /** Adds a running game with two players. */
  add(changes?: Partial<FakeGame>): FakeGame;
  /** Makes it respond correctly again, after the test has set `server.answer`. */
  heal(): void;
  close(): Promise<void>;
};

/** @param token that every request must carry. */
export async function startFakeLobby(token?: string): Promise<FakeLobby> {
  const games = new Map<string, FakeGame>();
  const respond: UpstreamServer['answer'] = (request, response) => {
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) {
      json(401, { error: { code: 'unauthenticated', message: 'No token.' } })(request, response);
      return;
    }
    const found = resourceAt(games, request);
    if (found === undefined) {
      json(404, { error: { code: 'not_found', message: 'Not here.' } })(request, response);
    } else json(200, found)(request, response);
  };
  const server = await startUpstreamServer(respond);
  return {
    server,
    games,
    add(changes = {}) {
      const game: FakeGame = {
        game_id: uuidv7(),
        status: 'running',
        runtime_job_id: uuidv7(),
        container_id: 'c1',
        engine_endpoint: 'http://127.0.0.1:1',
        turn_schedule: '0 20 * * *',
        time_zone: 'Europe/Berlin',
        current_turn: null,
        runtime_status: null,
        engine_health: null,
        snapshot_at: null,
        registered_at: new Date().toISOString(),
        players: [
          { user_id: uuidv7(), race_name: 'Zerg' },
          { user_id: uuidv7(), race_name: 'Protoss' },
        ],
        ...changes,
      };
      games.set(game.game_id, game);
      return game;
    },
    heal: () => {
      server.answer = respond;
    },
    close: () => server.close(),
  };
}

const prefix = '/api/v1/internal/games';
/** Small, so that lists have several pages. */
const itemsPerPage = 2;

function resourceAt(games: ReadonlyMap<string, FakeGame>, { url }: ReceivedRequest): unknown {
  const { pathname, searchParams } = new URL(url, 'http://lobby');
  const page = <Item>(items: Item[]) => {
    const from = Number(searchParams.get('page_token') ?? 0);
    const to = from + itemsPerPage;
    return {
      items: items.slice(from, to),
      ...(to < items.length ? { next_page_token: String(to) } : {}),
    };
  };
  if (pathname === prefix) {
    return page([...games.values()].filter(({ status }) => status === searchParams.get('status')));
  }
  const [id = '', part] = pathname.slice(prefix.length + 1).split('/');
  const game = games.get(id);
  if (part === 'memberships') return game && page(game.players);
  return game;
}
