import { createRoute, z } from '@hono/zod-openapi';
import { createRecoveryCodes } from '../../../lib/backend/operations/create-recovery-codes.ts';
import { userOf } from '../../../lib/http/actor.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonBody, jsonResponse } from '../../../lib/http/schemas.ts';
import { keptTraceparent } from '../../../lib/telemetry/trace.ts';
import { mailedCode } from '../../../lib/users/sign-in-requests.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/user/recovery-codes',
  operationId: 'createRecoveryCodes',
  summary: 'Creates ten recovery codes, which are shown this once, in place of older ones',
  tags: ['user'],
  request: { body: jsonBody(z.strictObject({ challenge_id: id, code: mailedCode })) },
  responses: {
    201: jsonResponse(z.object({ recovery_codes: z.array(z.string()) }), 'The codes'),
    ...errorResponses('unauthenticated', 'account_blocked', 'challenge_failed'),
  },
});

export const createRecoveryCodesRoute = (deps: Parameters<typeof createRecoveryCodes>[0]) =>
  defineRoute(route, async (c) => {
    const body = c.req.valid('json');
    const codes = await createRecoveryCodes(deps, {
      userId: userOf(c.get('actor')).userId,
      challengeId: body.challenge_id,
      code: body.code,
      traceparent: keptTraceparent(c.req.header('traceparent')),
    });
    return c.json({ recovery_codes: codes }, 201);
  });
