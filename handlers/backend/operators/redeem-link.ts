import { createRoute, z } from '@hono/zod-openapi';
import { redeemLink } from '../../../lib/backend/operations/operators/redeem-link.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, jsonBody, jsonResponse } from '../../../lib/http/schemas.ts';
import { openedSessionSchema, token, toOpenedSession } from './operator-response.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/internal/operator-links/redeem',
  operationId: 'redeemOperatorLink',
  summary: 'Signs an operator in by a link of the command line that needs no passkey',
  tags: ['operators'],
  request: { body: jsonBody(z.strictObject({ link_token: token })) },
  responses: {
    201: jsonResponse(openedSessionSchema, 'The session of the operator'),
    ...errorResponses('challenge_failed'),
  },
});

export const redeemLinkRoute = (deps: Parameters<typeof redeemLink>[0]) =>
  defineRoute(route, async (c) =>
    c.json(toOpenedSession(await redeemLink(deps, c.req.valid('json').link_token)), 201),
  );
