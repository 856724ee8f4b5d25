import { createRoute, z } from '@hono/zod-openapi';
import { defineRoute } from '../../../lib/http/route.ts';
import { id, jsonBody } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { raceNameBody } from '../race-name-body.ts';
import { mutationHeaders } from '../request.ts';
import { redeem, redeemResponses } from './redeem.ts';

const route = createRoute({
  method: 'post',
  path: '/invites/{invite_id}/redeem',
  operationId: 'redeemInvite',
  summary: 'Joins a private game by an invite; for the invited user',
  tags: ['invites'],
  request: {
    params: z.strictObject({ invite_id: id }),
    headers: mutationHeaders,
    body: jsonBody(raceNameBody),
  },
  responses: redeemResponses,
});

export const redeemInviteRoute = (lobby: Lobby) =>
  defineRoute(route, async (c) => {
    const { invite_id } = c.req.valid('param');
    const { race_name } = c.req.valid('json');
    return c.json(await redeem(lobby, c, { inviteId: invite_id }, race_name), 201);
  });
