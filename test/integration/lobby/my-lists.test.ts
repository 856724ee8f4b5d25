import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  apply,
  approve,
  column,
  field,
  gameBody,
  invalidFields,
  join,
  makeDraft,
  makeOpenGame,
} from '../../support/lobby/games.ts';
import { type Client, createTestLobby, type TestLobby } from '../../support/lobby/lobby.ts';

let lobby: TestLobby;
let me: Client;
let owner: Client;
beforeAll(async () => {
  lobby = await createTestLobby();
});
afterAll(() => lobby.close());
beforeEach(() => {
  [me, owner] = [lobby.player(), lobby.player()];
});

let named = 0;
/** A race name that nobody has yet. */
const newName = () => `Vega ${++named + 1_000}`;

/** An open game of `owner`, a second after what was before. */
async function openGame(changes = {}): Promise<string> {
  lobby.clock.advance(1_000);
  return makeOpenGame(owner, changes);
}

/** Reads a list to its end, in pages of two; `between` runs after each page. */
async function readAll(path: string, name: string, between?: () => Promise<unknown>): Promise<unknown[]> {
  const values: unknown[] = [];
  let token: unknown;
  do {
    const start = `${path}${path.includes('?') ? '&' : '?'}page_size=2`;
    const page = await me.get(token === undefined ? start : `${start}&page_token=${token}`);
    values.push(...column(page, name));
    token = (page.body as { next_page_token?: string }).next_page_token;
    await between?.();
  } while (token !== undefined);
  return values;
}

describe('my games', () => {
  const ids = async (query = '') => column(await me.get(`/my/games${query}`), 'game_id');

  test('are those that I own or play in, newest first, each once', async () => {
    const draft = await makeDraft(me);
    const played = await openGame();
    await join(me, owner, played, newName());
    lobby.clock.advance(1_000);
    const both = await makeOpenGame(me, { game_type: 'private' });
    await apply(me, both, newName());
    await openGame();

    expect(await ids()).toEqual([both, played, draft]);
    expect(await ids('?role=owner')).toEqual([both, draft]);
    expect(await ids('?role=player')).toEqual([both, played]);
    expect(await ids('?status=draft')).toEqual([draft]);
    expect(await ids('?role=player&status=draft')).toEqual([]);
    expect((await me.get('/my/games?role=player')).body).toEqual({
      items: [(await me.get(`/games/${both}`)).body, (await me.get(`/games/${played}`)).body],
    });
  });

  test('are not those that I have only applied to, or play in no more', async () => {
    const applied = await openGame();
    await apply(me, applied, newName());
    const left = await openGame();
    await join(me, owner, left, newName());
    await lobby.pool.query(
      `update lobby.memberships set status = 'removed', ended_at = now() where game_id = $1`,
      [left],
    );
    expect(await ids()).toEqual([]);
  });

  test('come in pages that neither repeat nor leave out one when games are added meanwhile', async () => {
    const mine: string[] = [];
    for (let index = 0; index < 3; index++) {
      mine.unshift(await openGame());
      await join(me, owner, mine[0] ?? '', newName());
      mine.unshift(await makeDraft(me));
    }
    const read = await readAll('/my/games', 'game_id', () => {
      lobby.clock.advance(1_000);
      return makeDraft(me);
    });
    expect(read.toSorted()).toEqual(mine.toSorted());
  });
});

