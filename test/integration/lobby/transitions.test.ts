// What owners and admins do to a game once it is open: closing enrollment, starting, pausing, cancelling; with every
// refusal.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GameStatus } from '../../../lib/lobby/domain/game.ts';
import {
  apply,
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
import { intentsOf } from '../../support/lobby/outbox.ts';

let lobby: TestLobby;
beforeAll(async () => {
  lobby = await createTestLobby();
});
afterAll(() => lobby.close());

const raceNameOf = (player: Client) => `R ${player.userId.slice(-12)}`;

/** A game with two players, in this status as far as the database is concerned. */
async function makeGame(owner: Client, status: GameStatus): Promise<{ gameId: string; players: Client[] }> {
  const players = [lobby.player(), lobby.player()];
  const gameId = await makeOpenGame(owner);
  for (const player of players) await join(player, owner, gameId, raceNameOf(player));
  await setStatus(gameId, status);
  return { gameId, players };
}
/** What job results and the Game Master do. */
const setStatus = (gameId: string, status: GameStatus) =>
  lobby.pool.query(`update lobby.games set status = $2 where game_id = $1`, [gameId, status]);
const statusOf = async (gameId: string) => field(await lobby.admin().get(`/games/${gameId}`), 'status');
const jobOf = async (gameId: string) => field(await lobby.admin().get(`/games/${gameId}`), 'runtime_job_id');
const historyOf = async (gameId: string) => {
  const { body } = await lobby.admin().get(`/games/${gameId}/timeline`);
  return (body as { items: unknown[] }).items;
};

const moves: { verb: string; trigger: string; from: GameStatus; to: GameStatus }[] = [
  {
    verb: 'close-enrollment',
    trigger: 'close_enrollment',
    from: 'enrollment_open',
    to: 'ready_to_start',
  },
  {
    verb: 'reopen-enrollment',
    trigger: 'reopen_enrollment',
    from: 'ready_to_start',
    to: 'enrollment_open',
  },
  {
    verb: 'reopen-enrollment',
    trigger: 'reopen_enrollment',
    from: 'start_failed',
    to: 'enrollment_open',
  },
  { verb: 'start', trigger: 'start', from: 'ready_to_start', to: 'starting' },
  { verb: 'retry-start', trigger: 'retry_start', from: 'start_failed', to: 'starting' },
  { verb: 'pause', trigger: 'pause', from: 'running', to: 'paused' },
  { verb: 'cancel', trigger: 'cancel', from: 'enrollment_open', to: 'cancelled' },
  { verb: 'cancel', trigger: 'cancel', from: 'ready_to_start', to: 'cancelled' },
  { verb: 'cancel', trigger: 'cancel', from: 'start_failed', to: 'cancelled' },
];

/** Only one of them has a body, in which nothing is required. */
const pull = (client: Client, gameId: string, verb: string, headers: Record<string, string> = {}) =>
  client.post(`/games/${gameId}/${verb}`, { headers, body: verb === 'reopen-enrollment' ? {} : undefined });

describe.each(moves)('$verb of a game that is $from', ({ verb, trigger, from, to }) => {
  test.each(['owner', 'admin'])('is for the %s, and leaves a row in the timeline', async (who) => {
    const owner = lobby.player();
    const { gameId } = await makeGame(owner, from);
    const client = who === 'owner' ? owner : lobby.admin('ada');
    const answer = await pull(client, gameId, verb);
    expect(answer).toMatchObject({ status: 200, etag: '"3"', body: { status: to, revision: 3 } });
    expect(await client.get(`/games/${gameId}`)).toEqual(answer);
    expect((await historyOf(gameId)).at(-1)).toMatchObject({
      trigger,
      actor: who,
      actor_id: client.userId,
      from,
      to,
    });
  });

  test('is for nobody else', async () => {
    const { gameId, players } = await makeGame(lobby.player(), from);
    for (const other of [lobby.player(), ...players]) {
      expect(await pull(other, gameId, verb)).toEqual(notTheOwner);
    }
    expect(await statusOf(gameId)).toBe(from);
  });

  test('is refused when the game is at another revision than the caller has seen', async () => {
    const owner = lobby.player();
    const { gameId } = await makeGame(owner, from);
    expect(await pull(owner, gameId, verb, { 'if-match': '"1"' })).toEqual(
      refusal(
        412,
        'revision_mismatch',
        'The game is at revision 2, not 1. Read it again before you change it.',
        {
          revision: 2,
        },
      ),
    );
    expect(await statusOf(gameId)).toBe(from);
    expect(await pull(owner, gameId, verb, { 'if-match': '"2"' })).toMatchObject({ status: 200 });
  });

  test('is done by one of ten who want it at the same time', async () => {
    const owner = lobby.player();
    const { gameId } = await makeGame(owner, from);
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => pull(index % 2 === 0 ? owner : lobby.admin(), gameId, verb)),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const losers = answers.filter(({ status }) => status !== 200);
    expect(losers).toHaveLength(9);
    for (const loser of losers) {
      expect(loser).toMatchObject({
        status: 409,
        body: { error: { code: 'invalid_state', message: expect.stringMatching(`^The game is ${to}; `) } },
      });
    }
  });
});

