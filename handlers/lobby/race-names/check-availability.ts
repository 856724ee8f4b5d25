import { createRoute, z } from '@hono/zod-openapi';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, jsonResponse } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { raceNameProblems } from '../../../lib/lobby/domain/race-name/canonical.ts';
import { checkRaceName } from '../../../lib/lobby/operations/check-race-name.ts';
import { callerOf } from '../request.ts';

const availabilitySchema = z
  .object({
    available: z.boolean().openapi({
      description:
        'Whether the caller could take the name now, or has it already; for an admin, whether it is free.',
    }),
    reason: z
      .enum([...raceNameProblems, 'taken'])
      .nullable()
      .openapi({
        description:
          'Why not: the rule that the name breaks (`reserved`: a word of the platform, or withheld by an operator), or `taken` by another user.',
      }),
    message: z.string().nullable().openapi({ description: 'The reason in words, for the player.' }),
  })
  .openapi('RaceNameAvailability');

const route = createRoute({
  method: 'get',
  path: '/race-names/availability',
  operationId: 'checkRaceNameAvailability',
  summary:
    'Whether the caller could take a race name now; the caller’s own names are available, and nothing is reserved',
  tags: ['race names'],
  request: {
    query: z.strictObject({
      name: z.string().openapi({ description: 'The name as the player typed it.', example: 'Zorblax' }),
    }),
  },
  responses: { 200: jsonResponse(availabilitySchema, 'Available, or why not'), ...errorResponses() },
});

export const checkAvailabilityRoute = (lobby: Pick<Lobby, 'db' | 'raceNames'>) =>
  defineRoute(route, async (c) => {
    const obstacle = await checkRaceName(lobby, callerOf(c), c.req.valid('query').name);
    return c.json(
      {
        available: obstacle === undefined,
        reason: obstacle?.reason ?? null,
        message: obstacle?.message ?? null,
      },
      200,
    );
  });
