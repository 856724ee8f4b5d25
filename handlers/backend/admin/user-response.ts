import { z } from '@hono/zod-openapi';
import type { User } from '../../../lib/backend/domain/user.ts';
import { timestamp } from '../../../lib/http/schemas.ts';
import { accountSchema, toAccount } from '../user/account-response.ts';

export const userSchema = accountSchema
  .extend({
    email: z.string().nullable().openapi({ description: '`null` once the user was deleted.' }),
    status: z.enum(['active', 'blocked', 'deleted']),
    blocked_at: timestamp.optional(),
    deleted_at: timestamp.optional(),
  })
  .openapi('User');

export function toUser(user: User): z.infer<typeof userSchema> {
  const { blockedAt, deletedAt } = user;
  return {
    ...toAccount(user),
    email: deletedAt === null ? user.email : null,
    status: statusOf(user),
    ...(blockedAt === null ? {} : { blocked_at: blockedAt.toISOString() }),
    ...(deletedAt === null ? {} : { deleted_at: deletedAt.toISOString() }),
  };
}

function statusOf({ blockedAt, deletedAt }: User): 'active' | 'blocked' | 'deleted' {
  if (deletedAt !== null) return 'deleted';
  return blockedAt === null ? 'active' : 'blocked';
}
