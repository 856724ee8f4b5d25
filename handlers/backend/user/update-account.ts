import { createRoute, z } from '@hono/zod-openapi';
import { updateAccount } from '../../../lib/backend/operations/update-account.ts';
import { userOf } from '../../../lib/http/actor.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, jsonBody, jsonResponse } from '../../../lib/http/schemas.ts';
import {
  displayName,
  locale,
  maxDisplayNameLength,
  maxLocaleLength,
  newHandle,
  timeZone,
} from '../../../lib/users/profile.ts';
import { accountSchema, toAccount } from './account-response.ts';

const bodySchema = z
  .strictObject({
    handle: newHandle.optional(),
    display_name: displayName.optional().openapi({
      minLength: 1,
      maxLength: maxDisplayNameLength,
      description: 'One line.',
    }),
    locale: locale.optional().openapi({ maxLength: maxLocaleLength, description: 'A BCP 47 tag.' }),
    time_zone: timeZone.optional(),
  })
  .refine((body) => Object.keys(body).length > 0, {
    error: 'name at least one field to change',
    when: ({ issues }) => issues.length === 0,
  })
  .openapi({ minProperties: 1 });

const route = createRoute({
  method: 'patch',
  path: '/api/v1/user/account',
  operationId: 'updateAccount',
  summary: 'Changes the fields that are given',
  tags: ['user'],
  request: { body: jsonBody(bodySchema) },
  responses: {
    200: jsonResponse(accountSchema, 'The account as it is now'),
    ...errorResponses('unauthenticated', 'account_blocked', 'handle_taken', 'rate_limited'),
  },
});

export const updateAccountRoute = (deps: Parameters<typeof updateAccount>[0]) =>
  defineRoute(route, async (c) => {
    const body = c.req.valid('json');
    const user = await updateAccount(deps, userOf(c.get('actor')).userId, {
      handle: body.handle,
      displayName: body.display_name,
      locale: body.locale,
      timeZone: body.time_zone,
    });
    return c.json(toAccount(user), 200);
  });