test('an owner pauses a game five times an hour, and no player is notified of more', async () => {
  const owner = lobby.player();
  const { gameId } = await makeGame(owner, 'running');
  const loop = async () => {
    expect(await owner.post(`/games/${gameId}/pause`)).toMatchObject({ status: 200 });
    await setStatus(gameId, 'running');
  };
  for (let paused = 0; paused < 5; paused++) {
    await loop();
    lobby.clock.advance(60_000);
  }
  const before = await lobby.tables();
  const message = 'The game has been paused 5 times lately; it is possible again in 3300 seconds.';
  expect(await owner.post(`/games/${gameId}/pause`)).toEqual(
    refusal(429, 'rate_limited', message, { retry_after_seconds: 3_300 }),
  );
  expect(await lobby.tables()).toEqual(before);
  expect(await lobby.admin().post(`/games/${gameId}/pause`)).toMatchObject({ status: 200 });
  await setStatus(gameId, 'running');
  lobby.clock.advance(3_300_000);
  await loop();
});

test.each(['close-enrollment', 'reopen-enrollment', 'start', 'retry-start', 'pause', 'cancel'])(
  '%s of a game that is not for the caller to see looks like one that is not there',
  async (verb) => {
    const draft = await makeDraft(lobby.player());
    expect(await pull(lobby.player(), draft, verb)).toEqual(noSuchGame);
    expect(await statusOf(draft)).toBe('draft');
  },
);

test('a trigger that does not fit is refused with what is possible instead, and changes nothing', async () => {
  const owner = lobby.player();
  const { gameId } = await makeGame(owner, 'running');
  const before = await lobby.tables();
  expect(await owner.post(`/games/${gameId}/start`)).toEqual(
    refusal(
      409,
      'invalid_state',
      'The game is running; start needs it to be ready_to_start. Possible now: pause.',
      { status: 'running', allowed: ['pause'] },
    ),
  );
  expect(await lobby.tables()).toEqual(before);
});

describe('closing enrollment', () => {
  test('needs the minimum of players', async () => {
    const owner = lobby.player();
    const gameId = await makeOpenGame(owner);
    await join(lobby.player(), owner, gameId, 'Lonely');
    const before = await lobby.tables();
    expect(await owner.post(`/games/${gameId}/close-enrollment`)).toEqual(
      refusal(
        409,
        'invalid_state',
        'The game has 1 of at least 2 players. Wait for more, or cancel the game.',
        { status: 'enrollment_open', min_players: 2, active_members: 1 },
      ),
    );
    expect(await lobby.tables()).toEqual(before);
  });

  test('cancels the applications that are pending', async () => {
    const owner = lobby.player();
    const { gameId } = await makeGame(owner, 'enrollment_open');
    await apply(lobby.player(), gameId, 'Too Late');
    await owner.post(`/games/${gameId}/close-enrollment`);
    const listed = await owner.get(`/games/${gameId}/applications`);
    expect(column(listed, 'status')).toEqual(['approved', 'approved', 'cancelled']);
  });
});

describe('reopening enrollment', () => {
  test('takes players again until a new deadline; those who are in stay, and hear of it', async () => {
    const owner = lobby.player();
    const { gameId, players } = await makeGame(owner, 'enrollment_open');
    await owner.post(`/games/${gameId}/close-enrollment`);
    const enrollment_ends_at = '2031-06-20T12:00:00.000Z';
    expect(
      await owner.post(`/games/${gameId}/reopen-enrollment`, { body: { enrollment_ends_at } }),
    ).toMatchObject({
      status: 200,
      body: { status: 'enrollment_open', enrollment_ends_at, active_members: 2 },
    });
    const recipients = [owner, ...players].map(({ userId }) => userId);
    expect(await intentsOf(lobby, gameId, 'lobby.enrollment.reopened')).toEqual([
      {
        to: recipients,
        payload: {
          game_id: gameId,
          game_name: 'Orion Arm',
          status: 'enrollment_open',
          trigger: 'reopen_enrollment',
          enrollment_ends_at,
        },
      },
    ]);
    const third = lobby.player();
    await join(third, owner, gameId, raceNameOf(third));
    await owner.post(`/games/${gameId}/close-enrollment`);
    expect(await owner.post(`/games/${gameId}/start`)).toMatchObject({ body: { status: 'starting' } });
  });

  test('is refused while all places are taken', async () => {
    const owner = lobby.player();
    const gameId = await makeOpenGame(owner, { max_players: 2 });
    for (const player of [lobby.player(), lobby.player()]) {
      await join(player, owner, gameId, raceNameOf(player));
    }
    const before = await lobby.tables();
    expect(await owner.post(`/games/${gameId}/reopen-enrollment`, { body: {} })).toEqual(
      refusal(
        409,
        'game_full',
        'All 2 places of the game are taken, so enrollment would close again at once.',
        { places: 2, active_members: 2 },
      ),
    );
    expect(await lobby.tables()).toEqual(before);
  });
});

