import { createRoute, z } from '@hono/zod-openapi';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, id, jsonResponse, noQuery } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { gameStatuses } from '../../../lib/lobby/domain/game.ts';
import { previewRemoval, type RemovalPreview } from '../../../lib/lobby/operations/preview-removal.ts';
import type { StoredGame } from '../../../lib/lobby/store/games.ts';
import { heldNameSchema, toHeldName } from './race-name-responses.ts';

const gameFields = {
  game_id: id,
  game_name: z.string(),
  status: z.enum(gameStatuses),
  active_members: z.int(),
};

const previewSchema = z
  .object({
    user_id: id,
    is_gone: z.boolean().openapi({ description: 'Whether it was done before; then nothing is left to do.' }),
    games_cancelled: z.array(z.object({ ...gameFields, why: z.enum(['owned', 'last_member']) })),
    games_reopened: z
      .array(z.object(gameFields))
      .openapi({ description: 'Games that enroll again, since too few members remain to start them.' }),
    memberships_ended: z.array(z.object({ membership_id: id, race_name: z.string(), ...gameFields })),
    applications_cancelled: z.int().openapi({
      description: 'Of the user, and of others to games that are cancelled.',
    }),
    invites_cancelled: z.int(),
    race_names_released: z.array(heldNameSchema).openapi({
      description: 'Of the user, of every kind, and of others in games that are cancelled.',
    }),
    is_complete: z.boolean().openapi({
      description: '`false` when a list was cut after about 500; the counts are of what is listed then.',
    }),
  })
  .openapi('RemovalPreview');

const route = createRoute({
  method: 'get',
  path: '/users/{user_id}/removal-preview',
  operationId: 'previewUserRemoval',
  summary: 'What a permanent block or the deletion of a user would do in the lobby now; for operators',
  tags: ['operators'],
  request: { params: z.strictObject({ user_id: id }), query: noQuery },
  responses: { 200: jsonResponse(previewSchema, 'What would be done'), ...errorResponses() },
});

export const previewRemovalRoute = (lobby: Pick<Lobby, 'db' | 'raceNames'>) =>
  defineRoute(route, async (c) => {
    const { user_id: userId } = c.req.valid('param');
    return c.json(toPreview(userId, await previewRemoval(lobby, userId)), 200);
  });

function toPreview(userId: string, preview: RemovalPreview): z.infer<typeof previewSchema> {
  return {
    user_id: userId,
    is_gone: preview.isGone,
    games_cancelled: preview.gamesCancelled.map(({ game, why }) => ({ ...toGame(game), why })),
    games_reopened: preview.gamesReopened.map(toGame),
    memberships_ended: preview.membershipsEnded.map(({ membershipId, raceName, game }) => ({
      membership_id: membershipId,
      race_name: raceName,
      ...toGame(game),
    })),
    applications_cancelled: preview.applicationsCancelled,
    invites_cancelled: preview.invitesCancelled,
    race_names_released: preview.raceNamesReleased.map(toHeldName),
    is_complete: preview.isComplete,
  };
}

function toGame({ gameId, gameName, status, activeMembers }: StoredGame) {
  return { game_id: gameId, game_name: gameName, status, active_members: activeMembers };
}
