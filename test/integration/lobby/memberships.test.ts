// How memberships end: by leaving, being removed, being blocked; and what becomes of the place and the race name.
import { randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  apply,
  approve,
  column,
  field,
  join,
  makeDraft,
  makeOpenGame,
  noSuchGame,
  notTheOwner,
  refusal,
} from '../../support/lobby/games.ts';
import { type Client, createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';
import { intentsOf, stopJobsOf, toldOf } from '../../support/lobby/outbox.ts';

let lobby: TestLobby;
let owner: Client;
beforeAll(async () => {
  lobby = await createTestLobby();
  owner = lobby.player();
});
afterAll(() => lobby.close());

const noSuchMembership = refusal(
  404,
  'not_found',
  'There is no such membership, or it is not for you to see.',
);

async function membershipOf(player: Client, gameId: string): Promise<string> {
  const { rows } = await lobby.pool.query(
    `select membership_id from lobby.memberships where game_id = $1 and user_id = $2 order by membership_id desc`,
    [gameId, player.userId],
  );
  return rows[0].membership_id;
}

/** A game in a status that its members cannot bring about. @param containerId of the container that runs it, if any. */
async function setStatus(gameId: string, status: string, containerId?: string): Promise<void> {
  await lobby.pool.query(
    `update lobby.games set status = $2, container_id = $3, start_expires_at = null,
      engine_endpoint = case when $3::text is not null then 'http://127.0.0.1:9' end,
      bound_at = case when $3::text is not null then updated_at end where game_id = $1`,
    [gameId, status, containerId ?? null],
  );
}

/** A game that waits for its start job, with two members. */
async function startedGame([one, two]: readonly [string, string]) {
  const gameId = await makeOpenGame(owner);
  const first = await memberOf(gameId, one);
  lobby.clock.advance(1_000);
  const last = await memberOf(gameId, two);
  for (const step of ['close-enrollment', 'start'])
    expect(await owner.post(`/games/${gameId}/${step}`)).toMatchObject({ status: 200 });
  return { gameId, members: [first, last] as const };
}

/** What the Game Master is told of a game. */
async function changesOf(gameId: string): Promise<unknown[]> {
  return (await toldOf(lobby, gameId))
    .filter(({ kind }) => kind === 'game_change')
    .map(({ payload }) => payload);
}

type Member = { player: Client; membershipId: string };

async function memberOf(gameId: string, raceName: string): Promise<Member> {
  const player = lobby.player();
  await join(player, owner, gameId, raceName);
  return { player, membershipId: await membershipOf(player, gameId) };
}

async function namesOf(player: Client): Promise<unknown[]> {
  const { rows } = await lobby.pool.query('select name from lobby.race_names where user_id = $1', [
    player.userId,
  ]);
  return rows.map(({ name }) => name);
}

const ways = [
  ['leave', 'left', (gameId: string) => `/games/${gameId}/leave`],
  ['remove', 'removed', (_: string, membershipId: string) => `/memberships/${membershipId}/remove`],
  ['block', 'blocked', (_: string, membershipId: string) => `/memberships/${membershipId}/block`],
] as const;

describe.each(ways)('%s', (verb, status, path) => {
  const actor = (player: Client) => (verb === 'leave' ? player : owner);

  test.each(['enrollment_open', 'ready_to_start', 'start_failed'])(
    'frees the place and the name of a game that is %s at once',
    async (gameStatus) => {
      const gameId = await makeOpenGame(owner, { max_players: 3 });
      const raceName = `Free ${verb} ${gameStatus}`.slice(0, 24).replaceAll('_', ' ').trim();
      const { player, membershipId } = await memberOf(gameId, raceName);
      await setStatus(gameId, gameStatus);
      lobby.clock.advance(1_000);
      expect(await actor(player).post(path(gameId, membershipId))).toEqual({
        status: 200,
        body: {
          membership_id: membershipId,
          game_id: gameId,
          user_id: player.userId,
          race_name: raceName,
          status,
          seat: null,
          joined_at: new Date(lobby.clock.now().getTime() - 1_000).toISOString(),
        },
        etag: null,
      });
      expect(await namesOf(player)).toEqual([]);
      expect(await owner.get(`/games/${gameId}`)).toMatchObject({ body: { active_members: 0 } });
      expect(column(await owner.get(`/games/${gameId}/memberships`), 'user_id')).toEqual([]);
      // The name is anybody's again.
      await join(lobby.player(), owner, await makeOpenGame(owner), raceName);
    },
  );

  test.each(['ready_to_start', 'start_failed'])(
    'opens the enrollment of a game that is %s again when too few are left, and not before',
    async (gameStatus) => {
      const gameId = await makeOpenGame(owner, { max_players: 5 });
      const names = ['A', 'B', 'C'].map((name) => `${name} ${verb} ${gameStatus}`.replaceAll('_', ' '));
      const members = await Promise.all(names.map((name) => memberOf(gameId, name)));
      await owner.post(`/games/${gameId}/close-enrollment`);
      await setStatus(gameId, gameStatus);
      const [first, second, third] = members as [Member, Member, Member];
      expect(await actor(first.player).post(path(gameId, first.membershipId))).toMatchObject({ status: 200 });
      expect(await owner.get(`/games/${gameId}`)).toMatchObject({ body: { status: gameStatus } });

      expect(await actor(second.player).post(path(gameId, second.membershipId))).toMatchObject({
        status: 200,
      });
      const enrollment_ends_at = new Date(lobby.now().getTime() + 7 * 86_400_000).toISOString();
      expect(await owner.get(`/games/${gameId}`)).toMatchObject({
        body: { status: 'enrollment_open', active_members: 1, enrollment_ends_at },
      });
      const { body } = await owner.get(`/games/${gameId}/timeline`);
      expect((body as { items: unknown[] }).items.at(-1)).toMatchObject({
        trigger: 'reopen_enrollment',
        actor: 'departure',
        from: gameStatus,
      });
      expect(await intentsOf(lobby, gameId, 'lobby.enrollment.reopened')).toMatchObject([
        { to: [owner.userId, third.player.userId], payload: { enrollment_ends_at } },
      ]);
      await join(lobby.player(), owner, gameId, `D ${verb} ${gameStatus}`.replaceAll('_', ' '));
      expect(await owner.post(`/games/${gameId}/close-enrollment`)).toMatchObject({
        body: { status: 'ready_to_start' },
      });
    },
  );

  test.each(['starting', 'running', 'paused'])(
    'leaves the name reserved and the seat empty while the game is %s, also when the last has gone',
    async (gameStatus) => {
      const names = [`One ${verb} ${gameStatus}`, `Two ${verb} ${gameStatus}`] as const;
      const { gameId, members } = await startedGame(names);
      const [first, last] = members;
      if (gameStatus !== 'starting') await setStatus(gameId, gameStatus, randomUUID());
      // An owner who plays would put out rivals.
      const actor = (player: Client) => (verb === 'leave' ? player : lobby.admin());
      if (verb !== 'leave') {
        const before = await lobby.tables();
        expect(await owner.post(path(gameId, first.membershipId))).toEqual(
          refusal(
            403,
            'forbidden',
            'The game has started: only an admin can remove or block its members now.',
            { status: gameStatus },
          ),
        );
        expect(await lobby.tables()).toEqual(before);
      }
      expect(await actor(first.player).post(path(gameId, first.membershipId))).toMatchObject({
        status: 200,
        body: { status, seat: 1 },
      });
      expect(await namesOf(first.player)).toEqual([names[0]]);
      expect(await owner.get(`/games/${gameId}`)).toMatchObject({
        body: { status: gameStatus, active_members: 1 },
      });
      expect(
        await lobby.player().post(`/games/${await makeOpenGame(owner)}/applications`, {
          body: { race_name: names[0] },
        }),
      ).toMatchObject({ status: 409, body: { error: { code: 'race_name_taken' } } });
      const vacated = { kind: 'seat_vacated', change_id: first.membershipId, seat: 1 };
      expect(await changesOf(gameId)).toMatchObject([vacated]);
      expect(await intentsOf(lobby, gameId, 'lobby.membership.left')).toMatchObject([
        {
          to: [owner.userId, last.player.userId],
          payload: { user_id: first.player.userId, seat: 1, status },
        },
      ]);

      expect(await actor(last.player).post(path(gameId, last.membershipId))).toMatchObject({ status: 200 });
      const { body } = await owner.get(`/games/${gameId}`);
      if (gameStatus === 'starting') {
        expect(body).toMatchObject({ status: 'starting', active_members: 0 });
        expect(await stopJobsOf(lobby, gameId)).toEqual([]);
        return;
      }
      expect(body).toMatchObject({ status: 'cancelled', active_members: 0 });
      expect([await namesOf(first.player), await namesOf(last.player)]).toEqual([[], []]);
      expect(await stopJobsOf(lobby, gameId)).toHaveLength(1);
      expect(await changesOf(gameId)).toMatchObject([
        vacated,
        { kind: 'seat_vacated', change_id: last.membershipId, seat: 2 },
        { kind: 'status', status: 'cancelled' },
      ]);
    },
  );

  test.each(['finished', 'cancelled'])('changes nothing of a game that is %s', async (gameStatus) => {
    const gameId = await makeOpenGame(owner);
    const { player, membershipId } = await memberOf(gameId, `Over ${verb} ${gameStatus}`);
    await setStatus(gameId, gameStatus);
    const before = await lobby.tables();
    expect(await actor(player).post(path(gameId, membershipId))).toEqual(
      refusal(409, 'invalid_state', `The game is ${gameStatus}; its members can no longer change.`, {
        status: gameStatus,
      }),
    );
    expect(await lobby.tables()).toEqual(before);
  });

  test('closes the gap again when fewer than max_players are left', async () => {
    const gameId = await makeOpenGame(owner, { max_players: 2, start_gap_players: 2 });
    const { player, membershipId } = await memberOf(gameId, `Gap ${verb} one`);
    await memberOf(gameId, `Gap ${verb} two`);
    const third = await memberOf(gameId, `Gap ${verb} three`);
    const opened = (await owner.get(`/games/${gameId}`)).body as { gap_opened_at: string };
    expect(opened.gap_opened_at).toBe(lobby.clock.now().toISOString());
    await actor(player).post(path(gameId, membershipId));
    expect(await owner.get(`/games/${gameId}`)).toMatchObject({
      body: { active_members: 2, gap_opened_at: opened.gap_opened_at },
    });
    await actor(third.player).post(path(gameId, third.membershipId));
    expect(await owner.get(`/games/${gameId}`)).toMatchObject({
      body: { active_members: 1, gap_opened_at: null, status: 'enrollment_open' },
    });
  });

  test('that comes twenty times at once happens once', async () => {
    const gameId = await makeOpenGame(owner);
    const { player, membershipId } = await memberOf(gameId, `Twenty ${verb}`);
    await memberOf(gameId, `Stays ${verb}`);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => actor(player).post(path(gameId, membershipId))),
    );
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
    for (const answer of answers.filter((answer) => answer.status !== 200)) {
      expect(answer).toMatchObject({ status: 409, body: { error: { code: 'invalid_state' } } });
    }
    expect(await owner.get(`/games/${gameId}`)).toMatchObject({ body: { active_members: 1 } });
  });
});

