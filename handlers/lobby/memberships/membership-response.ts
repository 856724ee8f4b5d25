import { z } from '@hono/zod-openapi';
import { id, timestamp } from '../../../lib/http/schemas.ts';
import { type Membership, membershipStatuses } from '../../../lib/lobby/domain/game.ts';

export const membershipSchema = z
  .object({
    membership_id: id,
    game_id: id,
    user_id: id,
    race_name: z.string(),
    status: z.enum(membershipStatuses),
    seat: z
      .int()
      .nullable()
      .openapi({ description: 'From 1, in the order of joining; null until the game starts.' }),
    joined_at: timestamp,
  })
  .openapi('Membership');

export function toMembership(membership: Membership): z.infer<typeof membershipSchema> {
  return {
    membership_id: membership.membershipId,
    game_id: membership.gameId,
    user_id: membership.userId,
    race_name: membership.raceName,
    status: membership.status,
    seat: membership.seat,
    joined_at: membership.joinedAt.toISOString(),
  };
}
