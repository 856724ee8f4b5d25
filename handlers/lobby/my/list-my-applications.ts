import { createRoute, type RouteHandler, z } from '@hono/zod-openapi';
import { userOf } from '../../../lib/http/actor.ts';
import type { HttpEnv } from '../../../lib/http/env.ts';
import { pageOf, pageQuery } from '../../../lib/http/paging.ts';
import { errorAnswers, jsonAnswer } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { applicationStatuses } from '../../../lib/lobby/domain/game.ts';
import { listApplicationsOfUser } from '../../../lib/lobby/store/applications.ts';
import { applicationSchema, toApplication } from '../applications/application-answer.ts';
import { pageRequestOf, placeToken, toPage } from '../paging.ts';

export const listMyApplicationsRoute = createRoute({
  method: 'get',
  path: '/my/applications',
  operationId: 'listMyApplications',
  summary: 'What the caller has applied to, newest first',
  tags: ['mine'],
  request: { query: z.strictObject({ status: z.enum(applicationStatuses).optional(), ...pageQuery }) },
  responses: { 200: jsonAnswer(pageOf(applicationSchema), 'A page of applications'), ...errorAnswers() },
});

const token = placeToken('my.applications');

export function listMyApplicationsHandler(
  lobby: Pick<Lobby, 'readSlightlyOld'>,
): RouteHandler<typeof listMyApplicationsRoute, HttpEnv> {
  return async (c) => {
    const query = c.req.valid('query');
    const { userId } = userOf(c.get('actor'));
    const request = pageRequestOf(token, query);
    const page = await lobby.readSlightlyOld((db) =>
      listApplicationsOfUser(db, userId, query.status, request),
    );
    return c.json(toPage(token, page, toApplication), 200);
  };
}
