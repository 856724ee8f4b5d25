import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  apply,
  approve,
  column,
  field,
  gameBody,
  join,
  makeDraft,
  makeOpenGame,
  noSuchApplication,
  notTheOwner,
  refusal,
} from '../../support/lobby/games.ts';
import { createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';
import { intentsOf } from '../../support/lobby/outbox.ts';

let lobby: TestLobby;
beforeAll(async () => {
  lobby = await createTestLobby();
});
afterAll(() => lobby.close());

const uuid = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/);

test('a player makes a game, opens it, lets another in, and everybody sees who plays', async () => {
  const [owner, bob, passerBy] = [lobby.player(), lobby.player(), lobby.player()];
  const now = lobby.now().toISOString();

  const made = await owner.post('/games', { body: gameBody });
  const draft = {
    ...gameBody,
    game_id: uuid,
    owner_user_id: owner.userId,
    status: 'draft',
    active_members: 0,
    gap_opened_at: null,
    turn_seconds: null,
    min_turn_seconds: null,
    quiet_days: [],
    grace_seconds: 0,
    auto_approve: false,
    early: 'off',
    spectators: false,
    options: {},
    engine_family: 'test-game',
    current_turn: null,
    runtime_status: null,
    engine_health: null,
    snapshot_at: null,
    due_at: null,
    closes_at: null,
    awaited_seats: null,
    ready_seats: null,
    result: null,
    runtime_job_id: null,
    container_id: null,
    engine_endpoint: null,
    bound_at: null,
    registered_at: null,
    created_at: now,
    updated_at: now,
    started_at: null,
    finished_at: null,
    revision: 1,
  };
  expect(made).toEqual({ status: 201, body: draft, etag: '"1"' });
  const gameId = field(made, 'game_id');

  const opened = await owner.post(`/games/${gameId}/open-enrollment`);
  const open = { ...draft, status: 'enrollment_open', revision: 2 };
  expect(opened).toEqual({ status: 200, body: open, etag: '"2"' });
  expect(await passerBy.get(`/games/${gameId}`)).toEqual(opened);

  const applied = await bob.post(`/games/${gameId}/applications`, { body: { race_name: 'Zorblax' } });
  const application = {
    application_id: uuid,
    game_id: gameId,
    user_id: bob.userId,
    race_name: 'Zorblax',
    status: 'pending',
    submitted_at: now,
    decided_at: null,
  };
  expect(applied).toEqual({ status: 201, body: application, etag: null });
  const pending = { items: [application] };
  expect(await owner.get(`/games/${gameId}/applications`)).toEqual({
    status: 200,
    body: pending,
    etag: null,
  });

  lobby.clock.advance(60_000);
  const later = lobby.now().toISOString();
  const approved = await owner.post(`/applications/${field(applied, 'application_id')}/approve`);
  const decided = { ...application, status: 'approved', decided_at: later };
  expect(approved).toEqual({ status: 200, body: decided, etag: null });

  const membership = {
    membership_id: uuid,
    game_id: gameId,
    user_id: bob.userId,
    race_name: 'Zorblax',
    status: 'active',
    seat: null,
    joined_at: later,
  };
  const members = { status: 200, body: { items: [membership] }, etag: null };
  expect(await passerBy.get(`/games/${gameId}/memberships`)).toEqual(members);
  expect(await passerBy.get(`/games/${gameId}`)).toMatchObject({ body: { active_members: 1, revision: 2 } });
});

test('what a request may leave out gets its default', async () => {
  const { description, start_gap_hours, start_gap_players, time_zone, ...needed } = gameBody;
  expect(await lobby.player().post('/games', { body: needed })).toMatchObject({
    status: 201,
    body: { description: '', start_gap_hours: 0, start_gap_players: 0, time_zone: 'UTC' },
  });
});

test('every transition leaves its row in the timeline of the game', async () => {
  const owner = lobby.player();
  const gameId = await makeOpenGame(owner, { max_players: 2 });
  await apply(owner, gameId, 'Timeliners');
  await join(lobby.player(), owner, gameId, 'Latecomers');
  const entry = { entry_id: uuid, game_id: gameId, at: lobby.now().toISOString(), reason: null };
  const byOwner = { ...entry, actor_id: owner.userId };
  expect(await owner.get(`/games/${gameId}/timeline`)).toEqual({
    status: 200,
    body: {
      items: [
        { ...byOwner, trigger: 'open_enrollment', actor: 'owner', from: 'draft', to: 'enrollment_open' },
        { ...byOwner, trigger: 'gap', actor: 'approval', from: 'enrollment_open', to: 'ready_to_start' },
      ],
    },
    etag: null,
  });
});

