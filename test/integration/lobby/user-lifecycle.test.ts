// What becomes of everything that a user has in the lobby when they are blocked for good, or delete their account.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Refusal } from '../../../lib/errors/table.ts';
import { type LobbyConsumers, startLobbyConsumers } from '../../support/lobby/consumers.ts';
import {
  apply,
  column,
  field,
  gameBody,
  join,
  makeDraft,
  makeOpenGame,
  refusal,
} from '../../support/lobby/games.ts';
import { type Client, createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';
import { intentsOf, stopJobsOf } from '../../support/lobby/outbox.ts';

let lobby: TestLobby;
let consumers: LobbyConsumers;
let user: Client;
let other: Client;

beforeAll(async () => {
  lobby = await createTestLobby();
  consumers = await startLobbyConsumers(lobby);
});
beforeEach(() => {
  [user, other] = [lobby.player(), lobby.player()];
});
afterAll(async () => {
  await consumers.stop();
  await lobby.close();
});

const event = (changes: Record<string, unknown> = {}) => ({
  event_id: randomUUID(),
  event_type: 'permanent_blocked',
  user_id: user.userId,
  reason_code: 'cheating',
  occurred_at_ms: lobby.now().getTime(),
  ...changes,
});
const block = (changes = {}) => consumers.tell('user_lifecycle', event(changes));
const nameOf = (player: Client) => `L ${player.userId.slice(-12)}`;
const statusOf = async (gameId: string) => field(await lobby.admin().get(`/games/${gameId}`), 'status');
const lastMove = async (gameId: string) => {
  const { body } = await lobby.admin().get(`/games/${gameId}/timeline`);
  return (body as { items: unknown[] }).items.at(-1);
};
const only = async (table: string, columns: string) =>
  (await lobby.pool.query(`select ${columns} from lobby.${table} where user_id = $1`, [user.userId])).rows;

/** A game that waits for its start job, or runs. */
async function startedGame(owner: Client, players: Client[], running: boolean): Promise<string> {
  const gameId = await makeOpenGame(owner);
  for (const player of players) await join(player, owner, gameId, nameOf(player));
  await owner.post(`/games/${gameId}/close-enrollment`);
  await owner.post(`/games/${gameId}/start`);
  const jobId = field(await lobby.admin().get(`/games/${gameId}`), 'runtime_job_id');
  if (running) await consumers.tellResult(gameId, jobId);
  return gameId;
}

describe.each(['permanent_blocked', 'deleted'])('%s', (event_type) => {
  const reason = `${event_type}: cheating`;

  test('cancels the games that the user owns, whatever they are at, and stops their containers', async () => {
    const [p, q, r, s] = [lobby.player(), lobby.player(), lobby.player(), lobby.player()];
    const draft = await makeDraft(user);
    const open = await makeOpenGame(user);
    const starting = await startedGame(user, [p, q], false);
    const running = await startedGame(user, [r, s], true);
    const application = await apply(other, open, nameOf(other));
    await block({ event_type });

    for (const gameId of [draft, open, starting, running]) {
      expect(await statusOf(gameId)).toBe('cancelled');
      expect(await lastMove(gameId)).toMatchObject({
        trigger: 'external_block',
        actor: 'lifecycle_event',
        to: 'cancelled',
        reason,
      });
    }
    expect(await stopJobsOf(lobby, draft)).toEqual([]);
    expect(await stopJobsOf(lobby, starting)).toMatchObject([{ reason: 'external_block' }]);
    expect(await stopJobsOf(lobby, running)).toMatchObject([
      { reason: 'external_block', container_id: expect.stringMatching(/^container-of-/) },
    ]);
    expect(column(await other.get('/my/applications'), 'application_id')).toEqual([application]);
    expect(column(await other.get('/my/applications'), 'status')).toEqual(['cancelled']);
    expect(await intentsOf(lobby, running, 'lobby.game.cancelled')).toMatchObject([
      { to: [user.userId, r.userId, s.userId] },
    ]);
    // The players of a game that is off have their names back.
    expect(column(await r.get('/my/race-names'), 'race_name')).toEqual([]);
  });

  test('puts the user out of the games of others, which go on, and frees names and places', async () => {
    const open = await makeOpenGame(other);
    await join(user, other, open, nameOf(user));
    const stays = lobby.player();
    const running = await startedGame(other, [user, stays], true);
    await block({ event_type });

    expect(await only('memberships', 'status')).toEqual([{ status: 'blocked' }, { status: 'blocked' }]);
    expect((await lobby.admin().get(`/games/${open}`)).body).toMatchObject({
      status: 'enrollment_open',
      active_members: 0,
    });
    expect((await lobby.admin().get(`/games/${running}`)).body).toMatchObject({
      status: 'running',
      active_members: 1,
    });
    expect(await only('race_names', 'name')).toEqual([]);
    expect(await only('race_name_keys', 'key')).toEqual([]);
    expect(await intentsOf(lobby, open, 'lobby.membership.left')).toMatchObject([
      { to: [other.userId], payload: { user_id: user.userId, race_name: nameOf(user), status: 'blocked' } },
    ]);
    expect(await intentsOf(lobby, running, 'lobby.membership.left')).toMatchObject([
      { to: [other.userId, stays.userId], payload: { user_id: user.userId, seat: 1, status: 'blocked' } },
    ]);
    // Somebody else can have the name now, in that very game.
    await join(lobby.player(), other, open, nameOf(user));
  });

  test('cancels applications and invites, and frees every kind of race name', async () => {
    const publicGame = await makeOpenGame(other);
    const application = await apply(user, publicGame, nameOf(user));
    const privateGame = await makeOpenGame(other, { game_type: 'private' });
    await other.post(`/games/${privateGame}/invites`, { body: { user_id: user.userId } });
    const finished = await startedGame(other, [user, lobby.player()], true);
    const jobId = field(await lobby.admin().get(`/games/${finished}`), 'runtime_job_id');
    const grown = (amount: number) => [
      { user_id: user.userId, planets: amount, population: amount, ships_built: 0 },
    ];
    await consumers.tellReport(finished, jobId, { turn: 0, player_stats: grown(1) });
    await consumers.tellReport(finished, jobId, { event_type: 'game_finished', player_stats: grown(2) });
    expect(await only('race_names', 'kind')).toEqual([{ kind: 'pending_registration' }]);
    await block({ event_type });

    expect(await only('applications', 'application_id, status')).toContainEqual({
      application_id: application,
      status: 'cancelled',
    });
    expect(await only('invites', 'status')).toEqual([{ status: 'cancelled' }]);
    expect(await only('race_names', 'name')).toEqual([]);
    expect(await only('race_name_keys', 'key')).toEqual([]);
    // What they did in a game that is over stays as it was.
    expect(await only('memberships', 'status')).toEqual([{ status: 'active' }]);
    expect(await other.post(`/applications/${application}/approve`)).toMatchObject({ status: 409 });
  });
});

describe('the preview of a removal', () => {
  const preview = async () => {
    const { status, body } = await lobby.admin().get(`/users/${user.userId}/removal-preview`);
    expect(status).toBe(200);
    return body as Record<string, unknown> & Record<`${string}s_${string}`, Record<string, unknown>[]>;
  };
  const rowsOf = async (table: string, id: string, what: string) =>
    new Map<string, string>(
      (await lobby.pool.query(`select ${id} as id, ${what} as what from lobby.${table}`)).rows.map((row) => [
        row.id,
        row.what,
      ]),
    );
  const state = async () => ({
    games: await rowsOf('games', 'game_id', 'status'),
    memberships: await rowsOf('memberships', 'membership_id', 'status'),
    applications: await rowsOf('applications', 'application_id', 'status'),
    invites: await rowsOf('invites', 'invite_id', 'status'),
    names: await rowsOf('race_names', 'race_name_id', 'name'),
  });
  /** The ids of the rows that changed, with what they are now; undefined: gone. */
  const changed = (before: Map<string, string>, after: Map<string, string>) =>
    [...before].flatMap(([id, what]) => (after.get(id) === what ? [] : [[id, after.get(id)] as const]));
  const idsOf = (items: Record<string, unknown>[] | undefined, name: string) =>
    (items ?? []).map((item) => String(item[name])).toSorted();

  test('says what the block then does', { timeout: 60_000 }, async () => {
    const players = Array.from({ length: 6 }, () => lobby.player()) as [
      Client,
      Client,
      Client,
      Client,
      Client,
      Client,
    ];
    const [p, q, r, s, t, v] = players;
    await makeDraft(user);
    const open = await makeOpenGame(user);
    await apply(other, open, nameOf(other));
    await join(v, user, open, nameOf(v));
    const closed = await makeOpenGame(user, { game_type: 'private' });
    await user.post(`/games/${closed}/invites`, { body: { user_id: other.userId } });
    await startedGame(user, [p, q], true);

    await apply(user, await makeOpenGame(other), nameOf(user));
    const inviting = await makeOpenGame(other, { game_type: 'private' });
    await other.post(`/games/${inviting}/invites`, { body: { user_id: user.userId } });
    await join(user, other, await makeOpenGame(other), nameOf(user));
    await startedGame(other, [user, r], true);
    const abandoned = await startedGame(other, [user, s], true);
    expect(await s.post(`/games/${abandoned}/leave`)).toMatchObject({ status: 200 });
    const ready = await makeOpenGame(other);
    for (const player of [user, t]) await join(player, other, ready, nameOf(player));
    expect(await other.post(`/games/${ready}/close-enrollment`)).toMatchObject({ status: 200 });
    const over = await makeOpenGame(user);
    expect(await user.post(`/games/${over}/cancel`)).toMatchObject({ status: 200 });

    const before = await state();
    const said = await preview();
    expect(await state()).toEqual(before);
    await block();
    const after = await state();

    const games = changed(before.games, after.games);
    const cancelled = games.flatMap(([id, status]) => (status === 'cancelled' ? [id] : []));
    expect(idsOf(said.games_cancelled, 'game_id')).toEqual(cancelled.toSorted());
    expect(said.games_cancelled).toContainEqual(
      expect.objectContaining({
        game_id: abandoned,
        status: 'running',
        active_members: 1,
        why: 'last_member',
      }),
    );
    const reopened = games.flatMap(([id, status]) => (status === 'enrollment_open' ? [id] : []));
    expect(reopened).toEqual([ready]);
    expect(idsOf(said.games_reopened, 'game_id')).toEqual(reopened);
    const memberships = changed(before.memberships, after.memberships);
    expect(memberships).toHaveLength(4);
    expect(idsOf(said.memberships_ended, 'membership_id')).toEqual(memberships.map(([id]) => id).toSorted());
    const names = changed(before.names, after.names).map(([id]) => id);
    expect(names.length).toBeGreaterThan(7);
    expect(idsOf(said.race_names_released, 'race_name_id')).toEqual(names.toSorted());
    expect(said).toMatchObject({
      is_gone: false,
      applications_cancelled: changed(before.applications, after.applications).length,
      invites_cancelled: changed(before.invites, after.invites).length,
      is_complete: true,
    });
    expect(said).toMatchObject({ applications_cancelled: 2, invites_cancelled: 2 });

    const nothing = {
      games_cancelled: [],
      games_reopened: [],
      memberships_ended: [],
      race_names_released: [],
    };
    expect(await preview()).toMatchObject({
      ...nothing,
      ...{ is_gone: true, applications_cancelled: 0, invites_cancelled: 0 },
    });
  });
});

test('grants nothing to the user any more, even where the User Service does not know yet', async () => {
  const gameId = await makeOpenGame(other);
  const privateGame = await makeOpenGame(other, { game_type: 'private' });
  await block();
  const gone = refusal(404, 'subject_not_found', 'There is no such user.');
  // The consumers renew their leases.
  const before = await lobby.tables({ except: ['consumers'] });
  expect(await user.post(`/games/${gameId}/applications`, { body: { race_name: nameOf(user) } })).toEqual(
    gone,
  );
  expect(await user.post('/games', { body: gameBody })).toEqual(gone);
  expect(await other.post(`/games/${privateGame}/invites`, { body: { user_id: user.userId } })).toEqual(gone);
  expect(await lobby.tables({ except: ['consumers'] })).toEqual(before);
});

test('leaves nothing with a user to whom everything is being granted at that very moment', {
  timeout: 60_000,
}, async () => {
  for (let round = 0; round < 5; round++) {
    const player = lobby.player();
    const games = await Promise.all(Array.from({ length: 6 }, () => makeOpenGame(other)));
    const applied = await Promise.all(games.map((gameId) => apply(player, gameId, `${nameOf(player)}`)));
    await Promise.all([
      block({ user_id: player.userId }),
      ...applied.map((application) => other.post(`/applications/${application}/approve`)),
      ...games.map((gameId) =>
        player.post(`/games/${gameId}/applications`, { body: { race_name: `${nameOf(player)} x` } }),
      ),
    ]);
    const { rows } = await lobby.pool.query(
      `select 'membership' as what from lobby.memberships where user_id = $1 and status = 'active'
       union all select 'application' from lobby.applications where user_id = $1 and status = 'pending'
       union all select 'name' from lobby.race_names where user_id = $1
       union all select 'key' from lobby.race_name_keys where user_id = $1`,
      [player.userId],
    );
    expect(rows).toEqual([]);
    for (const gameId of games) {
      expect((await lobby.admin().get(`/games/${gameId}`)).body).toMatchObject({ active_members: 0 });
    }
  }
});

describe('a block of a game outlives the account', () => {
  const addressHash = () => randomUUID().replaceAll('-', '');
  const blockFrom = async (gameId: string, name: string) => {
    const { body } = await lobby.admin().get(`/games/${gameId}/memberships`);
    const items = (body as { items: { membership_id: string; race_name: string }[] }).items;
    const membership = items.find(({ race_name }) => race_name === name)?.membership_id;
    expect(await other.post(`/memberships/${membership}/block`)).toMatchObject({ status: 200 });
  };
  const code = async (gameId: string) => {
    const body = { max_uses: 10, expires_at: '2031-05-20T12:00:00.000Z' };
    return field(await other.post(`/games/${gameId}/invites`, { body }), 'code');
  };
  const redeem = async (player: Client, gameId: string) =>
    player.post(`/invite-codes/${await code(gameId)}/redeem`, { body: { race_name: nameOf(player) } });
  const blocked = refusal(403, 'forbidden', 'The user has been blocked from this game.');

  test('from the moment of the block, for a private game and a public one', async () => {
    const [hash, back] = [addressHash(), lobby.player()];
    for (const { userId } of [user, back]) lobby.users.restrict(userId, { addressHash: hash });
    const privateGame = await makeOpenGame(other, { game_type: 'private' });
    const publicGame = await makeOpenGame(other);
    expect(await redeem(user, privateGame)).toMatchObject({ status: 201 });
    await blockFrom(privateGame, nameOf(user));
    await join(user, other, publicGame, nameOf(user));
    await blockFrom(publicGame, nameOf(user));

    expect(await redeem(back, privateGame)).toEqual(blocked);
    expect(
      await back.post(`/games/${publicGame}/applications`, { body: { race_name: nameOf(back) } }),
    ).toEqual(refusal(403, 'forbidden', 'You have been blocked from this game.'));
    // Neither another game nor another person is affected.
    const stranger = lobby.player();
    lobby.users.restrict(stranger.userId, { addressHash: addressHash() });
    expect(await redeem(stranger, privateGame)).toMatchObject({ status: 201 });
    const elsewhere = await makeOpenGame(other, { game_type: 'private' });
    expect(await redeem(back, elsewhere)).toMatchObject({ status: 201 });
  });

  test('by the event of the deletion, where the User Service could not say at the block', async () => {
    const [hash, back] = [addressHash(), lobby.player()];
    const gameId = await makeOpenGame(other, { game_type: 'private' });
    const left = await makeOpenGame(other, { game_type: 'private' });
    await redeem(user, gameId);
    await redeem(user, left);
    lobby.users.failWith(new Refusal('service_unavailable', 'down'));
    await blockFrom(gameId, nameOf(user));
    lobby.users.failWith(undefined);
    for (let told = 0; told < 2; told++) await block({ event_type: 'deleted', address_hash: hash });

    lobby.users.restrict(back.userId, { addressHash: hash });
    expect(await redeem(back, gameId)).toEqual(blocked);
    // Where the account played when it was deleted nobody had blocked the person.
    expect(await redeem(back, left)).toMatchObject({ status: 201 });
  });

  test('until the game is over, and then nothing of the address is left', async () => {
    const hash = addressHash();
    lobby.users.restrict(user.userId, { addressHash: hash });
    const gameId = await makeOpenGame(other, { game_type: 'private' });
    await redeem(user, gameId);
    await blockFrom(gameId, nameOf(user));
    const stored = async () => JSON.stringify(await lobby.tables()).includes(hash);
    expect(await stored()).toBe(true);
    await other.post(`/games/${gameId}/cancel`);
    expect(await stored()).toBe(false);
  });
});

test('changes nothing when it is told again, or of a user who has nothing', async () => {
  const gameId = await makeOpenGame(user);
  const told = event();
  await consumers.tell('user_lifecycle', told);
  expect(await statusOf(gameId)).toBe('cancelled');
  const except = { except: ['consumers', 'processed_entries', 'user_guards'] };
  const before = await lobby.tables(except);
  await consumers.tell('user_lifecycle', told);
  await lobby.pool.query('delete from lobby.processed_entries');
  await consumers.tell('user_lifecycle', told, event({ user_id: randomUUID() }));
  expect(await lobby.tables(except)).toEqual(before);
});

test('an entry that makes no sense is put into the dead letters', async () => {
  await block({ event_type: 'temporarily_annoyed' });
  expect((await consumers.deadLetters()).at(-1)).toEqual({
    consumer: 'user_lifecycle',
    reason: expect.stringContaining('event_type must be one of permanent_blocked, deleted'),
  });
});
