import { z } from '@hono/zod-openapi';
import { id, timestamp } from '../../../lib/http/schemas.ts';
import { type Invite, inviteStatusAt, inviteStatuses } from '../../../lib/lobby/domain/invite.ts';

export const inviteSchema = z
  .object({
    invite_id: id,
    game_id: id,
    user_id: id.nullable().openapi({ description: 'null for a code.' }),
    code: z.string().nullable().openapi({ description: 'null for an invite for one user.' }),
    max_uses: z.int(),
    uses: z.int(),
    expires_at: timestamp.nullable().openapi({ description: 'null for an invite for one user.' }),
    status: z.enum(inviteStatuses),
    created_at: timestamp,
    decided_at: timestamp.nullable(),
  })
  .openapi('Invite');

/** Shapes invites, with their status at `now`. */
export function toInviteAt(now: Date): (invite: Invite) => z.infer<typeof inviteSchema> {
  return (invite) => ({
    invite_id: invite.inviteId,
    game_id: invite.gameId,
    user_id: invite.userId,
    code: invite.code,
    max_uses: invite.maxUses,
    uses: invite.uses,
    expires_at: invite.expiresAt === null ? null : invite.expiresAt.toISOString(),
    status: inviteStatusAt(invite, now),
    created_at: invite.createdAt.toISOString(),
    decided_at: invite.decidedAt === null ? null : invite.decidedAt.toISOString(),
  });
}
