import { z } from '@hono/zod-openapi';
import type { DeviceSession } from '../../../lib/backend/domain/user.ts';
import { id, timestamp } from '../../../lib/http/schemas.ts';

export const sessionSchema = z
  .object({
    device_session_id: id,
    status: z.enum(['active', 'revoked']),
    device_name: z.string().nullable(),
    network: z
      .string()
      .nullable()
      .openapi({ description: 'Roughly where it signed in from: `203.0.113.0/24` or `2001:db8:7::/48`.' }),
    created_at: timestamp,
    last_used_at: timestamp
      .nullable()
      .openapi({ description: 'Written at most once an hour; `null` when it is not known.' }),
    revoked_at: timestamp.optional(),
  })
  .openapi('DeviceSession');

export function toSession(session: DeviceSession): z.infer<typeof sessionSchema> {
  return {
    device_session_id: session.deviceSessionId,
    status: session.revokedAt === null ? 'active' : 'revoked',
    device_name: session.deviceName,
    network: session.network,
    created_at: session.createdAt.toISOString(),
    last_used_at: session.lastUsedAt?.toISOString() ?? null,
    ...(session.revokedAt === null ? {} : { revoked_at: session.revokedAt.toISOString() }),
  };
}