describe('the owner', () => {
  test('is no member until they apply, and then is one at once', async () => {
    const owner = lobby.player();
    const gameId = await makeOpenGame(owner);
    expect(column(await owner.get(`/games/${gameId}/memberships`), 'user_id')).toEqual([]);
    const applied = await owner.post(`/games/${gameId}/applications`, { body: { race_name: 'Makers' } });
    const now = lobby.now().toISOString();
    expect(applied).toMatchObject({ status: 201, body: { status: 'approved', decided_at: now } });
    expect(column(await owner.get(`/games/${gameId}/memberships`), 'user_id')).toEqual([owner.userId]);
  });

  test('of a private game joins it the same way', async () => {
    const owner = lobby.player();
    const gameId = await makeOpenGame(owner, { game_type: 'private' });
    const applied = await owner.post(`/games/${gameId}/applications`, {
      body: { race_name: 'Hidden Makers' },
    });
    expect(applied).toMatchObject({ status: 201, body: { status: 'approved' } });
  });

  test('cannot open a game twice', async () => {
    const owner = lobby.player();
    const gameId = await makeOpenGame(owner);
    expect(await owner.post(`/games/${gameId}/open-enrollment`)).toMatchObject({
      status: 409,
      body: { error: { code: 'invalid_state', details: { status: 'enrollment_open' } } },
    });
  });

  test('cannot open a game whose deadline has passed', async () => {
    const owner = lobby.player();
    const gameId = await makeDraft(owner, { enrollment_ends_at: '2031-05-02T12:00:00.000Z' });
    lobby.clock.advance(48 * 3_600_000);
    expect(await owner.post(`/games/${gameId}/open-enrollment`)).toEqual(
      refusal(
        409,
        'invalid_state',
        'The enrollment deadline 2031-05-02T12:00:00.000Z has passed. Set a later enrollment_ends_at first.',
        { status: 'draft', enrollment_ends_at: '2031-05-02T12:00:00.000Z' },
      ),
    );
  });
});

describe('an admin', () => {
  test('makes a public game that belongs to nobody, and runs it', async () => {
    const [admin, bob] = [lobby.admin('grace'), lobby.player()];
    const made = await admin.post('/games', { body: gameBody });
    expect(made).toMatchObject({ status: 201, body: { owner_user_id: null } });
    const gameId = field(made, 'game_id');
    expect(await admin.post(`/games/${gameId}/open-enrollment`)).toMatchObject({ status: 200 });
    await join(bob, admin, gameId, 'Publicans');
    expect(column(await admin.get(`/games/${gameId}/memberships`), 'user_id')).toEqual([bob.userId]);
    expect(await admin.get(`/games/${gameId}/timeline`)).toMatchObject({
      body: { items: [{ trigger: 'open_enrollment', actor: 'admin', actor_id: admin.userId }] },
    });
  });

  test('makes a public game that fills by itself', async () => {
    const admin = lobby.admin();
    const gameId = await makeOpenGame(admin, { auto_approve: true, max_players: 3 });
    const players = [lobby.player(), lobby.player(), lobby.player()] as const;
    for (const player of players) {
      const body = { race_name: `Auto ${player.userId.slice(-12)}` };
      expect(await player.post(`/games/${gameId}/applications`, { body })).toMatchObject({
        status: 201,
        body: { status: 'approved', decided_at: lobby.now().toISOString() },
      });
    }
    expect(await admin.get(`/games/${gameId}`)).toMatchObject({
      body: { status: 'ready_to_start', active_members: 3, auto_approve: true },
    });
    expect(await admin.get(`/games/${gameId}/timeline`)).toMatchObject({
      body: { items: [{}, { trigger: 'gap', actor: 'approval', actor_id: null }] },
    });
    expect((await intentsOf(lobby, gameId, 'lobby.application.approved')).map(({ to }) => to)).toEqual(
      players.map(({ userId }) => [userId]),
    );
    expect(await intentsOf(lobby, gameId, 'lobby.application.submitted')).toEqual([]);
  });

  test('can turn automatic approval on while players enroll; who has applied before still waits', async () => {
    const admin = lobby.admin();
    const gameId = await makeOpenGame(admin);
    const [bob, eve] = [lobby.player(), lobby.player()];
    await apply(bob, gameId, 'Beforehand');
    expect(await admin.patch(`/games/${gameId}`, { body: { auto_approve: true } })).toMatchObject({
      status: 200,
    });
    await apply(eve, gameId, 'Afterwards');
    expect(column(await admin.get(`/games/${gameId}/applications`), 'status')).toEqual([
      'pending',
      'approved',
    ]);
  });

  test('makes no private game, since it would have no owner', async () => {
    const before = await lobby.tables();
    const made = await lobby.admin().post('/games', { body: { ...gameBody, game_type: 'private' } });
    expect(made).toMatchObject({
      status: 400,
      body: {
        error: {
          details: {
            fields: [{ field: 'game_type', problem: 'must be public; a private game needs an owner' }],
          },
        },
      },
    });
    expect(await lobby.tables()).toEqual(before);
  });

  test('does not ask the User Service about themselves', async () => {
    const asked = lobby.users.lookups();
    await lobby.admin().post('/games', { body: gameBody });
    expect(lobby.users.lookups()).toBe(asked);
  });

  test('cannot apply: that is for people', async () => {
    const admin = lobby.admin();
    const gameId = await makeDraft(admin);
    expect(await admin.post(`/games/${gameId}/applications`, { body: { race_name: 'Admins' } })).toEqual(
      refusal(404, 'not_found', `There is no POST /api/v1/internal/lobby/games/${gameId}/applications here.`),
    );
  });
});

