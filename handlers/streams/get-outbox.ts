import { createRoute, z } from '@hono/zod-openapi';
import { defineRoute } from '../../lib/http/route.ts';
import { errorResponses, jsonResponse, noQuery } from '../../lib/http/schemas.ts';
import { waitingByKind } from '../../lib/outbox/store.ts';
import type { StreamAdmin } from '../../lib/streams/admin.ts';

/** Most messages that are counted, so that the cost is bounded. */
const countedAtMost = 10_000;

const waitingSchema = z.object({
  kind: z.string(),
  waiting: z.int().nonnegative(),
  failing: z
    .int()
    .nonnegative()
    .openapi({ description: 'Those of them that could not be published before.' }),
  oldest_age_ms: z.number().nonnegative(),
});

const route = createRoute({
  method: 'get',
  path: '/api/v1/internal/outbox',
  operationId: 'getOutbox',
  summary: 'Messages that wait to be published, by kind; of many only the first ten thousand are counted',
  tags: ['operations'],
  request: { query: noQuery },
  responses: {
    200: jsonResponse(
      z
        .object({
          items: z.array(waitingSchema),
          is_complete: z.boolean().openapi({ description: '`false`: more wait than were counted.' }),
        })
        .openapi('OutboxBacklog'),
      'What waits in the outbox of this service',
    ),
    ...errorResponses(),
  },
});

export const getOutboxRoute = (streams: Pick<StreamAdmin, 'db' | 'outbox'>) =>
  defineRoute(route, async (c) => {
    const found = await waitingByKind(streams.db, streams.outbox, countedAtMost);
    const items = found.map(({ kind, waiting, failing, oldestAgeMs }) => ({
      kind,
      waiting,
      failing,
      oldest_age_ms: oldestAgeMs,
    }));
    const counted = items.reduce((sum, { waiting }) => sum + waiting, 0);
    return c.json({ items, is_complete: counted < countedAtMost }, 200);
  });
