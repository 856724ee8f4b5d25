import { z } from '@hono/zod-openapi';
import { id, timestamp } from '../../../lib/http/schemas.ts';
import type { Caller } from '../../../lib/lobby/caller.ts';
import {
  earlyModes,
  type GameResult,
  gameStatuses,
  gameTypes,
  resultKinds,
} from '../../../lib/lobby/domain/game.ts';
import type { StoredGame } from '../../../lib/lobby/store/games.ts';

const ofAdmins = {
  description: 'Where the game runs; null for all but admins, and before the first start.',
};

const seats = z.array(z.int()).nullable();

const resultSchema = z.object({
  kind: z.enum(resultKinds).openapi({ description: '`void`: it counts for nobody.' }),
  placements: z
    .array(
      z.object({
        seat: z.int(),
        rank: z.int().openapi({ description: '1 is the best; several may share a rank.' }),
        team: z.int().optional(),
        score: z.number().optional(),
        user_id: id.nullable().openapi({ description: 'null for a bot.' }),
        race_name: z.string().nullable(),
      }),
    )
    .openapi({ description: 'The best first.' }),
});

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
    auto_approve: z.boolean(),
    gap_opened_at: timestamp
      .nullable()
      .openapi({ description: 'Since when the game has max_players; null while it has fewer.' }),
    turn_schedule: z.string().nullable().openapi({ description: 'null when turns are turn_seconds long.' }),
    time_zone: z.string(),
    turn_seconds: z.int().nullable().openapi({ description: 'null when turns come by turn_schedule.' }),
    min_turn_seconds: z.int().nullable().openapi({ description: 'null when nothing is set.' }),
    quiet_days: z.array(z.int()).openapi({ description: 'ISO weekdays in order, from 1 (Monday) to 7.' }),
    grace_seconds: z.int(),
    early: z.enum(earlyModes),
    spectators: z.boolean(),
    options: z.record(z.string(), z.unknown()),
    engine_family: z.string(),
    target_engine_version: z.string(),
    current_turn: z.int().nullable().openapi({ description: 'null before the first report of the runtime.' }),
    runtime_status: z.string().nullable(),
    engine_health: z.string().nullable(),
    snapshot_at: timestamp.nullable(),
    due_at: timestamp
      .nullable()
      .openapi({ description: 'When the open turn is due; null while the clock stands still.' }),
    closes_at: timestamp.nullable().openapi({ description: 'When the open turn closes at the latest.' }),
    awaited_seats: seats.openapi({ description: 'Seats whose orders the open turn waits for.' }),
    ready_seats: seats.openapi({ description: 'Those of them that are ready.' }),
    result: resultSchema.nullable().openapi({ description: 'How the game ended; null before.' }),
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
    auto_approve: game.autoApprove,
    gap_opened_at: timeOrNull(game.gapOpenedAt),
    turn_schedule: game.turnSchedule,
    time_zone: game.timeZone,
    turn_seconds: game.turnSeconds,
    min_turn_seconds: game.minTurnSeconds,
    quiet_days: [...game.quietDays],
    grace_seconds: game.graceSeconds,
    early: game.early,
    spectators: game.spectators,
    options: { ...game.options },
    engine_family: game.engineFamily,
    target_engine_version: game.targetEngineVersion,
    current_turn: game.currentTurn,
    runtime_status: game.runtimeStatus,
    engine_health: game.engineHealth,
    snapshot_at: timeOrNull(game.snapshotAt),
    due_at: timeOrNull(game.dueAt),
    closes_at: timeOrNull(game.closesAt),
    awaited_seats: game.awaitedSeats && [...game.awaitedSeats],
    ready_seats: game.readySeats && [...game.readySeats],
    result: game.result && toResult(game.result),
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

function toResult({ kind, placements }: GameResult): z.infer<typeof resultSchema> {
  return {
    kind,
    placements: placements.map(({ userId, raceName, ...placement }) => ({
      ...placement,
      user_id: userId,
      race_name: raceName,
    })),
  };
}

/** The ETag of a game. */
export function etagOf({ revision }: { revision: number }): string {
  return `"${revision}"`;
}

function timeOrNull(time: Date | null): string | null {
  return time === null ? null : time.toISOString();
}
