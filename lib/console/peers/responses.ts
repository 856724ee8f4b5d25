// The parts of the lobby's responses that the console shows.
import { z } from 'zod';
import { gameStatuses } from '../../protocol/game-status.ts';

export const page = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), next_page_token: z.string().optional() });

export const gameSchema = z.object({
  game_id: z.string(),
  game_type: z.string(),
  owner_user_id: z.string().nullable(),
  game_name: z.string(),
  description: z.string(),
  status: z.enum(gameStatuses),
  min_players: z.int(),
  max_players: z.int(),
  active_members: z.int(),
  engine_family: z.string(),
  target_engine_version: z.string(),
  current_turn: z.int().nullable(),
  runtime_status: z.string().nullable(),
  engine_health: z.string().nullable(),
  container_id: z.string().nullable(),
  due_at: z.string().nullable(),
  awaited_seats: z.array(z.int()).nullable(),
  ready_seats: z.array(z.int()).nullable(),
  enrollment_ends_at: z.string(),
  time_zone: z.string(),
  turn_schedule: z.string().nullable(),
  turn_seconds: z.int().nullable(),
  grace_seconds: z.int(),
  created_at: z.string(),
  started_at: z.string().nullable(),
  finished_at: z.string().nullable(),
  revision: z.int(),
});
export type Game = z.infer<typeof gameSchema>;

export const gamesSchema = page(gameSchema);

export const membershipsSchema = page(
  z.object({
    membership_id: z.string(),
    user_id: z.string(),
    race_name: z.string(),
    status: z.string(),
    seat: z.int().nullable(),
    joined_at: z.string(),
  }),
);

export const timelineSchema = page(
  z.object({
    at: z.string(),
    trigger: z.string(),
    actor: z.string(),
    actor_id: z.string().nullable(),
    from: z.string(),
    to: z.string(),
    reason: z.string().nullable(),
  }),
);

export const membershipSchema = z.object({ membership_id: z.string(), game_id: z.string() });

/** Applications and invites, of which only the state counts. */
export const pendingSchema = page(z.object({ status: z.string() }));

export const streamsSchema = z.object({
  items: z.array(
    z.object({
      consumer: z.string(),
      stream: z.string(),
      offset: z.string().nullable(),
      oldest_unprocessed_age_ms: z.number(),
      lost: z.boolean(),
      running: z.boolean(),
      last_error: z.string().nullable(),
      last_error_at: z.string().nullable(),
      dead_letters: z.int(),
      parked_keys: z.int(),
    }),
  ),
});

export type Stream = z.infer<typeof streamsSchema>['items'][number];

const state = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.string())]),
);

export const auditSchema = page(
  z.object({
    entry_id: z.string(),
    at: z.string(),
    operator_id: z.string().nullable(),
    action: z.string(),
    subject_kind: z.string(),
    subject_id: z.string(),
    reason: z.string().nullable(),
    before: state.nullable(),
    after: state.nullable(),
    request_id: z.string(),
  }),
);
export type AuditEntry = z.infer<typeof auditSchema>['items'][number];
export type AuditState = z.infer<typeof state>;
