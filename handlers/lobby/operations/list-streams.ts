import { createRoute, type RouteHandler, z } from '@hono/zod-openapi';
import type { HttpEnv } from '../../../lib/http/env.ts';
import { errorAnswers, jsonAnswer, noQuery, timestamp } from '../../../lib/http/schemas.ts';
import { consumerNames } from '../../../lib/lobby/consumers/places.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { type ConsumerStatus, listStreams } from '../../../lib/lobby/operations/list-streams.ts';

const streamSchema = z
  .object({
    consumer: z.enum(consumerNames),
    stream: z.string(),
    offset: z.string().nullable().openapi({
      description: 'The newest entry such that it and all before it have been handled; null for none yet.',
    }),
    oldest_unprocessed_age_ms: z.int().openapi({
      description: 'How old the oldest entry is that has not been handled; 0 when all have.',
    }),
    lost: z.boolean().openapi({ description: 'Whether entries were gone before they had been handled.' }),
    running: z.boolean().openapi({ description: 'Whether some process consumes it now.' }),
    last_error: z.string().nullable().openapi({ description: 'What it failed with last, if it ever did.' }),
    last_error_at: timestamp.nullable(),
    dead_letters: z.int().openapi({ description: 'How many entries wait for a person to decide.' }),
  })
  .openapi('Stream');

export const listStreamsRoute = createRoute({
  method: 'get',
  path: '/streams',
  operationId: 'listStreams',
  summary: 'How the lobby’s consumers of streams stand',
  tags: ['operations'],
  request: { query: noQuery },
  responses: {
    200: jsonAnswer(z.object({ items: z.array(streamSchema) }), 'Every consumer'),
    ...errorAnswers(),
  },
});

export function listStreamsHandler(
  lobby: Pick<Lobby, 'db' | 'streamStates'>,
): RouteHandler<typeof listStreamsRoute, HttpEnv> {
  return async (c) => c.json({ items: (await listStreams(lobby)).map(toStream) }, 200);
}

function toStream(status: ConsumerStatus): z.infer<typeof streamSchema> {
  return {
    consumer: status.name,
    stream: status.stream,
    offset: status.offset ?? null,
    oldest_unprocessed_age_ms: status.oldestUnprocessedAgeMs,
    lost: status.lost,
    running: status.held,
    last_error: status.lastError,
    last_error_at: status.lastErrorAt?.toISOString() ?? null,
    dead_letters: status.deadLetters,
  };
}
