import { createRoute, type RouteHandler, z } from '@hono/zod-openapi';
import type { HttpEnv } from '../../../lib/http/env.ts';
import { errorResponses, jsonResponse } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { raceNameProblems } from '../../../lib/lobby/domain/race-name/canonical.ts';
import { checkRaceName } from '../../../lib/lobby/operations/check-race-name.ts';
import { callerOf } from '../request.ts';

const availabilitySchema = z
  .object({
    available: z.boolean().openapi({
      description:
        'Whether the caller could take the name now, which includes their own; for an admin, whether nobody has it.',
    }),
    reason: z
      .enum([...raceNameProblems, 'taken'])
      .nullable()
      .openapi({
        description:
          'Why not: the rule that the name breaks (`reserved`: a word of the platform), or `taken` by somebody else.',
      }),
    message: z.string().nullable().openapi({ description: 'The reason in words, for the player.' }),
  })
  .openapi('RaceNameAvailability');

export const checkAvailabilityRoute = createRoute({
  method: 'get',
  path: '/race-names/availability',
  operationId: 'checkRaceNameAvailability',
  summary:
    'Whether the caller could take a race name now; their own counts as available, nothing is promised',
  tags: ['race names'],
  request: {
    query: z.strictObject({
      name: z.string().openapi({ description: 'The name as the player typed it.', example: 'Zorblax' }),
    }),
  },
  responses: { 200: jsonResponse(availabilitySchema, 'Available, or why not'), ...errorResponses() },
});

export function checkAvailabilityHandler(
  lobby: Pick<Lobby, 'db' | 'raceNames'>,
): RouteHandler<typeof checkAvailabilityRoute, HttpEnv> {
  return async (c) => {
    const obstacle = await checkRaceName(lobby, callerOf(c), c.req.valid('query').name);
    return c.json(
      {
        available: obstacle === undefined,
        reason: obstacle?.reason ?? null,
        message: obstacle?.message ?? null,
      },
      200,
    );
  };
}
