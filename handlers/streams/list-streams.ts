import { createRoute, z } from '@hono/zod-openapi';
import { defineRoute } from '../../lib/http/route.ts';
import { errorResponses, jsonResponse, noQuery, timestamp } from '../../lib/http/schemas.ts';
import { listStreams } from '../../lib/streams/admin.ts';

const streamSchema = z
  .object({
    consumer: z.string(),
    stream: z.string(),
    offset: z.string().nullable().openapi({ description: '`null` before the first entry was handled.' }),
    oldest_unprocessed_age_ms: z.number().nonnegative(),
    lost: z.boolean().openapi({ description: 'Whether entries were lost before they were handled.' }),
    running: z.boolean().openapi({ description: 'Whether a process runs it now.' }),
    last_error: z.string().nullable(),
    last_error_at: timestamp.nullable(),
    dead_letters: z.int().nonnegative(),
    parked_keys: z.int().nonnegative().openapi({
      description: 'Games or users whose entries wait behind a dead letter.',
    }),
  })
  .openapi('Stream');

const route = createRoute({
  method: 'get',
  path: '/api/v1/internal/streams',
  operationId: 'listStreams',
  summary: 'The state of every consumer in its stream',
  tags: ['operations'],
  request: { query: noQuery },
  responses: {
    200: jsonResponse(z.object({ items: z.array(streamSchema) }), 'Every consumer of this service'),
    ...errorResponses('service_unavailable'),
  },
});

export const listStreamsRoute = (streams: Parameters<typeof listStreams>[0]) =>
  defineRoute(route, async (c) => {
    const states = await listStreams(streams);
    const items = states.map((state) => ({
      consumer: state.consumer,
      stream: state.stream,
      offset: state.offset ?? null,
      oldest_unprocessed_age_ms: state.oldestUnprocessedAgeMs,
      lost: state.lost,
      running: state.running,
      last_error: state.lastError?.message ?? null,
      last_error_at: state.lastError?.at.toISOString() ?? null,
      dead_letters: state.deadLetters,
      parked_keys: state.parkedKeys,
    }));
    return c.json({ items }, 200);
  });
