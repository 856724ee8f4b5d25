// The parts of the Game Master's responses that the console shows, and of the lobby's about engines.
import { z } from 'zod';
import { gameStatuses } from '../../protocol/game-status.ts';

export const turnSchema = z.object({
  turn: z.int(),
  status: z.string(),
  opened_at: z.string().nullable(),
  due_at: z.string().nullable(),
  closes_at: z.string().nullable(),
  played_turn: z.int(),
});
export type Turn = z.infer<typeof turnSchema>;

export const seatsSchema = z.object({
  items: z.array(
    z.object({
      seat: z.int(),
      user_id: z.string().nullable(),
      label: z.string(),
      vacated_at: z.string().nullable(),
      awaited: z.boolean(),
      orders: z.enum(['none', 'draft', 'ready']),
    }),
  ),
});
export type Seat = z.infer<typeof seatsSchema>['items'][number];

export const gameEngineSchema = z.object({
  runtime_job_id: z.string(),
  engine_endpoint: z.string(),
  phase: z.string(),
  played_turn: z.int(),
  engine_health: z.string(),
  problem: z.string().nullable(),
  failures: z.int(),
  next_attempt_at: z.string().nullable(),
});

export const engineLogSchema = z.object({ runtime_job_id: z.string(), text: z.string(), cut: z.boolean() });

export const runningEnginesSchema = z.object({
  items: z.array(
    z.object({
      game_id: z.string(),
      runtime_job_id: z.string(),
      engine_family: z.string().nullable(),
      engine_version: z.string(),
      state: z.string(),
      memory_bytes: z.number().nullable(),
      ended_times: z.int(),
      engine_health: z.string().nullable(),
      failures: z.int().nullable(),
    }),
  ),
});
export type RunningEngine = z.infer<typeof runningEnginesSchema>['items'][number];

export const playStateSchema = z.object({
  turn_workers: z.int(),
  turns_last_minute: z.int(),
  overdue_seconds: z.number(),
  failing_games: z.array(
    z.object({
      game_id: z.string(),
      game_name: z.string(),
      engine_health: z.string(),
      problem: z.string().nullable(),
      failures: z.int(),
      next_attempt_at: z.string().nullable(),
    }),
  ),
  failing_games_complete: z.boolean(),
});
export type PlayState = z.infer<typeof playStateSchema>;

export const catalogueSchema = z.object({
  items: z.array(
    z.object({
      family: z.string(),
      version: z.string(),
      manifest: z.object({
        protocol: z.int(),
        seats: z.object({ min: z.int(), max: z.int() }),
        turn_order: z.string(),
        hidden_information: z.boolean(),
        spectator_view: z.boolean(),
      }),
    }),
  ),
});

export const gameCountsSchema = z.object({
  items: z.array(z.object({ status: z.enum(gameStatuses), count: z.int(), is_complete: z.boolean() })),
});

export const activePlayersSchema = z.object({
  players: z.int(),
  since: z.string(),
  is_complete: z.boolean(),
});
