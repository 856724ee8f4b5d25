// The parts of the services' responses about users that the console shows.
import { z } from 'zod';
import { gameStatuses } from '../../protocol/game-status.ts';
import { page } from './responses.ts';

export const userSchema = z.object({
  user_id: z.string(),
  email: z.string().nullable(),
  handle: z.string().nullable(),
  display_name: z.string().nullable(),
  locale: z.string(),
  time_zone: z.string(),
  created_at: z.string(),
  status: z.enum(['active', 'blocked', 'deleted']),
  blocked_at: z.string().optional(),
  deleted_at: z.string().optional(),
});
export type User = z.infer<typeof userSchema>;

export const usersSchema = page(userSchema);

export const deviceSessionSchema = z.object({
  device_session_id: z.string(),
  status: z.string(),
  device_name: z.string().nullable(),
  network: z.string().nullable(),
  created_at: z.string(),
  last_used_at: z.string().nullable(),
  revoked_at: z.string().optional(),
});
export type DeviceSession = z.infer<typeof deviceSessionSchema>;

export const deviceSessionsSchema = page(deviceSessionSchema);

export const mailsSchema = page(
  z.object({
    kind: z.string(),
    state: z.string(),
    failures: z.int(),
    written_at: z.string(),
    ended_at: z.string().nullable(),
  }),
);
export type Mail = z.infer<typeof mailsSchema>['items'][number];

const right = z.boolean();
const limit = z.int();

export const entitlementsSchema = z.object({
  can_create_public_game: right.nullable(),
  can_create_private_game: right.nullable(),
  can_join_game: right.nullable(),
  max_owned_games: limit.nullable(),
  max_active_memberships: limit.nullable(),
  max_registered_race_names: limit.nullable(),
  effective: z.object({
    can_create_public_game: right,
    can_create_private_game: right,
    can_join_game: right,
    max_owned_games: limit,
    max_active_memberships: limit,
    max_registered_race_names: limit,
  }),
});
export type Entitlements = z.infer<typeof entitlementsSchema>;

const gameOfUser = {
  game_id: z.string(),
  game_name: z.string(),
  status: z.enum(gameStatuses),
};

export const userGamesSchema = page(
  z.object({
    game: z.object(gameOfUser),
    is_owner: z.boolean(),
    memberships: z.array(
      z.object({
        membership_id: z.string(),
        race_name: z.string(),
        status: z.string(),
        seat: z.int().nullable(),
      }),
    ),
  }),
);
export type GameOfUser = z.infer<typeof userGamesSchema>['items'][number];

/** What a block or a deletion would end in the backend. */
export const accountRemovalSchema = z.object({
  block: z.object({ sessions_ended: z.int() }),
  deletion: z.object({
    sessions_ended: z.int(),
    waiting_mails_deleted: z.int(),
    recovery_codes_deleted: z.int(),
  }),
});
export type AccountRemoval = z.infer<typeof accountRemovalSchema>;

/** The same in the lobby. */
export const lobbyRemovalSchema = z.object({
  is_gone: z.boolean(),
  games_cancelled: z.array(z.object({ ...gameOfUser, why: z.enum(['owned', 'last_member']) })),
  games_reopened: z.array(z.object(gameOfUser)),
  memberships_ended: z.array(z.object(gameOfUser)),
  applications_cancelled: z.int(),
  invites_cancelled: z.int(),
  race_names_released: z.array(z.object({ race_name: z.string(), user_id: z.string() })),
  is_complete: z.boolean(),
});
export type LobbyRemoval = z.infer<typeof lobbyRemovalSchema>;
