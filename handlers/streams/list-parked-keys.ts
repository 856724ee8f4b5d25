import { createRoute, z } from '@hono/zod-openapi';
import { defineRoute } from '../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, noQuery, timestamp } from '../../lib/http/schemas.ts';
import { listParkedKeys, type StreamAdmin } from '../../lib/streams/admin.ts';

const parkedKeySchema = z
  .object({
    consumer: z.string(),
    parked_key: z.string(),
    entries: z.int().positive().openapi({ description: 'The one that failed, and those behind it.' }),
    first_dead_letter_id: id.openapi({ description: 'To retry it is to retry them all.' }),
    reason: z.string().openapi({ description: 'Why the first one could not be applied.' }),
    parked_at: timestamp,
    retry_requested_at: timestamp.nullable(),
  })
  .openapi('ParkedKey');

const route = createRoute({
  method: 'get',
  path: '/api/v1/internal/parked-keys',
  operationId: 'listParkedKeys',
  summary: 'Games or users whose entries wait behind one that failed, the oldest first; at most 200',
  tags: ['operations'],
  request: { query: noQuery },
  responses: {
    200: jsonResponse(
      z.object({
        items: z.array(parkedKeySchema),
        is_complete: z.boolean().openapi({ description: '`false`: there are more.' }),
      }),
      'The parked keys of all consumers of this service',
    ),
    ...errorResponses(),
  },
});

export const listParkedKeysRoute = (streams: Pick<StreamAdmin, 'db' | 'tables'>) =>
  defineRoute(route, async (c) => {
    const { keys, isComplete } = await listParkedKeys(streams);
    const items = keys.map((key) => ({
      consumer: key.consumer,
      parked_key: key.parkedKey,
      entries: key.entries,
      first_dead_letter_id: key.firstDeadLetterId,
      reason: key.reason,
      parked_at: key.parkedAt.toISOString(),
      retry_requested_at: key.retryRequestedAt?.toISOString() ?? null,
    }));
    return c.json({ items, is_complete: isComplete }, 200);
  });