describe('a game that one does not play in', () => {
  test('cannot be left', async () => {
    const gameId = await makeOpenGame(owner);
    const { player } = await memberOf(gameId, 'Leaves Once');
    await player.post(`/games/${gameId}/leave`);
    const before = await lobby.tables();
    const notIn = refusal(409, 'invalid_state', 'You do not play in this game.');
    expect(await player.post(`/games/${gameId}/leave`)).toEqual(notIn);
    expect(await owner.post(`/games/${gameId}/leave`)).toEqual(notIn);
    expect(await lobby.player().post(`/games/${uuidv7()}/leave`)).toEqual(noSuchGame);
    expect(await lobby.player().post(`/games/${await makeDraft(owner)}/leave`)).toEqual(noSuchGame);
    expect(await lobby.tables()).toMatchObject({ 'lobby.memberships': before['lobby.memberships'] });
  });

  test('is not left by admins', async () => {
    const gameId = await makeOpenGame(owner);
    expect(await lobby.admin().post(`/games/${gameId}/leave`)).toMatchObject({ status: 404 });
  });
});

describe('members who left or were removed', () => {
  test('may come back', async () => {
    const gameId = await makeOpenGame(owner);
    const { player } = await memberOf(gameId, 'Boomerang');
    await player.post(`/games/${gameId}/leave`);
    await join(player, owner, gameId, 'Boomerang');
    await owner.post(`/memberships/${await membershipOf(player, gameId)}/remove`);
    await join(player, owner, gameId, 'Boomerang');
    expect(column(await owner.get(`/games/${gameId}/memberships`), 'user_id')).toEqual([player.userId]);
  });

  test('are not removed again', async () => {
    const gameId = await makeOpenGame(owner);
    const { player, membershipId } = await memberOf(gameId, 'Gone Before');
    await player.post(`/games/${gameId}/leave`);
    const before = await lobby.tables();
    expect(await owner.post(`/memberships/${membershipId}/remove`)).toEqual(
      refusal(409, 'invalid_state', 'The membership is left already. Only an active one can be removed.', {
        membership_status: 'left',
      }),
    );
    expect(await lobby.tables()).toEqual(before);
  });
});

