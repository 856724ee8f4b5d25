import { createRoute, z } from '@hono/zod-openapi';
import { userOf } from '../../../lib/http/actor.ts';
import { pageOf, pageQuery } from '../../../lib/http/paging.ts';
import { defineRoute } from '../../../lib/http/route.ts';
import { errorResponses, jsonResponse } from '../../../lib/http/schemas.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { inviteStatuses } from '../../../lib/lobby/domain/invite.ts';
import { listMyInvites } from '../../../lib/lobby/operations/list-mine.ts';
import type { StoredGame } from '../../../lib/lobby/store/games.ts';
import type { InviteWithGame } from '../../../lib/lobby/store/invites.ts';
import { gameSchema } from '../games/game-response.ts';
import { inviteSchema, toInviteAt } from '../invites/invite-response.ts';
import { pageRequestOf, positionTokens, toPage } from '../paging.ts';

const { game_name, description, owner_user_id, status, ...fields } = gameSchema.shape;
const { min_players, max_players, active_members, enrollment_ends_at } = fields;
const { turn_schedule, time_zone, turn_seconds, min_turn_seconds, quiet_days, grace_seconds, early } = fields;

/** What a player needs to know of a game before joining it. */
const offeredGameSchema = z.object({
  game_name,
  description,
  owner_user_id,
  status,
  min_players,
  max_players,
  active_members,
  enrollment_ends_at,
  turn_schedule,
  time_zone,
  turn_seconds,
  min_turn_seconds,
  quiet_days,
  grace_seconds,
  early,
});

const myInviteSchema = z
  .object({
    ...inviteSchema.shape,
    game: offeredGameSchema.nullable().openapi({
      description: 'null when the invite is over and the caller can no longer see the game.',
    }),
  })
  .openapi('MyInvite');

const route = createRoute({
  method: 'get',
  path: '/my/invites',
  operationId: 'listMyInvites',
  summary: 'Invites for the caller, with their games, newest first',
  tags: ['mine'],
  request: {
    query: z.strictObject({ status: z.enum(inviteStatuses).default('pending'), ...pageQuery }),
  },
  responses: { 200: jsonResponse(pageOf(myInviteSchema), 'A page of invites'), ...errorResponses() },
});

const tokens = positionTokens('my.invites');

export const listMyInvitesRoute = (lobby: Pick<Lobby, 'readFromReplica' | 'now'>) =>
  defineRoute(route, async (c) => {
    const query = c.req.valid('query');
    const token = tokens.of(c.req.query());
    const request = pageRequestOf(token, query);
    const page = await listMyInvites(lobby, userOf(c.get('actor')), query.status, request);
    return c.json(toPage(token, page, toMyInviteAt(lobby.now())), 200);
  });

function toMyInviteAt(now: Date): (item: InviteWithGame) => z.infer<typeof myInviteSchema> {
  const toInvite = toInviteAt(now);
  return ({ invite, game }) => ({ ...toInvite(invite), game: game && toOfferedGame(game) });
}

function toOfferedGame(game: StoredGame): z.infer<typeof offeredGameSchema> {
  return {
    game_name: game.gameName,
    description: game.description,
    owner_user_id: game.ownerUserId,
    status: game.status,
    min_players: game.minPlayers,
    max_players: game.maxPlayers,
    active_members: game.activeMembers,
    enrollment_ends_at: game.enrollmentEndsAt.toISOString(),
    turn_schedule: game.turnSchedule,
    time_zone: game.timeZone,
    turn_seconds: game.turnSeconds,
    min_turn_seconds: game.minTurnSeconds,
    quiet_days: [...game.quietDays],
    grace_seconds: game.graceSeconds,
    early: game.early,
  };
}
