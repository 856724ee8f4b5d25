import { createRoute, z } from '@hono/zod-openapi';
import { pageOf, pageQuery, pageTokens } from '../../lib/http/paging.ts';
import { defineRoute } from '../../lib/http/route.ts';
import { errorResponses, id, jsonResponse } from '../../lib/http/schemas.ts';
import { listDeadLetters } from '../../lib/streams/admin.ts';
import { deadLetterSchema, toDeadLetter } from './dead-letter-response.ts';

const route = createRoute({
  method: 'get',
  path: '/api/v1/internal/dead-letters',
  operationId: 'listDeadLetters',
  summary: 'Entries of streams that could not be applied, the oldest first',
  tags: ['operations'],
  request: { query: z.strictObject({ consumer: z.string().min(1).max(64).optional(), ...pageQuery }) },
  responses: { 200: jsonResponse(pageOf(deadLetterSchema), 'A page of dead letters'), ...errorResponses() },
});

// The times that PostgreSQL can compare with; a token may be made up.
const epochMs = z.int().min(0).max(Date.UTC(9999, 0));
const tokens = pageTokens('operations.dead_letters', z.tuple([epochMs, id]));

export const listDeadLettersRoute = (streams: Parameters<typeof listDeadLetters>[0]) =>
  defineRoute(route, async (c) => {
    const query = c.req.valid('query');
    const token = tokens.of(c.req.query());
    const position = token.read(query.page_token);
    const { letters, next } = await listDeadLetters(streams, query.consumer, {
      size: query.page_size,
      after: position && { at: new Date(position[0]), id: position[1] },
    });
    return c.json(
      {
        items: letters.map(toDeadLetter),
        ...(next === undefined ? {} : { next_page_token: token.write([next.at.getTime(), next.id]) }),
      },
      200,
    );
  });
