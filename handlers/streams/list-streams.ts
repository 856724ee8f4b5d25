import { createRoute, type RouteHandler, z } from '@hono/zod-openapi';
import type { HttpEnv } from '../../lib/http/env.ts';
import { errorResponses, jsonResponse, noQuery, timestamp } from '../../lib/http/schemas.ts';
import { listStreams } from '../../lib/streams/admin.ts';

const streamSchema = z
  .object({
    consumer: z.string(),
    stream: z.string(),
    offset: z.string().nullable().openapi({ description: '`null` before anything was handled.' }),
    oldest_unprocessed_age_ms: z.number().nonnegative(),
    lost: z.boolean().openapi({ description: 'Whether entries were gone before they were handled.' }),
    running: z.boolean().openapi({ description: 'Whether some process works on it now.' }),
    last_error: z.string().nullable(),
    last_error_at: timestamp.nullable(),
    dead_letters: z.int().nonnegative(),
  })
  .openapi('Stream');

export const listStreamsRoute = createRoute({
  method: 'get',
  path: '/api/v1/internal/streams',
  operationId: 'listStreams',
  summary: 'How the consumers of streams stand',
  tags: ['operations'],
  request: { query: noQuery },
  responses: {
    200: jsonResponse(z.object({ items: z.array(streamSchema) }), 'Every consumer of this service'),
    ...errorResponses('service_unavailable'),
  },
});

export function listStreamsHandler(
  streams: Parameters<typeof listStreams>[0],
): RouteHandler<typeof listStreamsRoute, HttpEnv> {
  return async (c) => {
    const standings = await listStreams(streams);
    const items = standings.map((standing) => ({
      consumer: standing.consumer,
      stream: standing.stream,
      offset: standing.offset ?? null,
      oldest_unprocessed_age_ms: standing.oldestUnprocessedAgeMs,
      lost: standing.lost,
      running: standing.running,
      last_error: standing.lastError?.message ?? null,
      last_error_at: standing.lastError?.at.toISOString() ?? null,
      dead_letters: standing.deadLetters,
    }));
    return c.json({ items }, 200);
  };
}
