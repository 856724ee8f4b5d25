import { createRoute, z } from '@hono/zod-openapi';
import type { EngineCatalogue } from '../../../lib/engine/catalogue.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, jsonResponse } from '../../../lib/http/schemas.ts';

const jsonSchema = z.record(z.string(), z.unknown()).openapi({ description: 'A JSON Schema (2020-12).' });

const manifestSchema = z.object({
  protocol: z.int().openapi({ description: 'Version of the engine interface.' }),
  family: z.string(),
  version: z.string(),
  seats: z
    .object({ min: z.int(), max: z.int() })
    .openapi({ description: 'How many a game has, bots included.' }),
  options_schema: jsonSchema,
  orders_schema: jsonSchema,
  turn_order: z.enum(['simultaneous', 'sequential']),
  hidden_information: z.boolean().openapi({ description: 'Whether views leave out what other seats see.' }),
  spectator_view: z.boolean().openapi({ description: 'Whether the engine has a view for spectators.' }),
});

const engineSchema = z
  .object({ family: z.string(), version: z.string(), manifest: manifestSchema })
  .openapi('Engine');

const route = createRoute({
  method: 'get',
  path: '/engines',
  operationId: 'listEngines',
  summary: 'The engines that games can be made for; games that name no family play the first',
  tags: ['games'],
  request: { query: z.strictObject({}) },
  responses: {
    200: jsonResponse(z.object({ items: z.array(engineSchema) }), 'The engines'),
    ...errorResponses(),
  },
});

export const listEnginesRoute = (lobby: { readonly catalogue: EngineCatalogue }) =>
  defineRoute(route, (c) => {
    const items = lobby.catalogue.engines.map(({ manifest }) => ({
      family: manifest.family,
      version: manifest.version,
      manifest,
    }));
    return c.json({ items }, 200);
  });
