import { createRoute } from '@hono/zod-openapi';
import { getMailOptOuts } from '../../../lib/backend/operations/mail-opt-outs.ts';
import { userOf } from '../../../lib/http/actor.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, noQuery } from '../../../lib/http/schemas.ts';
import { mailOptOuts } from './mail-opt-outs.ts';

const route = createRoute({
  method: 'get',
  path: '/api/v1/user/mail-opt-outs',
  operationId: 'getMailOptOuts',
  summary: 'The kinds of mails that the user does not want',
  tags: ['user'],
  request: { query: noQuery },
  responses: { 200: mailOptOuts, ...errorResponses('unauthenticated', 'account_blocked') },
});

export const getMailOptOutsRoute = (deps: Parameters<typeof getMailOptOuts>[0]) =>
  defineRoute(route, async (c) =>
    c.json({ opted_out: await getMailOptOuts(deps, userOf(c.get('actor')).userId) }, 200),
  );
