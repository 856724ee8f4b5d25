// One of everything that the lobby keeps, those who have to do with it, and a request for everything that can be done:
// for tests that go through all routes.
import { v7 as uuidv7 } from 'uuid';
import { expect, inject } from 'vitest';
import { type Operation, readOperations } from '../../../infra/generate/operations.ts';
import type { GameStatus } from '../../../lib/lobby/domain/game.ts';
import { nameKeys } from '../../../lib/names/keys.ts';
import { apply, field, gameBody, join, makeDraft, makeOpenGame } from './games.ts';
import type { Answer, Client, TestLobby } from './lobby.ts';

export const inviteUntil = '2031-05-20T12:00:00.000Z';

export type World = Awaited<ReturnType<typeof makeWorld>>;

export async function makeWorld(lobby: TestLobby) {
  const [owner, stranger, applicant, member, guest] = Array.from({ length: 5 }, () => lobby.player()) as [
    Client,
    Client,
    Client,
    Client,
    Client,
  ];
  const tail = owner.userId.slice(-12);

  const draftId = await makeDraft(owner);
  const publicId = await makeOpenGame(owner);
  const applicationId = await apply(applicant, publicId, `Applicant ${tail}`);
  await join(member, owner, publicId, `Member ${tail}`);
  const membershipId = await membershipOf(lobby, member, publicId);

  const privateId = await makeOpenGame(owner, { game_type: 'private' });
  const invites = `/games/${privateId}/invites`;
  const inviteId = field(await owner.post(invites, { body: { user_id: guest.userId } }), 'invite_id');
  const invite = await owner.post(invites, { body: { max_uses: 5, expires_at: inviteUntil } });
  const [codeInviteId, code] = [field(invite, 'invite_id'), field(invite, 'code')];
  await member.post(`/invite-codes/${code}/redeem`, { body: { race_name: `Member ${tail}` } });
  const privateMembershipId = await membershipOf(lobby, member, privateId);

  const raceNameId = await leaveName(lobby, member, draftId, `Left ${tail}`);
  return {
    ...{ owner, stranger, applicant, member, guest },
    ...{ draftId, publicId, privateId },
    ...{ applicationId, membershipId, privateMembershipId, inviteId, codeInviteId, code, raceNameId },
  };
}

async function membershipOf(lobby: TestLobby, { userId }: Client, gameId: string): Promise<string> {
  const { rows } = await lobby.pool.query(
    'select membership_id from lobby.memberships where user_id = $1 and game_id = $2',
    [userId, gameId],
  );
  return rows[0].membership_id;
}

/** A name that a game has left to the user, to be registered within an hour. */
async function leaveName(
  lobby: TestLobby,
  { userId }: Client,
  gameId: string,
  name: string,
): Promise<string> {
  const raceNameId = uuidv7();
  const at = lobby.now();
  await lobby.db.transaction(async (tx) => {
    await lobby.raceNames.reserve(tx, { raceNameId, userId, gameId, name, keys: nameKeys(name), at });
    await lobby.raceNames.allowRegistration(tx, { userId, gameId }, new Date(at.getTime() + 3_600_000));
  });
  return raceNameId;
}

export const prefix = '/api/v1/lobby';

/** What the public listener does, as `METHOD /path/{parameter}` below the prefix. */
export const operations: ReadonlyMap<string, Operation> = new Map(
  [...readOperations(inject('apis').lobbyPublic)].map(([name, operation]) => [
    name.replace(` ${prefix}`, ' '),
    operation,
  ]),
);

export type Request = {
  as?: Client;
  params?: Record<string, string>;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  /** `undefined`: without a body. */
  body?: unknown;
};