describe('an applicant', () => {
  test('sees their own application, and nobody else’s', async () => {
    const [owner, bob, eve] = [lobby.player(), lobby.player(), lobby.player()];
    const gameId = await makeOpenGame(owner);
    const bobs = await apply(bob, gameId, 'Bobbers');
    const eves = await apply(eve, gameId, 'Evers');
    const ids = async (client: typeof bob) =>
      column(await client.get(`/games/${gameId}/applications`), 'application_id');
    expect(await ids(bob)).toEqual([bobs]);
    expect(await ids(eve)).toEqual([eves]);
    expect(await ids(lobby.player())).toEqual([]);
    expect(await ids(owner)).toEqual([bobs, eves]);
    expect(await ids(lobby.admin())).toEqual([bobs, eves]);
  });

  test('cannot apply twice while the first application is pending', async () => {
    const bob = lobby.player();
    const gameId = await makeOpenGame(lobby.player());
    await apply(bob, gameId, 'Twicers');
    const before = await lobby.tables();
    expect(await bob.post(`/games/${gameId}/applications`, { body: { race_name: 'Twicers' } })).toEqual(
      refusal(409, 'already_applied', 'You have applied already; the owner has yet to decide.'),
    );
    expect(await lobby.tables()).toEqual(before);
  });

  test('cannot apply to a game that they play in', async () => {
    const [owner, bob] = [lobby.player(), lobby.player()];
    const gameId = await makeOpenGame(owner);
    await join(bob, owner, gameId, 'Againers');
    expect(await bob.post(`/games/${gameId}/applications`, { body: { race_name: 'Againers' } })).toEqual(
      refusal(409, 'already_member', 'You play in this game already.'),
    );
  });

  test('may use their race name in several games', async () => {
    const [owner, bob] = [lobby.player(), lobby.player()];
    for (let game = 0; game < 2; game++) {
      await join(bob, owner, await makeOpenGame(owner), 'Faithful');
    }
    const { rows } = await lobby.pool.query(
      `select count(*)::int as count from lobby.race_name_keys where key = 'faithful'`,
    );
    expect(rows).toEqual([{ count: 2 }]); // One key of each kind.
  });

  test('cannot take a race name that another player has, or one that looks like it', async () => {
    const [owner, bob, eve] = [lobby.player(), lobby.player(), lobby.player()];
    await join(bob, owner, await makeOpenGame(owner), 'Paypals');
    const gameId = await makeOpenGame(owner);
    const before = await lobby.tables();
    for (const name of ['Paypals', 'PAYPALS', 'Pаypals' /* Cyrillic а */, 'Ｐａｙｐａｌｓ']) {
      expect(await eve.post(`/games/${gameId}/applications`, { body: { race_name: name } })).toEqual(
        refusal(
          409,
          'race_name_taken',
          `Another player has the race name ${JSON.stringify(name)}, or one that looks like it. Choose another one.`,
          { race_name: name },
        ),
      );
    }
    expect(await lobby.tables()).toEqual(before);
  });

  test('is refused at approval when somebody else took the race name meanwhile', async () => {
    const [owner, bob, eve] = [lobby.player(), lobby.player(), lobby.player()];
    const [first, second] = [await makeOpenGame(owner), await makeOpenGame(owner)];
    const bobs = await apply(bob, first, 'Racers');
    const eves = await apply(eve, second, 'racers');
    await approve(owner, bobs);
    const before = await lobby.tables();
    expect(await owner.post(`/applications/${eves}/approve`)).toMatchObject({
      status: 409,
      body: { error: { code: 'race_name_taken', details: { race_name: 'racers' } } },
    });
    expect(await lobby.tables()).toEqual(before);
  });
});

