import { createRoute, z } from '@hono/zod-openapi';
import { pageOf, pageQuery } from '../../../lib/http/paging.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { listedMembershipStatuses } from '../../../lib/lobby/domain/game.ts';
import { listMemberships } from '../../../lib/lobby/operations/list-memberships.ts';
import { pageRequestOf, positionTokens, toPage } from '../paging.ts';
import { callerOf } from '../request.ts';
import { membershipSchema, toMembership } from './membership-response.ts';

const querySchema = z.strictObject({
  status: z.enum(listedMembershipStatuses).default('active').openapi({
    description: '`blocked`, for the owner and admins: who is blocked from the game.',
  }),
  ...pageQuery,
});

const route = createRoute({
  method: 'get',
  path: '/games/{game_id}/memberships',
  operationId: 'listMemberships',
  summary: 'The active members of a game, or those blocked from it, in the order in which they joined',
  tags: ['memberships'],
  request: { params: z.strictObject({ game_id: id }), query: querySchema },
  responses: {
    200: jsonResponse(pageOf(membershipSchema), 'A page of memberships'),
    ...errorResponses('not_found', 'forbidden'),
  },
});

const tokens = positionTokens('memberships');

export const listMembershipsRoute = (lobby: Pick<Lobby, 'db' | 'readFromReplica'>) =>
  defineRoute(route, async (c) => {
    const { game_id } = c.req.valid('param');
    const query = c.req.valid('query');
    const token = tokens.of({ game_id, ...c.req.query() });
    const request = pageRequestOf(token, query);
    const page = await listMemberships(lobby, callerOf(c), game_id, query.status, request);
    return c.json(toPage(token, page, toMembership), 200);
  });
