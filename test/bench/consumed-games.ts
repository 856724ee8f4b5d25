// Games that run, with players, for the rows about reports of the Game Master.
import type pg from 'pg';
import type { GmEvent } from '../../lib/protocol/gm-events.ts';
import { insertGames } from '../support/stores/many-rows.ts';
import { gameIdOf } from './lobby-database.ts';

export type ConsumedGame = { gameId: string; jobId: string; userIds: readonly string[] };

const players = 4;

/** Makes games 1 to `count`, each with four players. */
export async function insertConsumedGames(client: pg.ClientBase, count: number): Promise<ConsumedGame[]> {
  await insertGames(client, 1, count, {
    status: `'running'`,
    active_members: String(players),
    runtime_job_id: 'gen_random_uuid()',
    container_id: `'container'`,
    engine_endpoint: `'http://127.0.0.1:1'`,
    bound_at: 'now()',
  });
  await client.query(
    `insert into lobby.memberships (membership_id, game_id, user_id, race_name, status, joined_at)
     select gen_random_uuid(), game_id, gen_random_uuid(), 'Race ' || player, 'active', now()
     from lobby.games cross join generate_series(1, $1) player`,
    [players],
  );
  const { rows } = await client.query<{ game_id: string; runtime_job_id: string; user_ids: string[] }>(
    `select game_id, runtime_job_id, array_agg(user_id::text) as user_ids
     from lobby.games join lobby.memberships using (game_id) group by game_id`,
  );
  const byId = new Map(rows.map((row) => [row.game_id, row]));
  return Array.from({ length: count }, (_, index) => {
    const row = byId.get(gameIdOf(index + 1));
    if (row === undefined) throw new Error('a game is missing');
    return { gameId: row.game_id, jobId: row.runtime_job_id, userIds: row.user_ids };
  });
}

export function reportOf({ gameId, jobId, userIds }: ConsumedGame, eventId: string, turn: number): GmEvent {
  return {
    event_id: eventId,
    event_type: 'runtime_snapshot_update',
    game_id: gameId,
    runtime_job_id: jobId,
    turn,
    runtime_status: 'running',
    engine_health: 'ok',
    player_stats: userIds.map((user_id) => ({ user_id, planets: 3, population: 3_000, ships_built: 7 })),
    occurred_at_ms: Date.now(),
  };
}