/** What a request of an operation is unless a test wants it otherwise: nothing in it is wrong. */
export function usualRequest(world: World, operation: string): Required<Request> {
  const { owner, applicant, member, guest } = world;
  const onInvites = operation === 'POST /games/{game_id}/invites';
  return {
    as:
      {
        'POST /games/{game_id}/leave': member,
        'POST /games/{game_id}/applications': guest,
        'POST /applications/{application_id}/withdraw': applicant,
        'POST /invites/{invite_id}/redeem': guest,
        'POST /invites/{invite_id}/decline': guest,
        'POST /invite-codes/{code}/redeem': guest,
        'POST /race-names/register': member,
      }[operation] ?? owner,
    params: {
      game_id: onInvites ? world.privateId : operation.startsWith('PATCH') ? world.draftId : world.publicId,
      application_id: world.applicationId,
      invite_id: world.inviteId,
      code: world.code,
      membership_id: world.membershipId,
    },
    query: operation === 'GET /race-names/availability' ? { name: 'Quux' } : {},
    headers: {},
    body: {
      'POST /games': gameBody,
      'PATCH /games/{game_id}': { game_name: 'Orion Spur' },
      'POST /games/{game_id}/reopen-enrollment': {},
      'POST /clocks/preview': { turn_schedule: gameBody.turn_schedule, time_zone: gameBody.time_zone },
      'POST /games/{game_id}/applications': { race_name: 'Newcomer' },
      'POST /games/{game_id}/invites': { user_id: world.stranger.userId },
      'POST /invites/{invite_id}/redeem': { race_name: 'Newcomer' },
      'POST /invite-codes/{code}/redeem': { race_name: 'Newcomer' },
      'POST /race-names/register': { race_name_id: world.raceNameId },
    }[operation],
  };
}

/** Sends what is usual for an operation, but for `changes`. */
export function request(world: World, operation: string, changes: Request = {}): Promise<Answer> {
  const usual = usualRequest(world, operation);
  const { as, params, query, headers, body } = { ...usual, ...changes };
  const [method, template] = operation.split(' ') as ['GET' | 'POST' | 'PATCH', string];
  const path = template.replace(/\{(\w+)\}/g, (_, name) => ({ ...usual.params, ...params })[name] ?? '');
  const search = new URLSearchParams({ ...usual.query, ...query });
  const call = { GET: as.get, POST: as.post, PATCH: as.patch }[method];
  return call(
    search.size === 0 ? path : `${path}?${search}`,
    body === undefined ? { headers } : { body, headers },
  );
}

/** What games have to be for what moves them on. */
const fitting: Partial<Record<string, GameStatus>> = {
  'POST /games/{game_id}/reopen-enrollment': 'ready_to_start',
  'POST /games/{game_id}/start': 'ready_to_start',
  'POST /games/{game_id}/retry-start': 'start_failed',
  'POST /games/{game_id}/pause': 'running',
  'POST /games/{game_id}/resume': 'paused',
  'POST /games/{game_id}/correct': 'paused',
};

/** What makes the usual request of an operation one that is granted, in a world of its own. */
export async function makeGrantable(
  lobby: TestLobby,
  operation: string,
): Promise<{ world: World; changes: Request }> {
  const world = await makeWorld(lobby);
  const { owner, publicId, draftId } = world;
  await join(lobby.player(), owner, publicId, `Second ${uuidv7().slice(-12)}`);
  await lobby.pool.query(
    `update lobby.games set status = $2, runtime_job_id = gen_random_uuid(), container_id = 'c1',
       engine_endpoint = 'http://10.0.0.1:9000', bound_at = now() where game_id = $1`,
    [publicId, fitting[operation] ?? 'enrollment_open'],
  );
  if (operation.endsWith('/unblock')) {
    expect(await owner.post(`/memberships/${world.membershipId}/block`)).toMatchObject({ status: 200 });
  }
  const params = operation.endsWith('/open-enrollment') ? { params: { game_id: draftId } } : {};
  // The revision that was true before the first request; a repeat is answered all the same.
  const headers = operation.startsWith('PATCH') ? { headers: { 'if-match': '"1"' } } : {};
  const names = { race_name: `R ${uuidv7().slice(-12)}` };
  const body = bodyWith(usualRequest(world, operation).body, names);
  return { world, changes: { ...params, ...headers, body } };
}

/** Race names are one person's on the whole platform, so each request needs its own. */
function bodyWith(body: unknown, names: { race_name: string }): unknown {
  return typeof body === 'object' && body !== null && 'race_name' in body ? names : body;
}
