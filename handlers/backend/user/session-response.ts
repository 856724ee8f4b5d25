import { z } from '@hono/zod-openapi';
import type { DeviceSession } from '../../../lib/backend/domain/user.ts';
import { id, timestamp } from '../../../lib/http/schemas.ts';

export const sessionSchema = z
  .object({
    device_session_id: id,
    status: z.enum(['active', 'revoked']),
    device_name: z.string().nullable(),
    created_at: timestamp,
    revoked_at: timestamp.optional(),
  })
  .openapi('DeviceSession');

export function toSession(session: DeviceSession): z.infer<typeof sessionSchema> {
  return {
    device_session_id: session.deviceSessionId,
    status: session.revokedAt === null ? 'active' : 'revoked',
    device_name: session.deviceName,
    created_at: session.createdAt.toISOString(),
    ...(session.revokedAt === null ? {} : { revoked_at: session.revokedAt.toISOString() }),
  };
}
