import { z } from '@hono/zod-openapi';
import { id, timestamp } from '../../../lib/http/schemas.ts';
import { type Application, applicationStatuses } from '../../../lib/lobby/domain/game.ts';

export const applicationSchema = z
  .object({
    application_id: id,
    game_id: id,
    user_id: id,
    race_name: z.string(),
    status: z.enum(applicationStatuses),
    submitted_at: timestamp,
    decided_at: timestamp.nullable().openapi({ description: 'null while the application is pending.' }),
  })
  .openapi('Application');

export function toApplication(application: Application): z.infer<typeof applicationSchema> {
  return {
    application_id: application.applicationId,
    game_id: application.gameId,
    user_id: application.userId,
    race_name: application.raceName,
    status: application.status,
    submitted_at: application.createdAt.toISOString(),
    decided_at: application.decidedAt === null ? null : application.decidedAt.toISOString(),
  };
}
