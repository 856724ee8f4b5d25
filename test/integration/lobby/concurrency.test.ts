// Requests that arrive at the same time: what must hold of places, race names and decisions whichever comes first.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { apply, column, field, gameBody, makeDraft, makeOpenGame } from '../../support/lobby/games.ts';
import { expectLobbyToHold } from '../../support/lobby/invariants.ts';
import { type Client, createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';

let lobby: TestLobby;
beforeAll(async () => {
  lobby = await createTestLobby();
});
afterAll(() => lobby.close());

const players = (count: number) => Array.from({ length: count }, () => lobby.player());
const codes = (answers: { status: number; body: unknown }[]) =>
  answers.map(({ status, body }) => (status < 300 ? 'ok' : (body as { error: { code: string } }).error.code));
const countOf = (list: string[], code: string) => list.filter((given) => given === code).length;

afterEach(() => expectLobbyToHold(lobby.pool));

describe('twenty approvals at once', () => {
  test.each([
    { max_players: 5, start_gap_players: 0 },
    { max_players: 5, start_gap_players: 3 },
  ])('never fill a game beyond its places: %j', async (places) => {
    const owner = lobby.player();
    const gameId = await makeOpenGame(owner, places);
    const applications: string[] = [];
    for (const [index, player] of players(20).entries()) {
      applications.push(await apply(player, gameId, `Crowd ${places.start_gap_players} ${index}`));
    }
    const answers = codes(
      await Promise.all(applications.map((id) => owner.post(`/applications/${id}/approve`))),
    );
    const taken = places.max_players + places.start_gap_players;
    expect(countOf(answers, 'ok')).toBe(taken);
    expect(countOf(answers, 'game_full')).toBe(20 - taken);
    expect(column(await owner.get(`/games/${gameId}/memberships`), 'user_id')).toHaveLength(taken);
    expect(await owner.get(`/games/${gameId}`)).toMatchObject({ body: { status: 'ready_to_start' } });
    const triggers = column(await owner.get(`/games/${gameId}/timeline`), 'trigger');
    expect(triggers).toEqual(['open_enrollment', 'gap']);
  });

  test('of one race name in twenty games give it to one user', async () => {
    const owner = lobby.player();
    // All forms of the same name, half of them in look-alikes, so that both kinds of key are fought for.
    const forms = ['Wanted', 'WANTED', 'wanted', 'Wаnted', 'Ｗanted'];
    const applications: string[] = [];
    for (const [index, player] of players(20).entries()) {
      const gameId = await makeOpenGame(owner);
      applications.push(await apply(player, gameId, forms[index % forms.length] ?? ''));
    }
    const answers = codes(
      await Promise.all(applications.map((id) => owner.post(`/applications/${id}/approve`))),
    );
    expect(countOf(answers, 'ok')).toBe(1);
    expect(countOf(answers, 'race_name_taken')).toBe(19);
    const { rows } = await lobby.pool.query(
      `select distinct user_id from lobby.race_name_keys where key = 'wanted'`,
    );
    expect(rows).toHaveLength(1);
  });

  test('of the same application let the player in once', async () => {
    const [owner, bob] = [lobby.player(), lobby.player()];
    const gameId = await makeOpenGame(owner);
    const applicationId = await apply(bob, gameId, 'Once Only');
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => owner.post(`/applications/${applicationId}/approve`)),
    );
    expect(countOf(codes(answers), 'ok')).toBe(1);
    const losers = answers.filter(({ status }) => status !== 200);
    expect(losers).toHaveLength(19);
    for (const loser of losers) {
      expect(loser).toEqual({
        status: 409,
        body: {
          error: {
            code: 'invalid_state',
            message: 'The application is approved already; only a pending one can be approved.',
            details: { application_status: 'approved' },
          },
        },
        etag: null,
      });
    }
    expect(column(await owner.get(`/games/${gameId}/memberships`), 'user_id')).toEqual([bob.userId]);
  });
});

test('players who want each other’s names in each other’s games do not block each other', async () => {
  const owner = lobby.player();
  const [left, right] = [await makeOpenGame(owner), await makeOpenGame(owner)];
  const names = Array.from({ length: 6 }, (_, index) => `Crossing ${index}`);
  const applications: string[] = [];
  for (const [game, order] of [
    [left, names],
    [right, names.toReversed()],
  ] as const) {
    for (const name of order) applications.push(await apply(lobby.player(), game, name));
  }
  const answers = codes(
    await Promise.all(applications.map((id) => owner.post(`/applications/${id}/approve`))),
  );
  // Two games of four places; a name goes to one of the two who want it.
  expect(answers).not.toContain('internal_error');
  expect(countOf(answers, 'ok')).toBeGreaterThan(0);
  const { rows } = await lobby.pool.query(
    `select name from lobby.race_names where name like 'Crossing %' group by name having count(*) > 1`,
  );
  expect(rows).toEqual([]);
});

test('an application that is sent twenty times at once is there once', async () => {
  const bob = lobby.player();
  const gameId = await makeOpenGame(lobby.player());
  const body = { race_name: 'Hasty' };
  const answers = codes(
    await Promise.all(Array.from({ length: 20 }, () => bob.post(`/games/${gameId}/applications`, { body }))),
  );
  expect(countOf(answers, 'ok')).toBe(1);
  expect(countOf(answers, 'already_applied')).toBe(19);
});

test('limits hold over requests at once', async () => {
  const bob = lobby.player();
  lobby.users.restrict(bob.userId, { maxOwnedGames: 3, maxActiveMemberships: 2 });
  const made = codes(
    await Promise.all(Array.from({ length: 10 }, () => bob.post('/games', { body: gameBody }))),
  );
  expect([countOf(made, 'ok'), countOf(made, 'not_eligible')]).toEqual([3, 7]);

  const owner = lobby.player();
  const applications: string[] = [];
  for (let game = 0; game < 6; game++) {
    applications.push(await apply(bob, await makeOpenGame(owner), 'Limited'));
  }
  const joined = codes(
    await Promise.all(applications.map((id) => owner.post(`/applications/${id}/approve`))),
  );
  expect([countOf(joined, 'ok'), countOf(joined, 'not_eligible')]).toEqual([2, 4]);
});

test('a game is opened once, and its timeline has no gap', async () => {
  const owner = lobby.player();
  const gameId = await makeDraft(owner);
  const answers = codes(
    await Promise.all(Array.from({ length: 10 }, () => owner.post(`/games/${gameId}/open-enrollment`))),
  );
  expect([countOf(answers, 'ok'), countOf(answers, 'invalid_state')]).toEqual([1, 9]);
  expect(column(await owner.get(`/games/${gameId}/timeline`), 'trigger')).toEqual(['open_enrollment']);
});

test('of changes made at once on the same revision one is made, and none is lost', async () => {
  const owner = lobby.player();
  const gameId = await makeDraft(owner);
  const change = (client: Client, number: number) =>
    client.patch(`/games/${gameId}`, {
      body: { game_name: `Change ${number}` },
      headers: { 'if-match': '"1"' },
    });
  const answers = await Promise.all(Array.from({ length: 10 }, (_, number) => change(owner, number)));
  const winner = answers.find(({ status }) => status === 200);
  expect(codes(answers).toSorted()).toEqual(['ok', ...Array.from({ length: 9 }, () => 'revision_mismatch')]);
  expect(winner).toMatchObject({ etag: '"2"', body: { revision: 2 } });
  expect(winner && field(winner, 'game_name')).toBe(field(await owner.get(`/games/${gameId}`), 'game_name'));
});
