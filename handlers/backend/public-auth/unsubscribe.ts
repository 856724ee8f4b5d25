import { createRoute, z } from '@hono/zod-openapi';
import type { BackendContext } from '../../../lib/backend/context.ts';
import { optOutOfMails } from '../../../lib/backend/operations/mail-opt-outs.ts';
import { invalidFields } from '../../../lib/http/field-problems.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, jsonBody, jsonResponse } from '../../../lib/http/schemas.ts';
import { unsubscribeBody } from '../../../lib/users/unsubscribe.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/public/mail/unsubscribe',
  operationId: 'unsubscribe',
  summary: 'Opts the user of a link in a mail out of mails of its kind; a repeat changes nothing',
  tags: ['mail'],
  request: { body: jsonBody(unsubscribeBody) },
  responses: { 200: jsonResponse(z.object({}), 'Done'), ...errorResponses() },
});

export const unsubscribeRoute = (backend: Pick<BackendContext, 'db' | 'now' | 'optOutTokens'>) =>
  defineRoute(route, async (c) => {
    const optOut = await backend.optOutTokens.read(c.req.valid('json').token);
    if (optOut === undefined)
      throw invalidFields([{ field: 'token', problem: 'is not that of a link in a mail of this platform' }]);
    await optOutOfMails(backend, optOut);
    return c.json({}, 200);
  });