describe('an application is approved', () => {
  test('by nobody but the owner and admins; for others it is not there', async () => {
    const [owner, bob] = [lobby.player(), lobby.player()];
    const applicationId = await apply(bob, await makeOpenGame(owner), 'Waiters');
    const before = await lobby.tables();
    expect(await bob.post(`/applications/${applicationId}/approve`)).toEqual(notTheOwner);
    expect(await lobby.player().post(`/applications/${applicationId}/approve`)).toEqual(noSuchApplication);
    expect(await lobby.tables()).toEqual(before);
  });

  test('once', async () => {
    const [owner, bob] = [lobby.player(), lobby.player()];
    const applicationId = await apply(bob, await makeOpenGame(owner), 'Oncers');
    await approve(owner, applicationId);
    const before = await lobby.tables();
    expect(await owner.post(`/applications/${applicationId}/approve`)).toEqual(
      refusal(
        409,
        'invalid_state',
        'The application is approved already; only a pending one can be approved.',
        { application_status: 'approved' },
      ),
    );
    expect(await lobby.tables()).toEqual(before);
  });
});

describe('when max_players are reached', () => {
  test('and there are no extra places, enrollment ends with that approval and cancels what is pending', async () => {
    const [owner, bob, eve, joe] = [lobby.player(), lobby.player(), lobby.player(), lobby.player()];
    const gameId = await makeOpenGame(owner, { max_players: 2 });
    const [bobs, eves, joes] = [
      await apply(bob, gameId, 'Firsts'),
      await apply(eve, gameId, 'Seconds'),
      await apply(joe, gameId, 'Thirds'),
    ];
    await approve(owner, bobs);
    await approve(owner, eves);
    const now = lobby.now().toISOString();
    expect(await joe.get(`/games/${gameId}`)).toMatchObject({
      body: { status: 'ready_to_start', active_members: 2, gap_opened_at: now, revision: 4 },
    });
    expect(await joe.get(`/games/${gameId}/applications`)).toMatchObject({
      body: { items: [{ application_id: joes, status: 'cancelled', decided_at: now }] },
    });
    const before = await lobby.tables();
    expect(await owner.post(`/applications/${joes}/approve`)).toEqual(
      refusal(409, 'game_full', 'All 2 places of the game are taken.', { places: 2, active_members: 2 }),
    );
    expect(await lobby.tables()).toEqual(before);
  });

  test('the gap opens for start_gap_players more, and enrollment ends when those are in', async () => {
    const owner = lobby.player();
    const gameId = await makeOpenGame(owner, { max_players: 2, start_gap_players: 2 });
    const state = async () => (await owner.get(`/games/${gameId}`)).body;
    await join(lobby.player(), owner, gameId, 'Gap One');
    expect(await state()).toMatchObject({ status: 'enrollment_open', gap_opened_at: null, revision: 2 });
    await join(lobby.player(), owner, gameId, 'Gap Two');
    const openedAt = lobby.now().toISOString();
    expect(await state()).toMatchObject({ status: 'enrollment_open', gap_opened_at: openedAt, revision: 3 });
    lobby.clock.advance(3_600_000);
    await join(lobby.player(), owner, gameId, 'Gap Three');
    expect(await state()).toMatchObject({ status: 'enrollment_open', gap_opened_at: openedAt, revision: 3 });
    await join(lobby.player(), owner, gameId, 'Gap Four');
    expect(await state()).toMatchObject({ status: 'ready_to_start', active_members: 4, revision: 4 });
  });
});

