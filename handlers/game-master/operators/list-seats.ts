import { createRoute, z } from '@hono/zod-openapi';
import { listSeats } from '../../../lib/game-master/operations/list-seats.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, noQuery, timestamp } from '../../../lib/http/schemas.ts';

const seatSchema = z
  .object({
    seat: z.int().positive(),
    user_id: id.nullable().openapi({ description: 'null for a bot.' }),
    label: z.string(),
    vacated_at: timestamp.nullable().openapi({ description: 'When its holder left; null while they play.' }),
    awaited: z.boolean().openapi({ description: 'Whether the open turn waits for its orders.' }),
    orders: z.enum(['none', 'draft', 'ready']).openapi({
      description: 'Of the turn that is open or closed. What they say is for their author alone.',
    }),
  })
  .openapi('SeatState');

const route = createRoute({
  method: 'get',
  path: '/games/{game_id}/seats',
  operationId: 'listSeats',
  summary: 'The seats of a game, and the states of their orders, never what these say',
  tags: ['operations'],
  request: { params: z.strictObject({ game_id: id }), query: noQuery },
  responses: {
    200: jsonResponse(z.object({ items: z.array(seatSchema) }), 'All seats, by number'),
    ...errorResponses('not_found'),
  },
});

export const listSeatsRoute = (gm: Parameters<typeof listSeats>[0]) =>
  defineRoute(route, async (c) => {
    const seats = await listSeats(gm, c.req.valid('param').game_id);
    const items = seats.map(({ seat, userId, label, vacatedAt, awaited, orders }) => ({
      seat,
      user_id: userId,
      label,
      vacated_at: vacatedAt?.toISOString() ?? null,
      awaited,
      orders,
    }));
    return c.json({ items }, 200);
  });
