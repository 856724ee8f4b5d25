import { createRoute, z } from '@hono/zod-openapi';
import { pageOf, pageQuery } from '../../../lib/http/paging.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { listInvites } from '../../../lib/lobby/operations/list-invites.ts';
import { pageRequestOf, positionTokens, toPage } from '../paging.ts';
import { callerOf } from '../request.ts';
import { inviteSchema, toInviteAt } from './invite-response.ts';

const route = createRoute({
  method: 'get',
  path: '/games/{game_id}/invites',
  operationId: 'listInvites',
  summary: 'Invites to a game, oldest first: all for its owner and admins, their own for others',
  tags: ['invites'],
  request: { params: z.strictObject({ game_id: id }), query: z.strictObject(pageQuery) },
  responses: { 200: jsonResponse(pageOf(inviteSchema), 'A page of invites'), ...errorResponses('not_found') },
});

const tokens = positionTokens('invites');

export const listInvitesRoute = (lobby: Pick<Lobby, 'db' | 'readFromReplica' | 'now'>) =>
  defineRoute(route, async (c) => {
    const { game_id } = c.req.valid('param');
    const token = tokens.of({ game_id, ...c.req.query() });
    const request = pageRequestOf(token, c.req.valid('query'));
    const page = await listInvites(lobby, callerOf(c), game_id, request);
    return c.json(toPage(token, page, toInviteAt(lobby.now())), 200);
  });
