// Reads games from the lobby's internal listener. The lobby owns them: before anything is done for a game it is asked how
// the game stands, and while it cannot be asked nothing is done.
import { z } from 'zod';
import { askService, refuseUnlessOk } from '../http/ask-service.ts';
import type { Player, Standing } from './domain/runtime.ts';

export type LobbyGame = Standing & {
  readonly gameId: string;
  readonly containerId: string | null;
  readonly engineEndpoint: string | null;
  readonly turnSchedule: string;
  readonly timeZone: string;
  /** The last turn that the lobby knows of; null before it heard of any. */
  readonly currentTurn: number | null;
  readonly engineHealth: string | null;
  readonly snapshotAt: Date | null;
  readonly registeredAt: Date | null;
};

export type LobbyClient = {
  /** @returns undefined when the lobby knows no such game. @throws Error when it cannot be asked. */
  game(gameId: string): Promise<LobbyGame | undefined>;
  /** All games with a status, page by page. @throws Error when the lobby cannot be asked. */
  games(status: 'running' | 'paused'): AsyncIterable<LobbyGame>;
  /** Those who play in a game. @throws Error when the lobby cannot be asked. */
  players(gameId: string): Promise<Player[]>;
};

const pageSize = 200;
/** A page of games has 3 MiB at most: descriptions of 2,000 characters, in whatever script. */
const maxBytes = 8 * 1024 * 1024;

const id = z.guid().toLowerCase();
const time = z.iso.datetime().transform((text) => new Date(text));

const gameResponse = z
  .object({
    game_id: id,
    status: z.string(),
    runtime_job_id: id.nullable(),
    container_id: z.string().nullable(),
    engine_endpoint: z.string().nullable(),
    turn_schedule: z.string(),
    time_zone: z.string(),
    current_turn: z.int().nullable(),
    engine_health: z.string().nullable(),
    snapshot_at: time.nullable(),
    registered_at: time.nullable(),
  })
  .transform(
    (game): LobbyGame => ({
      gameId: game.game_id,
      status: game.status,
      runtimeJobId: game.runtime_job_id,
      containerId: game.container_id,
      engineEndpoint: game.engine_endpoint,
      turnSchedule: game.turn_schedule,
      timeZone: game.time_zone,
      currentTurn: game.current_turn,
      engineHealth: game.engine_health,
      snapshotAt: game.snapshot_at,
      registeredAt: game.registered_at,
    }),
  );

const membershipResponse = z
  .object({ user_id: id, race_name: z.string() })
  .transform(({ user_id, race_name }): Player => ({ userId: user_id, raceName: race_name }));

const pageResponse = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), next_page_token: z.string().optional() });

export function createLobbyClient(options: {
  baseUrl: string;
  token?: string | undefined;
  /** Bound on one exchange, body included. */
  timeoutMs: number;
}): LobbyClient {
  const { token, timeoutMs } = options;
  /** @returns undefined when there is no such thing. */
  const ask = async (path: string): Promise<unknown> => {
    try {
      const url = `${options.baseUrl}/api/v1/internal${path}`;
      const answer = await askService(url, { method: 'GET', token, timeoutMs, maxBytes });
      if (answer.status === 404) return undefined;
      refuseUnlessOk(answer, { ours: 'GM_LOBBY_TOKEN', theirs: 'LOBBY_INTERNAL_HTTP_TOKEN' });
      return JSON.parse(answer.text);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`the lobby cannot be asked: ${why}`, { cause: error });
    }
  };
  async function* pages<T>(path: string, item: z.ZodType<T>): AsyncGenerator<T> {
    for (let after: string | undefined = ''; after !== undefined; ) {
      const next = after === '' ? '' : `&page_token=${encodeURIComponent(after)}`;
      const page = pageResponse(item).parse(await ask(`${path}page_size=${pageSize}${next}`));
      yield* page.items;
      after = page.next_page_token;
    }
  }

  return {
    async game(gameId) {
      const answer = await ask(`/games/${gameId}`);
      return answer === undefined ? undefined : gameResponse.parse(answer);
    },
    games: (status) => pages(`/games?status=${status}&`, gameResponse),
    async players(gameId) {
      const players: Player[] = [];
      for await (const player of pages(`/games/${gameId}/memberships?`, membershipResponse))
        players.push(player);
      return players;
    },
  };
}
