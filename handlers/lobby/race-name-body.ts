import { z } from '@hono/zod-openapi';
import { raceNameLength } from '../../lib/lobby/domain/race-name/canonical.ts';

/** The body of a request to join a game, at once or when it is approved. */
export const raceNameBody = z.strictObject({
  race_name: z.string().openapi({
    minLength: raceNameLength.min,
    // However it is composed: it is measured in NFC.
    maxLength: raceNameLength.maxUnnormalised,
    description:
      "In NFC 3 to 24 letters of any script, digits, spaces, -, ' or . (docs/race-names.md); unique on the whole platform, " +
      'also by its looks.',
    example: 'Zorblax',
  }),
});
