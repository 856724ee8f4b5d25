import { z } from '@hono/zod-openapi';
import { id, timestamp } from '../../../lib/http/schemas.ts';
import type { HeldRaceName, WithheldRaceName } from '../../../lib/lobby/domain/race-name/held.ts';
import { raceNameSchema, toRaceName } from '../race-names/race-name-response.ts';

export const heldNameSchema = raceNameSchema.extend({ user_id: id }).openapi('HeldRaceName');

export function toHeldName(held: HeldRaceName): z.infer<typeof heldNameSchema> {
  return { ...toRaceName(held), user_id: held.userId };
}

export const withheldNameSchema = z
  .object({
    withheld_name_id: id,
    race_name: z.string(),
    reason: z.string(),
    withheld_by: z.string().nullable().openapi({ description: 'null when the request named no admin.' }),
    withheld_at: timestamp,
  })
  .openapi('WithheldRaceName');

export function toWithheldName(withheld: WithheldRaceName): z.infer<typeof withheldNameSchema> {
  return {
    withheld_name_id: withheld.withheldNameId,
    race_name: withheld.name,
    reason: withheld.reason,
    withheld_by: withheld.withheldBy,
    withheld_at: withheld.withheldAt.toISOString(),
  };
}
