import { z } from '@hono/zod-openapi';
import type { User } from '../../../lib/backend/domain/user.ts';
import { id, timestamp } from '../../../lib/http/schemas.ts';

export const accountSchema = z
  .object({
    user_id: id,
    email: z.string(),
    handle: z.string().nullable(),
    display_name: z.string().nullable(),
    locale: z.string(),
    time_zone: z.string(),
    created_at: timestamp,
  })
  .openapi('Account');

export function toAccount(user: User): z.infer<typeof accountSchema> {
  return {
    user_id: user.userId,
    email: user.email,
    handle: user.handle,
    display_name: user.displayName,
    locale: user.locale,
    time_zone: user.timeZone,
    created_at: user.createdAt.toISOString(),
  };
}