describe('my games that wait for me', () => {
  const ids = async (query = '') => column(await me.get(`/my/games?waiting_for_me=true${query}`), 'game_id');

  /** A game that runs, in which I have seat 3. */
  async function runningGame(turn: { awaited: string | null; ready?: string | null }): Promise<string> {
    const gameId = await openGame();
    await join(me, owner, gameId, newName());
    await lobby.pool.query('update lobby.memberships set seat = 3 where game_id = $1', [gameId]);
    await set(gameId, { status: 'running', awaited_seats: turn.awaited, ready_seats: turn.ready ?? '{}' });
    return gameId;
  }
  async function set(gameId: string, columns: Record<string, string | null>): Promise<void> {
    for (const [name, value] of Object.entries(columns)) {
      await lobby.pool.query(`update lobby.games set ${name} = $2 where game_id = $1`, [gameId, value]);
    }
  }

  test('are those that run and await my seat, until it is ready', async () => {
    const older = await runningGame({ awaited: '{1,3}', ready: '{1}' });
    const unreported = await runningGame({ awaited: '{3}', ready: null });
    await lobby.pool.query('update lobby.games set ready_seats = null where game_id = $1', [unreported]);
    const others = [
      await runningGame({ awaited: '{1,2}', ready: '{1}' }),
      await runningGame({ awaited: '{1,3}', ready: '{3}' }),
      await runningGame({ awaited: null }),
      await runningGame({ awaited: '{}' }),
      await openGame(),
    ];
    expect(await ids()).toEqual([unreported, older]);
    const rest = column(await me.get('/my/games?waiting_for_me=false'), 'game_id');
    expect(rest).toEqual(others.slice(0, 4).toReversed());
    await set(older, { ready_seats: '{1,3}' });
    expect(await ids()).toEqual([unreported]);
  });

  test.each(['paused', 'finished', 'starting'])('are none that are %s', async (status) => {
    const gameId = await runningGame({ awaited: '{3}' });
    await set(gameId, { status });
    expect(await ids()).toEqual([]);
  });

  test('are none in which another one has the seat that is awaited, or that I have left', async () => {
    const gameId = await runningGame({ awaited: '{3}' });
    const later = await runningGame({ awaited: '{3}' });
    await lobby.pool.query('update lobby.memberships set seat = 4 where game_id = $1', [gameId]);
    await lobby.pool.query(
      `update lobby.memberships set status = 'removed', ended_at = now() where game_id = $1`,
      [later],
    );
    expect(await ids()).toEqual([]);
  });

  test('can be narrowed further', async () => {
    const played = await runningGame({ awaited: '{3}' });
    const owned = await runningGame({ awaited: '{3}' });
    await set(owned, { owner_user_id: me.userId });
    expect(await ids('&role=owner')).toEqual([owned]);
    expect(await ids('&role=player')).toEqual([owned, played]);
    expect(await ids('&status=running')).toEqual([owned, played]);
    expect(await ids('&status=paused')).toEqual([]);
  });

  test('come in pages that neither repeat nor leave out one when others stop waiting meanwhile', async () => {
    const mine: string[] = [];
    for (let index = 0; index < 5; index++) {
      mine.unshift(await runningGame({ awaited: '{3}' }));
      await runningGame({ awaited: '{1}' });
    }
    const [newest = ''] = mine;
    const read = await readAll('/my/games?waiting_for_me=true', 'game_id', () =>
      set(newest, { ready_seats: '{3}' }),
    );
    expect(read).toEqual(mine);
    expect(await ids()).toEqual(mine.slice(1));
  });
});

describe('my applications', () => {
  test('are mine alone, newest first, whatever became of them', async () => {
    const mine: string[] = [];
    for (let index = 0; index < 5; index++) mine.unshift(await apply(me, await openGame(), newName()));
    await apply(lobby.player(), await openGame(), newName());
    await approve(owner, mine[1] ?? '');

    expect(await readAll('/my/applications', 'application_id')).toEqual(mine);
    const approved = await me.get('/my/applications?status=approved');
    expect(column(approved, 'application_id')).toEqual([mine[1]]);
    const pending = await me.get('/my/applications?status=pending');
    expect(column(pending, 'application_id')).toEqual(mine.toSpliced(1, 1));
  });
});

describe('my race names', () => {
  test('are mine alone, newest first, with the game that they come from', async () => {
    const names = [newName(), newName(), newName()];
    const games: string[] = [];
    for (const name of names) {
      const gameId = await openGame();
      games.push(gameId);
      await join(me, owner, gameId, name);
      await join(lobby.player(), owner, gameId, newName());
    }
    expect(await readAll('/my/race-names', 'race_name')).toEqual(names.toReversed());
    expect(await readAll('/my/race-names', 'game_id')).toEqual(games.toReversed());
  });

  test('can be narrowed to a kind', async () => {
    const [reserved, pending] = [newName(), newName()];
    await join(me, owner, await openGame(), reserved);
    const gameId = await openGame();
    await join(me, owner, gameId, pending);
    const until = new Date(lobby.now().getTime() + 30 * 24 * 3_600_000);
    await lobby.db.transaction((tx) =>
      lobby.raceNames.allowRegistration(tx, { userId: me.userId, gameId }, until),
    );

    expect(await me.get('/my/race-names?kind=pending_registration')).toEqual({
      status: 200,
      body: {
        items: [
          {
            race_name_id: expect.any(String),
            kind: 'pending_registration',
            race_name: pending,
            game_id: gameId,
            held_since: lobby.now().toISOString(),
            register_until: until.toISOString(),
            registered_at: null,
          },
        ],
      },
      etag: null,
    });
    expect(column(await me.get('/my/race-names?kind=reservation'), 'race_name')).toEqual([reserved]);
    expect(column(await me.get('/my/race-names?kind=registered'), 'race_name')).toEqual([]);
  });
});

