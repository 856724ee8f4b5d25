import { createRoute, z } from '@hono/zod-openapi';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, jsonResponse } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { raceNameProblems } from '../../../lib/lobby/domain/race-name/canonical.ts';
import { lookUpRaceName } from '../../../lib/lobby/operations/look-up-race-name.ts';
import { heldNameSchema, toHeldName, toWithheldName, withheldNameSchema } from './race-name-responses.ts';

const lookupSchema = z
  .object({
    race_name: z.string().openapi({ description: 'The name in NFC.' }),
    reason: z
      .enum(raceNameProblems)
      .nullable()
      .openapi({ description: 'The rule that the name breaks, if it cannot be a race name.' }),
    message: z.string().nullable(),
    held: z
      .array(heldNameSchema)
      .openapi({ description: 'Names of users that read or look the same, the oldest first.' }),
    withheld: z
      .array(withheldNameSchema)
      .openapi({ description: 'Withheld names that read or look the same.' }),
  })
  .openapi('RaceNameLookup');

const route = createRoute({
  method: 'get',
  path: '/race-name-lookup',
  operationId: 'lookUpRaceName',
  summary: 'Who holds a race name, or one that counts as it, and how; for operators',
  tags: ['operators'],
  request: {
    query: z.strictObject({
      name: z.string().min(1).max(500).openapi({
        description: 'A name, or one of the keys by which names are compared.',
        example: 'Zorblax',
      }),
    }),
  },
  responses: { 200: jsonResponse(lookupSchema, 'Who has it'), ...errorResponses() },
});

export const lookUpRaceNameRoute = (lobby: Pick<Lobby, 'db' | 'raceNames'>) =>
  defineRoute(route, async (c) => {
    const found = await lookUpRaceName(lobby, c.req.valid('query').name);
    return c.json(
      {
        race_name: found.name,
        reason: found.problem?.reason ?? null,
        message: found.problem?.message ?? null,
        held: found.held.map(toHeldName),
        withheld: found.withheld.map(toWithheldName),
      },
      200,
    );
  });
