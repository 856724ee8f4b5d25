import { z } from '@hono/zod-openapi';
import { id, timestamp } from '../../../lib/http/schemas.ts';
import { type HeldRaceName, raceNameKinds } from '../../../lib/lobby/domain/race-name/held.ts';

export const raceNameSchema = z
  .object({
    race_name_id: id,
    kind: z.enum(raceNameKinds).openapi({
      description:
        '`reservation` while its game lasts, `pending_registration` while it can be registered, `registered` permanently.',
    }),
    race_name: z.string(),
    game_id: id.openapi({ description: 'The game that the name comes from.' }),
    held_since: timestamp,
    register_until: timestamp.nullable().openapi({
      description: 'The end of the time to register it; null unless it is a `pending_registration`.',
    }),
    registered_at: timestamp.nullable(),
  })
  .openapi('RaceName');

export function toRaceName(held: HeldRaceName): z.infer<typeof raceNameSchema> {
  return {
    race_name_id: held.raceNameId,
    kind: held.kind,
    race_name: held.name,
    game_id: held.gameId,
    held_since: held.heldSince.toISOString(),
    register_until: held.registerUntil === null ? null : held.registerUntil.toISOString(),
    registered_at: held.registeredAt === null ? null : held.registeredAt.toISOString(),
  };
}