test('nobody is taken once enrollment has ended', async () => {
  const [owner, bob] = [lobby.player(), lobby.player()];
  const draft = await makeDraft(owner);
  const closed = await makeOpenGame(owner, { max_players: 2 });
  await join(lobby.player(), owner, closed, 'Closers');
  await join(lobby.player(), owner, closed, 'Openers');
  const before = await lobby.tables();
  const refused = (status: string) =>
    refusal(
      409,
      'invalid_state',
      `The game is ${status}; players are taken only while it is enrollment_open.`,
      { status },
    );
  const body = { race_name: 'Nobodies' };
  expect(await owner.post(`/games/${draft}/applications`, { body })).toEqual(refused('draft'));
  expect(await bob.post(`/games/${closed}/applications`, { body })).toEqual(refused('ready_to_start'));
  expect(await lobby.tables()).toEqual(before);
});

describe('rights and limits of the User Service', () => {
  test('decide who may make a game', async () => {
    const bob = lobby.player();
    const before = await lobby.tables();
    lobby.users.restrict(bob.userId, { canCreatePublicGame: false });
    expect(await bob.post('/games', { body: gameBody })).toEqual(
      refusal(403, 'not_eligible', 'The user may not create a public game: the account lacks that right.', {
        reasons: ['may_not_create_public_games'],
      }),
    );
    expect(await lobby.tables()).toEqual(before);
  });

  test('are counted over the games that a user owns', async () => {
    const bob = lobby.player();
    lobby.users.restrict(bob.userId, { maxOwnedGames: 1 });
    await makeDraft(bob);
    expect(await bob.post('/games', { body: gameBody })).toMatchObject({
      status: 403,
      body: { error: { code: 'not_eligible', details: { reasons: ['owned_games_limit_reached'] } } },
    });
  });

  test('decide who may apply, and are asked again at approval', async () => {
    const [owner, bob] = [lobby.player(), lobby.player()];
    const [gameId, other] = [await makeOpenGame(owner), await makeOpenGame(owner)];
    const applicationId = await apply(bob, gameId, 'Limiteds');
    lobby.users.restrict(bob.userId, { canJoinGame: false });
    const before = await lobby.tables();
    const refused = refusal(
      403,
      'not_eligible',
      'The user may not join a game: the account lacks that right.',
      { reasons: ['may_not_join_games'] },
    );
    expect(await owner.post(`/applications/${applicationId}/approve`)).toEqual(refused);
    expect(await bob.post(`/games/${other}/applications`, { body: { race_name: 'Limiteds' } })).toEqual(
      refused,
    );
    expect(await lobby.tables()).toEqual(before);
  });

  test('are counted over the games that a user plays in', async () => {
    const [owner, bob] = [lobby.player(), lobby.player()];
    const [first, second] = [await makeOpenGame(owner), await makeOpenGame(owner)];
    lobby.users.restrict(bob.userId, { maxActiveMemberships: 1 });
    const later = await apply(bob, second, 'Counteds');
    await join(bob, owner, first, 'Counteds');
    expect(await owner.post(`/applications/${later}/approve`)).toMatchObject({
      status: 403,
      body: { error: { code: 'not_eligible', details: { reasons: ['active_memberships_limit_reached'] } } },
    });
  });
});

test('nothing is granted to a user who is gone', async () => {
  const [owner, bob] = [lobby.player(), lobby.player()];
  const gameId = await makeOpenGame(owner);
  const applicationId = await apply(bob, gameId, 'Goners');
  await lobby.pool.query('update lobby.user_guards set gone_at = now() where user_id = $1', [bob.userId]);
  const before = await lobby.tables();
  const gone = refusal(404, 'subject_not_found', 'There is no such user.');
  expect(await owner.post(`/applications/${applicationId}/approve`)).toEqual(gone);
  expect(await bob.post('/games', { body: gameBody })).toEqual(gone);
  expect(await bob.post(`/games/${gameId}/applications`, { body: { race_name: 'Goners' } })).toEqual(gone);
  expect(await lobby.tables()).toEqual(before);
});
