import { createRoute, z } from '@hono/zod-openapi';
import { recordSessionUse } from '../../../lib/backend/operations/find-session.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, noBody } from '../../../lib/http/schemas.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/internal/sessions/{device_session_id}/use',
  operationId: 'recordSessionUse',
  summary: 'Records that a device session is used; the gateway reports it after it has verified a signature',
  tags: ['internal'],
  request: { params: z.strictObject({ device_session_id: id }), body: noBody },
  responses: {
    200: jsonResponse(z.object({ device_session_id: id }), 'Recorded, at most once an hour'),
    ...errorResponses(),
  },
});

export const recordSessionUseRoute = (deps: Parameters<typeof recordSessionUse>[0]) =>
  defineRoute(route, async (c) => {
    const deviceSessionId = c.req.valid('param').device_session_id;
    await recordSessionUse(deps, deviceSessionId);
    return c.json({ device_session_id: deviceSessionId }, 200);
  });