describe('a user who is blocked', () => {
  test('cannot apply, neither be approved', async () => {
    const gameId = await makeOpenGame(owner);
    const { player, membershipId } = await memberOf(gameId, 'Outlaw');
    await player.post(`/games/${gameId}/leave`);
    const applicationId = await apply(player, gameId, 'Outlaw');
    expect(field(await owner.post(`/memberships/${membershipId}/block`), 'status')).toBe('blocked');
    const before = await lobby.tables();
    expect(await player.post(`/games/${gameId}/applications`, { body: { race_name: 'Outlaw' } })).toEqual(
      refusal(403, 'forbidden', 'You have been blocked from this game.'),
    );
    expect(await owner.post(`/applications/${applicationId}/approve`)).toEqual(
      refusal(
        409,
        'invalid_state',
        'The application is rejected already; only a pending one can be approved.',
        { application_status: 'rejected' },
      ),
    );
    expect(await lobby.tables()).toEqual(before);
  });

  test('is not let in by an application that is pending all the same', async () => {
    const gameId = await makeOpenGame(owner);
    const { player, membershipId } = await memberOf(gameId, 'Stubborn');
    await owner.post(`/memberships/${membershipId}/block`);
    const applicationId = uuidv7();
    await lobby.pool.query(
      `insert into lobby.applications (application_id, game_id, user_id, race_name, status, created_at)
       values ($1, $2, $3, 'Stubborn', 'pending', now())`,
      [applicationId, gameId, player.userId],
    );
    const before = await lobby.tables();
    expect(await owner.post(`/applications/${applicationId}/approve`)).toEqual(
      refusal(403, 'forbidden', 'The user has been blocked from this game.'),
    );
    expect(await lobby.tables()).toEqual(before);
  });

  test('may join other games', async () => {
    const { player, membershipId } = await memberOf(await makeOpenGame(owner), 'Elsewhere');
    await owner.post(`/memberships/${membershipId}/block`);
    await join(player, owner, await makeOpenGame(owner), 'Elsewhere');
  });

  test('is not blocked twice, and not by a membership of old', async () => {
    const gameId = await makeOpenGame(owner);
    const { player, membershipId: old } = await memberOf(gameId, 'Twice Blocked');
    await player.post(`/games/${gameId}/leave`);
    lobby.clock.advance(1_000);
    await join(player, owner, gameId, 'Twice Blocked');
    const current = await membershipOf(player, gameId);
    let before = await lobby.tables();
    expect(await owner.post(`/memberships/${old}/block`)).toEqual(
      refusal(
        409,
        'invalid_state',
        `The membership is left already. The user has joined again; block membership ${current}.`,
        { membership_status: 'left' },
      ),
    );
    expect(await lobby.tables()).toEqual(before);
    expect(await owner.post(`/memberships/${current}/block`)).toMatchObject({ status: 200 });
    before = await lobby.tables();
    expect(await owner.post(`/memberships/${current}/block`)).toEqual(
      refusal(409, 'invalid_state', 'The membership is blocked already. The user cannot join again.', {
        membership_status: 'blocked',
      }),
    );
    expect(await lobby.tables()).toEqual(before);
  });
});

