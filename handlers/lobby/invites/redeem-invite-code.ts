import { createRoute, z } from '@hono/zod-openapi';
import { defineRoute } from '../../../lib/http/route.ts';
import { jsonBody } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { raceNameBody } from '../race-name-body.ts';
import { mutationHeaders } from '../request.ts';
import { redeem, redeemResponses } from './redeem.ts';

const code = z.string().regex(/^[A-Za-z0-9_-]{22}$/, 'must be a code of 22 letters, digits, _ or -');

const route = createRoute({
  method: 'post',
  path: '/invite-codes/{code}/redeem',
  operationId: 'redeemInviteCode',
  summary: 'Joins a private game by a code',
  tags: ['invites'],
  request: { params: z.strictObject({ code }), headers: mutationHeaders, body: jsonBody(raceNameBody) },
  responses: redeemResponses,
});

export const redeemInviteCodeRoute = (lobby: Lobby) =>
  defineRoute(route, async (c) => {
    const { code } = c.req.valid('param');
    const { race_name } = c.req.valid('json');
    return c.json(await redeem(lobby, c, { code }, race_name), 201);
  });
