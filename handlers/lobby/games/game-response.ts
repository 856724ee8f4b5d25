import { z } from '@hono/zod-openapi';
import { id, timestamp } from '../../../lib/http/schemas.ts';
import type { Caller } from '../../../lib/lobby/caller.ts';
import { gameStatuses, gameTypes } from '../../../lib/lobby/domain/game.ts';
import type { StoredGame } from '../../../lib/lobby/store/games.ts';

const ofAdmins = {
  description: 'Where the game runs; null for all but admins, and before the first start.',
};

export const gameSchema = z
  .object({
    game_id: id,
    game_type: z.enum(gameTypes),
    owner_user_id: id.nullable().openapi({ description: 'null for a public game that an admin made.' }),
    game_name: z.string(),
    description: z.string(),
    status: z.enum(gameStatuses),
    min_players: z.int(),
    max_players: z.int(),
    active_members: z.int(),
    start_gap_hours: z.int(),
    start_gap_players: z.int(),
    enrollment_ends_at: timestamp,
    gap_opened_at: timestamp
      .nullable()
      .openapi({ description: 'Since when the game has max_players; null while it has fewer.' }),
    turn_schedule: z.string(),
    time_zone: z.string(),
    target_engine_version: z.string(),
    current_turn: z.int().nullable().openapi({ description: 'null before the first report of the runtime.' }),
    runtime_status: z.string().nullable(),
    engine_health: z.string().nullable(),
    snapshot_at: timestamp.nullable(),
    runtime_job_id: id.nullable().openapi(ofAdmins),
    container_id: z.string().nullable().openapi(ofAdmins),
    engine_endpoint: z.string().nullable().openapi(ofAdmins),
    bound_at: timestamp.nullable().openapi(ofAdmins),
    registered_at: timestamp.nullable().openapi(ofAdmins),
    created_at: timestamp,
    updated_at: timestamp,
    started_at: timestamp.nullable(),
    finished_at: timestamp.nullable(),
    revision: z.int().openapi({
      description:
        'Grows with every change except runtime reports and joining players; also the ETag. For If-Match.',
    }),
  })
  .openapi('Game');

export type GameResponse = z.infer<typeof gameSchema>;

/** Shapes games for one caller. */
export function toGameFor({ actor }: Caller): (game: StoredGame) => GameResponse {
  const isAdmin = actor.kind === 'admin';
  return (game) => ({
    game_id: game.gameId,
    game_type: game.gameType,
    owner_user_id: game.ownerUserId,
    game_name: game.gameName,
    description: game.description,
    status: game.status,
    min_players: game.minPlayers,
    max_players: game.maxPlayers,
    active_members: game.activeMembers,
    start_gap_hours: game.startGapHours,
    start_gap_players: game.startGapPlayers,
    enrollment_ends_at: game.enrollmentEndsAt.toISOString(),
    gap_opened_at: timeOrNull(game.gapOpenedAt),
    turn_schedule: game.turnSchedule,
    time_zone: game.timeZone,
    target_engine_version: game.targetEngineVersion,
    current_turn: game.currentTurn,
    runtime_status: game.runtimeStatus,
    engine_health: game.engineHealth,
    snapshot_at: timeOrNull(game.snapshotAt),
    runtime_job_id: isAdmin ? game.runtimeJobId : null,
    container_id: isAdmin ? game.containerId : null,
    engine_endpoint: isAdmin ? game.engineEndpoint : null,
    bound_at: isAdmin ? timeOrNull(game.boundAt) : null,
    registered_at: isAdmin ? timeOrNull(game.registeredAt) : null,
    created_at: game.createdAt.toISOString(),
    updated_at: game.updatedAt.toISOString(),
    started_at: timeOrNull(game.startedAt),
    finished_at: timeOrNull(game.finishedAt),
    revision: game.revision,
  });
}

/** The ETag of a game. */
export function etagOf({ revision }: { revision: number }): string {
  return `"${revision}"`;
}

function timeOrNull(time: Date | null): string | null {
  return time === null ? null : time.toISOString();
}
