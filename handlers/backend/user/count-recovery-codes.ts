import { createRoute, z } from '@hono/zod-openapi';
import { countRecoveryCodes } from '../../../lib/backend/operations/count-recovery-codes.ts';
import { userOf } from '../../../lib/http/actor.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, jsonResponse, noQuery } from '../../../lib/http/schemas.ts';

const route = createRoute({
  method: 'get',
  path: '/api/v1/user/recovery-codes',
  operationId: 'countRecoveryCodes',
  summary: 'How many recovery codes the user has left',
  tags: ['user'],
  request: { query: noQuery },
  responses: {
    200: jsonResponse(z.object({ recovery_codes_left: z.int().nonnegative() }), 'The number'),
    ...errorResponses('unauthenticated', 'account_blocked'),
  },
});

export const countRecoveryCodesRoute = (deps: Parameters<typeof countRecoveryCodes>[0]) =>
  defineRoute(route, async (c) =>
    c.json({ recovery_codes_left: await countRecoveryCodes(deps, userOf(c.get('actor')).userId) }, 200),
  );