describe('a block that is undone', () => {
  test('lets the user join again, who is notified', async () => {
    const gameId = await makeOpenGame(owner);
    const { player, membershipId } = await memberOf(gameId, 'Forgiven');
    await owner.post(`/memberships/${membershipId}/block`);
    const blocked = await owner.get(`/games/${gameId}/memberships?status=blocked`);
    expect(column(blocked, 'membership_id')).toEqual([membershipId]);
    expect(await player.get(`/games/${gameId}/memberships?status=blocked`)).toEqual(notTheOwner);

    expect(await owner.post(`/memberships/${membershipId}/unblock`)).toMatchObject({
      status: 200,
      body: { membership_id: membershipId, status: 'removed' },
    });
    expect(column(await owner.get(`/games/${gameId}/memberships?status=blocked`), 'user_id')).toEqual([]);
    expect(await intentsOf(lobby, gameId, 'lobby.membership.unblocked')).toMatchObject([
      { to: [player.userId], payload: { membership_id: membershipId, race_name: 'Forgiven' } },
    ]);
    await join(player, owner, gameId, 'Forgiven');
  });

  test('can be made again, and be undone by an admin', async () => {
    const gameId = await makeOpenGame(owner);
    const { membershipId } = await memberOf(gameId, 'On and Off');
    for (const manager of [owner, lobby.admin()]) {
      expect(await owner.post(`/memberships/${membershipId}/block`)).toMatchObject({ status: 200 });
      expect(await manager.post(`/memberships/${membershipId}/unblock`)).toMatchObject({ status: 200 });
      lobby.clock.advance(1_000);
    }
    const keys = (await toldOf(lobby, gameId))
      .filter(({ payload }) => /^lobby\.membership\.(un)?blocked$/.test(String(payload.notification_type)))
      .map(({ payload }) => payload.idempotency_key);
    expect([keys.length, new Set(keys).size]).toEqual([4, 4]);
  });

  test('is not that of a user who is gone', async () => {
    const gameId = await makeOpenGame(owner);
    const { player, membershipId } = await memberOf(gameId, 'Gone for good');
    await owner.post(`/memberships/${membershipId}/block`);
    await lobby.pool.query('update lobby.user_guards set gone_at = now() where user_id = $1', [
      player.userId,
    ]);
    const before = await lobby.tables();
    expect(await owner.post(`/memberships/${membershipId}/unblock`)).toEqual(
      refusal(404, 'subject_not_found', 'There is no such user.'),
    );
    expect(await lobby.tables()).toEqual(before);
  });
});