describe('my invites', () => {
  const privateGame = () => openGame({ game_type: 'private' });
  const invite = async (gameId: string, player: Client = me) =>
    field(await owner.post(`/games/${gameId}/invites`, { body: { user_id: player.userId } }), 'invite_id');
  const ids = async (query = '') => column(await me.get(`/my/invites${query}`), 'invite_id');

  test('are those that wait for my answer, newest first, and show what game each is for', async () => {
    const older = await invite(await privateGame());
    const gameId = await privateGame();
    const newer = await invite(gameId);
    await invite(gameId, lobby.player());
    await owner.post(`/games/${gameId}/invites`, {
      body: { max_uses: 3, expires_at: '2031-05-30T12:00:00Z' },
    });
    await apply(owner, gameId, newName());

    expect(await ids()).toEqual([newer, older]);
    expect(await me.get('/my/invites?page_size=1')).toMatchObject({
      status: 200,
      body: {
        items: [
          {
            invite_id: newer,
            game_id: gameId,
            user_id: me.userId,
            code: null,
            max_uses: 1,
            uses: 0,
            expires_at: null,
            status: 'pending',
            created_at: lobby.now().toISOString(),
            decided_at: null,
            game: {
              game_name: gameBody.game_name,
              description: gameBody.description,
              owner_user_id: owner.userId,
              status: 'enrollment_open',
              min_players: gameBody.min_players,
              max_players: gameBody.max_players,
              active_members: 1,
              enrollment_ends_at: gameBody.enrollment_ends_at,
              turn_schedule: gameBody.turn_schedule,
              time_zone: gameBody.time_zone,
              turn_seconds: null,
              min_turn_seconds: null,
              quiet_days: [],
              grace_seconds: 0,
              early: 'off',
            },
          },
        ],
        next_page_token: expect.any(String),
      },
    });
  });

  test('that are over can be asked for, and show a game only to those who still see it', async () => {
    const [redeemed, declined, revoked, ended] = [
      await privateGame(),
      await privateGame(),
      await privateGame(),
      await privateGame(),
    ];
    await me.post(`/invites/${await invite(redeemed)}/redeem`, { body: { race_name: newName() } });
    await me.post(`/invites/${await invite(declined)}/decline`);
    await owner.post(`/invites/${await invite(revoked)}/revoke`);
    await invite(ended);
    await owner.post(`/games/${ended}/cancel`);

    expect(await ids()).toEqual([]);
    for (const [status, gameId] of Object.entries({ redeemed, declined, revoked, cancelled: ended })) {
      const answer = await me.get(`/my/invites?status=${status}`);
      expect(column(answer, 'game_id')).toEqual([gameId]);
      const game = status === 'redeemed' ? expect.objectContaining({ status: 'enrollment_open' }) : null;
      expect(column(answer, 'game')).toEqual([game]);
    }
    expect(await ids('?status=expired')).toEqual([]);
  });

  test('come in pages that neither repeat nor leave out one when I am invited meanwhile', async () => {
    const mine: string[] = [];
    for (let index = 0; index < 5; index++) mine.unshift(await invite(await privateGame()));
    const read = await readAll('/my/invites', 'invite_id', async () => invite(await privateGame()));
    expect(read).toEqual(mine);
  });
});

describe('the lists of what is mine', () => {
  test.each([
    ['/my/games?role=admin', 'role', 'must be one of owner, player'],
    ['/my/games?status=open', 'status', expect.stringContaining('must be one of draft')],
    ['/my/games?waiting_for_me=yes', 'waiting_for_me', 'must be true or false'],
    ['/my/games?page_size=0', 'page_size', 'must be a whole number from 1 to 200'],
    ['/my/applications?status=new', 'status', expect.stringContaining('must be one of pending')],
    ['/my/applications?page_size=201', 'page_size', 'must be a whole number from 1 to 200'],
    ['/my/invites?status=open', 'status', expect.stringContaining('must be one of pending')],
    ['/my/invites?page_size=x', 'page_size', 'must be a whole number from 1 to 200'],
    ['/my/invites?game_id=x', 'game_id', 'is not a known field'],
    ['/my/race-names?kind=mine', 'kind', expect.stringContaining('must be one of reservation')],
    ['/my/race-names?user_id=x', 'user_id', 'is not a known field'],
  ])('refuse %s', async (path, name, problem) => {
    expect(await me.get(path)).toEqual(invalidFields({ field: name, problem }));
  });

  test('take no tokens but their own', async () => {
    for (let index = 0; index < 2; index++) await makeDraft(me);
    const { next_page_token } = (await me.get('/my/games?page_size=1')).body as { next_page_token: string };
    expect(await me.get(`/my/games?page_token=${next_page_token}`)).toMatchObject({ status: 200 });
    for (const path of ['/games', '/my/applications', '/my/invites', '/my/race-names']) {
      expect(await me.get(`${path}?page_token=${next_page_token}`)).toEqual(
        invalidFields({
          field: 'page_token',
          problem: 'is not a token of this list with these filters; start again without one',
        }),
      );
    }
  });

  test('are for users only: the internal listener has no such routes', async () => {
    for (const path of ['/my/games', '/my/applications', '/my/invites', '/my/race-names']) {
      expect(await lobby.admin().get(path)).toMatchObject({ status: 404 });
    }
  });
});
