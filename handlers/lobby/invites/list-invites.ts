import { createRoute, type RouteHandler, z } from '@hono/zod-openapi';
import type { HttpEnv } from '../../../lib/http/env.ts';
import { pageOf, pageQuery } from '../../../lib/http/paging.ts';
import { errorResponses, id, jsonResponse } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { listInvites } from '../../../lib/lobby/operations/list-invites.ts';
import { pageRequestOf, placeToken, toPage } from '../paging.ts';
import { callerOf } from '../request.ts';
import { inviteSchema, toInviteAt } from './invite-response.ts';

export const listInvitesRoute = createRoute({
  method: 'get',
  path: '/games/{game_id}/invites',
  operationId: 'listInvites',
  summary: 'Invites to a game, oldest first: all for its owner and admins, their own for others',
  tags: ['invites'],
  request: { params: z.strictObject({ game_id: id }), query: z.strictObject(pageQuery) },
  responses: { 200: jsonResponse(pageOf(inviteSchema), 'A page of invites'), ...errorResponses('not_found') },
});

const token = placeToken('invites');

export function listInvitesHandler(
  lobby: Pick<Lobby, 'db' | 'readFromReplica' | 'now'>,
): RouteHandler<typeof listInvitesRoute, HttpEnv> {
  return async (c) => {
    const { game_id } = c.req.valid('param');
    const request = pageRequestOf(token, c.req.valid('query'));
    const page = await listInvites(lobby, callerOf(c), game_id, request);
    return c.json(toPage(token, page, toInviteAt(lobby.now())), 200);
  };
}