test('the owner of a game can leave it or be removed, but not be blocked from it', async () => {
  const gameId = await makeOpenGame(owner);
  await apply(owner, gameId, 'Founder');
  const membershipId = await membershipOf(owner, gameId);
  const before = await lobby.tables();
  for (const manager of [owner, lobby.admin()]) {
    expect(await manager.post(`/memberships/${membershipId}/block`)).toEqual(
      refusal(403, 'forbidden', 'The owner of a game cannot be blocked from it.'),
    );
  }
  expect(await lobby.tables()).toEqual(before);
  expect(await lobby.admin().post(`/memberships/${membershipId}/remove`)).toMatchObject({ status: 200 });
  await apply(owner, gameId, 'Founder');
  expect(await owner.post(`/games/${gameId}/leave`)).toMatchObject({ status: 200 });
});

test.each(['remove', 'block'])('%s is for the owner of the game and admins', async (verb) => {
  const gameId = await makeOpenGame(owner);
  const { player, membershipId } = await memberOf(gameId, `Managed ${verb}`);
  const privateId = await makeOpenGame(owner, { game_type: 'private' });
  await apply(owner, privateId, `Private ${verb}`);
  const before = await lobby.tables();
  expect(await player.post(`/memberships/${membershipId}/${verb}`)).toEqual(notTheOwner);
  expect(await lobby.player().post(`/memberships/${membershipId}/${verb}`)).toEqual(notTheOwner);
  const hidden = await membershipOf(owner, privateId);
  expect(await lobby.player().post(`/memberships/${hidden}/${verb}`)).toEqual(noSuchMembership);
  expect(await owner.post(`/memberships/${uuidv7()}/${verb}`)).toEqual(noSuchMembership);
  expect(await lobby.tables()).toEqual(before);
  expect(await lobby.admin().post(`/memberships/${membershipId}/${verb}`)).toMatchObject({ status: 200 });
});

test('a place that was left is taken by the next who is approved', async () => {
  const gameId = await makeOpenGame(owner, { max_players: 2, start_gap_players: 1 });
  const { player } = await memberOf(gameId, 'Seat One');
  await memberOf(gameId, 'Seat Two');
  const waiting = await apply(lobby.player(), gameId, 'Seat Three');
  await player.post(`/games/${gameId}/leave`);
  await approve(owner, waiting);
  expect(await owner.get(`/games/${gameId}`)).toMatchObject({
    body: { active_members: 2, status: 'enrollment_open', gap_opened_at: lobby.clock.now().toISOString() },
  });
});
