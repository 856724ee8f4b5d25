import { z } from '@hono/zod-openapi';

/** The body of a request to join a game, at once or when it is approved. */
export const raceNameBody = z.strictObject({
  race_name: z.string().openapi({
    description:
      "3 to 24 letters of any script, digits, spaces, -, ' or . (docs/race-names.md); unique on the whole platform, " +
      'also by its looks.',
    example: 'Zorblax',
  }),
});