describe('starting', () => {
  test.each([
    ['start', 'ready_to_start'],
    ['retry-start', 'start_failed'],
  ] as const)('%s needs the minimum of players still', async (verb, status) => {
    const owner = lobby.player();
    const gameId = await makeOpenGame(owner);
    await setStatus(gameId, status);
    expect(await owner.post(`/games/${gameId}/${verb}`)).toEqual(
      refusal(
        409,
        'invalid_state',
        'The game has 0 of at least 2 players. Open enrollment again, or cancel the game.',
        { status, min_players: 2, active_members: 0 },
      ),
    );
    expect(await statusOf(gameId)).toBe(status);
  });

  test('once more is a new job', async () => {
    const owner = lobby.player();
    const { gameId } = await makeGame(owner, 'ready_to_start');
    await owner.post(`/games/${gameId}/start`);
    const first = await jobOf(gameId);
    await setStatus(gameId, 'start_failed');
    await owner.post(`/games/${gameId}/retry-start`);
    expect(await jobOf(gameId)).not.toBe(first);
  });
});

describe('cancelling', () => {
  test('a running game is for admins', async () => {
    const owner = lobby.player();
    const { gameId } = await makeGame(owner, 'running');
    expect(await owner.post(`/games/${gameId}/cancel`)).toMatchObject({
      status: 403,
      body: { error: { code: 'forbidden' } },
    });
    expect(await statusOf(gameId)).toBe('running');
    expect(await lobby.admin().post(`/games/${gameId}/cancel`)).toMatchObject({
      status: 200,
      body: { status: 'cancelled' },
    });
  });

  test('frees the race names of the players, and those only', async () => {
    const owner = lobby.player();
    const { gameId, players } = await makeGame(owner, 'ready_to_start');
    const [bob, eve] = players;
    if (bob === undefined || eve === undefined) throw new Error('two players were made');
    const other = await makeOpenGame(owner);
    await join(bob, owner, other, raceNameOf(bob));
    await owner.post(`/games/${gameId}/cancel`);
    const third = await makeOpenGame(owner);
    await apply(lobby.player(), third, raceNameOf(eve));
    // Bob goes on playing under his in the other game.
    expect(
      await lobby.player().post(`/games/${third}/applications`, { body: { race_name: raceNameOf(bob) } }),
    ).toMatchObject({ status: 409, body: { error: { code: 'race_name_taken' } } });
    const { rows } = await lobby.pool.query(
      'select game_id from lobby.race_names where user_id = any($1::uuid[])',
      [players.map(({ userId }) => userId)],
    );
    expect(rows).toEqual([{ game_id: other }]);
  });

  test('cancels the applications that are pending', async () => {
    const owner = lobby.player();
    const gameId = await makeOpenGame(owner);
    await apply(lobby.player(), gameId, 'Hopefuls');
    await owner.post(`/games/${gameId}/cancel`);
    expect(column(await owner.get(`/games/${gameId}/applications`), 'status')).toEqual(['cancelled']);
  });

  test('a draft leaves it to its owner and admins', async () => {
    const [owner, stranger] = [lobby.player(), lobby.player()];
    const gameId = await makeDraft(owner);
    expect(await owner.post(`/games/${gameId}/cancel`)).toMatchObject({ status: 200 });
    expect(await stranger.get(`/games/${gameId}`)).toEqual(noSuchGame);
    expect(column(await stranger.get('/games?status=cancelled&page_size=200'), 'game_id')).not.toContain(
      gameId,
    );
    for (const client of [owner, lobby.admin()]) {
      expect(await client.get(`/games/${gameId}`)).toMatchObject({ body: { status: 'cancelled' } });
    }
  });

  test('an open game leaves it to everybody who could see it', async () => {
    const owner = lobby.player();
    const gameId = await makeOpenGame(owner);
    await owner.post(`/games/${gameId}/cancel`);
    expect(await lobby.player().get(`/games/${gameId}`)).toMatchObject({ body: { status: 'cancelled' } });
  });

  test('is the end: nothing is possible any more', async () => {
    const owner = lobby.player();
    const { gameId } = await makeGame(owner, 'enrollment_open');
    await owner.post(`/games/${gameId}/cancel`);
    const before = await lobby.tables();
    for (const verb of ['open-enrollment', 'close-enrollment', 'start', 'retry-start', 'pause', 'cancel']) {
      expect(await owner.post(`/games/${gameId}/${verb}`)).toMatchObject({
        status: 409,
        body: { error: { code: 'invalid_state', details: { status: 'cancelled', allowed: [] } } },
      });
    }
    expect(await lobby.tables()).toEqual(before);
  });
});
