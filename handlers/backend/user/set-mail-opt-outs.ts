import { createRoute, z } from '@hono/zod-openapi';
import { setMailOptOuts } from '../../../lib/backend/operations/mail-opt-outs.ts';
import { userOf } from '../../../lib/http/actor.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, jsonBody } from '../../../lib/http/schemas.ts';
import { mailKinds, mailOptOuts } from './mail-opt-outs.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/user/mail-opt-outs',
  operationId: 'setMailOptOuts',
  summary: 'Says which kinds of mails the user does not want, in place of what was said before',
  tags: ['user'],
  request: { body: jsonBody(z.strictObject({ opted_out: mailKinds })) },
  responses: { 200: mailOptOuts, ...errorResponses('unauthenticated', 'account_blocked') },
});

export const setMailOptOutsRoute = (deps: Parameters<typeof setMailOptOuts>[0]) =>
  defineRoute(route, async (c) => {
    const { opted_out: kinds } = c.req.valid('json');
    return c.json({ opted_out: await setMailOptOuts(deps, userOf(c.get('actor')).userId, kinds) }, 200);
  });
