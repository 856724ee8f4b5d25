// The console's pages of games, streams and engines over HTTP, with a real backend, lobby and Game Master behind them.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ConsoleApp } from '../../handlers/console/env.ts';
import { createGameMasterInternalApp } from '../../handlers/game-master/internal-router.ts';
import { addOperator } from '../../lib/backend/operations/operators/add-operator.ts';
import { createLink } from '../../lib/backend/operations/operators/create-link.ts';
import type { EngineHost } from '../../lib/game-master/peers/runtime-manager.ts';
import { lobbyPublishers } from '../../lib/lobby/outbox/publishers.ts';
import { consumerStreams } from '../../lib/lobby/process/consumer-streams.ts';
import type { Listener } from '../../lib/node/http-listener.ts';
import { type Role, roles } from '../../lib/operators/roles.ts';
import type { EngineReply } from '../../lib/protocol/engine-requests.ts';
import type { Redis } from '../../lib/redis/client.ts';
import { statesOf } from '../../lib/streams/admin.ts';
import { createLogger } from '../../lib/telemetry/logger.ts';
import { startTestBackend, type TestBackend } from '../support/backend/backend.ts';
import { consoleAt, down, listen, publicUrl, type ServiceUrls, setClock } from '../support/console.ts';
import { createPlayStage, type PlayStage } from '../support/game-master/play-stage.ts';
import { join, makeDraft, makeOpenGame } from '../support/lobby/games.ts';
import { type Client, createTestLobby, type TestLobby } from '../support/lobby/lobby.ts';
import { streams } from '../support/lobby/stage.ts';
import { operatorOptions } from '../support/operators.ts';
import { createTestRedis, type TestRedis } from '../support/stores/redis.ts';
import { connectRedis } from '../support/stores/stream-consumer.ts';

const log = createLogger({ service: 'test', level: 'silent' });
const hostile = `<script>alert(1)</script>"'&`;
const escaped = '&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;';

/** In place of the Runtime Manager: engine-requests.test.ts has a real one. */
let reply: EngineReply = { kind: 'restarting' };
const engineHost: EngineHost = { ask: async () => reply };

let server: TestRedis;
let redis: Redis;
let backend: TestBackend;
let lobby: TestLobby;
let stage: PlayStage;
let listeners: Listener[];
let app: ConsoleApp;
let urls: Required<ServiceUrls>;
const cookies = {} as Record<Role, string>;
beforeAll(async () => {
  server = await createTestRedis();
  redis = await connectRedis(server);
  const consumers = Object.values(consumerStreams(streams));
  [backend, lobby, stage] = await Promise.all([
    startTestBackend({ redis }),
    createTestLobby({
      publishers: lobbyPublishers(redis, streams, consumers),
      streams: { consumers, states: statesOf(consumers, { read: (work) => work(redis) }) },
    }),
    createPlayStage(),
  ]);
  setClock(backend);
  const options = { log, ready: () => true, bodyLimitBytes: 65_536, ...operatorOptions };
  const gameMasterApp = createGameMasterInternalApp(options, { ...stage.gm, engineHost });
  listeners = await Promise.all([backend.adminApp, lobby.internalApp, gameMasterApp].map(listen));
  const [backendUrl = '', lobbyUrl = '', gameMaster = ''] = listeners.map(
    ({ port }) => `http://127.0.0.1:${port}`,
  );
  urls = { backend: backendUrl, lobby: lobbyUrl, gameMaster };
  app = consoleAt(urls);
  for (const role of roles) cookies[role] = await signIn(role);
}, 60_000);
afterAll(async () => {
  await Promise.all(listeners.map((listener) => listener.close(0)));
  await Promise.all([backend.close(), lobby.close(), stage.close()]);
  redis.disconnect();
  await server.drop();
});
/** Services check assertions by their own clocks, and one is valid for a minute. */
beforeEach(async () => {
  setClock(backend);
  await lobby.pool.query('truncate lobby.dead_letters');
});

async function signIn(role: Role): Promise<string> {
  const deps = { db: backend.db, now: backend.now, newId: () => crypto.randomUUID() };
  const caller = { actor: { kind: 'admin', adminId: undefined }, requestId: 'test' } as const;
  const named = { name: role, email: `${role}@example.com`, roles: [role] };
  const { operator } = await addOperator(deps, caller, named);
  const token = await createLink(deps, backend.db, { operatorId: operator.operatorId, purpose: 'sign_in' });
  const response = await post('/sign-in/link', { token }, undefined);
  return response.headers.get('set-cookie')?.split(';')[0] ?? '';
}

const get = async (path: string, role: Role = 'owner', to = app) =>
  await to.request(path, { headers: { cookie: cookies[role] } });
const page = async (path: string, role: Role = 'owner', to = app) => (await get(path, role, to)).text();

type Form = Record<string, string> | [string, string][];
async function post(path: string, form: Form, role: Role | undefined, to = app): Promise<Response> {
  const headers = { origin: publicUrl, ...(role === undefined ? {} : { cookie: cookies[role] }) };
  return to.request(path, { method: 'POST', headers, body: new URLSearchParams(form) });
}

/** The hidden fields of a form, as a browser sends them. */
async function hiddenFields(path: string): Promise<Record<string, string>> {
  const fields = (await page(path)).matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g);
  return Object.fromEntries([...fields].map(([, name = '', value = '']) => [name, value]));
}

/** A game that lobby and Game Master know, with two players, and its first turn open. */
async function runningGame(changes: { game_name?: string; description?: string } = {}) {
  const owner = lobby.player();
  const gameId = await makeOpenGame(owner, changes);
  const players = [lobby.player(), lobby.player()] as [Client, Client];
  for (const player of players) await join(player, owner, gameId, `P ${player.userId.slice(-12)}`);
  await setStatus(gameId, 'running');
  const played = await stage.game({ seats: 2, gameId });
  return { ...played, owner, players };
}

async function setStatus(gameId: string, status: string): Promise<void> {
  await lobby.pool.query(
    `update lobby.games set status = $2, runtime_job_id = gen_random_uuid(), container_id = 'c1',
       engine_endpoint = 'http://10.0.0.1:9000', bound_at = now(), started_at = now() where game_id = $1`,
    [gameId, status],
  );
}

const row = async (gameId: string) =>
  (await lobby.pool.query('select * from lobby.games where game_id = $1', [gameId])).rows[0];

async function membershipOf(
  gameId: string,
  { userId }: Client,
): Promise<{ membership_id: string; status: string }> {
  const { rows } = await lobby.pool.query(
    'select membership_id, status from lobby.memberships where game_id = $1 and user_id = $2',
    [gameId, userId],
  );
  return rows[0];
}

async function acts(service: 'lobby' | 'game_master', subjectId: string) {
  const { rows } = await (service === 'lobby' ? lobby : stage).pool.query(
    `select action, reason, after from ${service}.audit_entries where subject_id = $1 order by entry_id`,
    [subjectId],
  );
  return rows;
}

async function leaveLetters(
  count: number,
  more: { parkedKey?: string; text?: string } = {},
): Promise<string[]> {
  const { rows } = await lobby.pool.query(
    `insert into lobby.dead_letters (dead_letter_id, consumer, entry_id, fields, reason, created_at, parked_key)
     select gen_random_uuid(), 'gm_events', '1-' || n, jsonb_build_object('event_id', 'e' || n, 'note', $3::text,
       'traceparent', ''), $3, now() + n * interval '1 millisecond', $2 from generate_series(1, $1) n
     returning dead_letter_id as id`,
    [count, more.parkedKey ?? null, more.text ?? 'there is no such game'],
  );
  return rows.map(({ id }) => id);
}
const letterCount = async () =>
  Number((await lobby.pool.query('select count(*) from lobby.dead_letters')).rows[0].count);

describe('what is done with a game', () => {
  const reason = 'reported by «players»';
  const moderators: readonly Role[] = ['moderator', 'owner'];

  type Done = {
    action: string;
    may: readonly Role[];
    from: string;
    form?: Record<string, string>;
    /** What tells that it was done. */
    effect(game: Awaited<ReturnType<typeof runningGame>>): Promise<unknown>;
    log: 'lobby' | 'game_master';
    recorded: string;
  };
  const dueAt = async ({ gameId }: { gameId: string }) => (await stage.row(gameId)).due_at;
  const statusOf = async ({ gameId }: { gameId: string }) => (await row(gameId)).status;
  const nameOf = async ({ gameId }: { gameId: string }) => (await row(gameId)).game_name;
  const lobbyActs: readonly Done[] = [
    {
      action: 'pause',
      may: moderators,
      from: 'running',
      effect: statusOf,
      log: 'lobby',
      recorded: 'game.pause',
    },
    {
      action: 'resume',
      may: moderators,
      from: 'paused',
      effect: statusOf,
      log: 'lobby',
      recorded: 'game.resume',
    },
    {
      ...{ action: 'retry-start', may: moderators, from: 'start_failed', effect: statusOf },
      ...{ log: 'lobby', recorded: 'game.retry_start' },
    },
    {
      action: 'cancel',
      may: moderators,
      from: 'running',
      effect: statusOf,
      log: 'lobby',
      recorded: 'game.cancel',
    },
    {
      ...{ action: 'correct', may: moderators, from: 'paused', effect: nameOf },
      form: {
        game_name: 'Cygnus Rift',
        turn_schedule: '0 20 * * 1-5',
        turn_seconds: '',
        time_zone: 'Europe/Berlin',
        grace_seconds: '0',
        target_engine_version: '1.4.0',
      },
      ...{ log: 'lobby', recorded: 'game.correct' },
    },
    {
      action: 'play',
      may: moderators,
      from: 'running',
      effect: dueAt,
      log: 'game_master',
      recorded: 'turn.play',
    },
    {
      ...{ action: 'delay', may: moderators, from: 'running', form: { minutes: '90' }, effect: dueAt },
      ...{ log: 'game_master', recorded: 'turn.delay' },
    },
    {
      ...{ action: 'restart-engine', may: ['operator', 'owner'], from: 'running' },
      effect: ({ gameId }) => acts('game_master', gameId),
      ...{ log: 'game_master', recorded: 'engine.restart' },
    },
  ];

  it.each(lobbyActs)('$action needs a role and a reason, is previewed, and is recorded', async (act) => {
    const game = await runningGame();
    await setStatus(game.gameId, act.from);
    const path = `/games/${game.gameId}/${act.action}`;
    const before = await act.effect(game);
    const form = { ...(await hiddenFields(path)), ...act.form };
    for (const role of roles) {
      const offered = (await page(`/games/${game.gameId}`, role)).includes(`href="${path}"`);
      expect(offered, role).toBe(act.may.includes(role));
      if (!act.may.includes(role)) expect((await post(path, { ...form, reason }, role)).status).toBe(403);
    }
    const role = act.may[0] ?? 'owner';
    expect((await post(path, { ...form, reason: ' ' }, role)).status).toBe(400);
    expect(await act.effect(game)).toEqual(before);
    expect(await page(path, role)).toContain('id="blast-radius"');
    const response = await post(path, { ...form, reason }, role);
    expect([response.status, response.headers.get('location')]).toEqual([303, `/games/${game.gameId}`]);
    expect(await act.effect(game)).not.toEqual(before);
    expect(await acts(act.log, game.gameId)).toContainEqual(
      expect.objectContaining({ action: act.recorded, reason }),
    );
    const shown = await page(`/games/${game.gameId}`);
    expect(shown).toContain(`<code>${act.recorded}</code>`);
    expect(shown).toContain(reason);
  });

  it('is done once when its form is sent twice', async () => {
    const game = await runningGame();
    const path = `/games/${game.gameId}/delay`;
    const form = { ...(await hiddenFields(path)), minutes: '60', reason };
    const due = (await stage.row(game.gameId)).due_at as Date;
    expect((await post(path, form, 'owner')).status).toBe(303);
    expect((await post(path, form, 'owner')).status).toBe(303);
    expect((await stage.row(game.gameId)).due_at).toEqual(new Date(due.getTime() + 3_600_000));
  });

  it('is not done with a game that has changed since the page was shown', async () => {
    const game = await runningGame();
    const path = `/games/${game.gameId}/cancel`;
    const form = { ...(await hiddenFields(path)), reason };
    await post(`/games/${game.gameId}/pause`, { reason }, 'owner');
    expect((await post(path, form, 'owner')).status).toBe(412);
    expect((await row(game.gameId)).status).toBe('paused');
  });

  it('may have a reason of several lines', async () => {
    const game = await runningGame();
    const lines = { reason: 'first\r\nsecond' };
    expect((await post(`/games/${game.gameId}/pause`, lines, 'moderator')).status).toBe(303);
    expect(await acts('lobby', game.gameId)).toMatchObject([
      { action: 'game.pause', reason: 'first second' },
    ]);
  });

  it('is refused in a state that does not allow it', async () => {
    const { gameId } = await runningGame();
    expect((await get(`/games/${gameId}/correct`)).status).toBe(409);
    await setStatus(gameId, 'paused');
    expect((await post(`/games/${gameId}/pause`, { reason }, 'owner')).status).toBe(409);
    expect(await page(`/games/${gameId}`)).not.toContain(`href="/games/${gameId}/pause"`);
  });

  it('changes nothing when a correction has nothing that differs', async () => {
    const { gameId } = await runningGame();
    await setStatus(gameId, 'paused');
    const same = {
      game_name: 'Orion Arm',
      turn_schedule: '0 20 * * 1-5',
      turn_seconds: '',
      time_zone: 'Europe/Berlin',
      grace_seconds: '0',
      target_engine_version: '1.4.0',
    };
    const response = await post(`/games/${gameId}/correct`, { ...same, reason }, 'owner');
    expect([response.status, await response.text()]).toEqual([
      400,
      expect.stringContaining('Nothing differs'),
    ]);
    expect(await acts('lobby', gameId)).toEqual([]);
  });

  it('puts members out, blocks them and lets them in again', async () => {
    const game = await runningGame();
    const [first, second] = game.players;
    const path = async (player: Client, act: string) =>
      `/games/${game.gameId}/members/${(await membershipOf(game.gameId, player)).membership_id}/${act}`;
    for (const role of ['viewer', 'support', 'operator'] as const) {
      expect((await post(await path(first, 'remove'), { reason }, role)).status, role).toBe(403);
      expect(await page(`/games/${game.gameId}`, role)).not.toContain('/members/');
    }
    expect((await post(await path(second, 'block'), { reason }, 'moderator')).status).toBe(303);
    const { membership_id, status } = await membershipOf(game.gameId, second);
    expect(status).toBe('blocked');
    expect((await post(await path(second, 'unblock'), { reason }, 'moderator')).status).toBe(303);
    expect((await membershipOf(game.gameId, second)).status).toBe('removed');
    expect(await acts('lobby', membership_id)).toMatchObject([
      { action: 'membership.block', reason },
      { action: 'membership.unblock', reason },
    ]);
    const preview = await page(await path(first, 'remove'), 'moderator');
    expect(preview).toContain('is vacant from the next turn on');
    expect(preview).toContain('nobody is left to play it');
    expect((await post(await path(first, 'remove'), { reason }, 'moderator')).status).toBe(303);
    expect((await membershipOf(game.gameId, first)).status).toBe('removed');
    expect((await row(game.gameId)).status).toBe('cancelled');
  });

  it('has an engine that cannot be restarted recorded as failed', async () => {
    const { gameId } = await runningGame();
    reply = { kind: 'unknown' };
    expect((await post(`/games/${gameId}/restart-engine`, { reason }, 'operator')).status).toBe(409);
    reply = { kind: 'restarting' };
    expect(await acts('game_master', gameId)).toMatchObject([
      { action: 'engine.restart', reason, after: { outcome: 'requested' } },
      { action: 'engine.restart', reason, after: { outcome: 'failed' } },
    ]);
  });
});

describe('the page of a game', () => {
  it('shows seats with the states of their orders, and never what these say', async () => {
    const game = await runningGame();
    const orders = { bid: 7, secret: 'very-secret' };
    await game.player(1).post('/orders', { turn: 1, orders, ready: true });
    await game.player(2).post('/orders', { turn: 1, orders });
    for (const role of roles) {
      const text = await page(`/games/${game.gameId}`, role);
      expect(text).toContain('<span class="tag ready">ready</span>');
      expect(text).toContain('<span class="tag draft">draft</span>');
      expect(text).not.toContain('very-secret');
    }
  });

  it('shows the end of the log to those who may read it, as text', async () => {
    const { gameId } = await runningGame();
    reply = { kind: 'log', text: `listening\n${hostile}\n`, cut: true };
    for (const role of ['moderator', 'operator', 'owner'] as const) {
      expect(await page(`/games/${gameId}/log`, role)).toContain(`listening\n${escaped}`);
      expect(await page(`/games/${gameId}`, role)).toContain(`/games/${gameId}/log`);
    }
    reply = { kind: 'restarting' };
    for (const role of ['viewer', 'support'] as const) {
      expect(await page(`/games/${gameId}/log`, role)).not.toContain('listening');
      expect(await page(`/games/${gameId}`, role)).not.toContain(`/games/${gameId}/log`);
    }
  });

  it('shows what users and engines wrote as text', async () => {
    const game = await runningGame({ game_name: hostile, description: hostile });
    await game.set(
      `engine_health = 'faulty', engine_problem = '${hostile.replaceAll("'", "''")}', failures = 3`,
    );
    await stage.pool.query('update game_master.games set game_name = $2 where game_id = $1', [
      game.gameId,
      hostile,
    ]);
    await stage.pool.query('update game_master.seats set label = $2 where game_id = $1', [
      game.gameId,
      hostile,
    ]);
    await lobby.pool.query('update lobby.memberships set race_name = $2 where game_id = $1', [
      game.gameId,
      hostile,
    ]);
    await leaveLetters(1, { parkedKey: hostile, text: hostile });
    const { membership_id } = await membershipOf(game.gameId, game.players[0]);
    for (const path of [
      `/games/${game.gameId}`,
      `/games/${game.gameId}/pause`,
      `/games/${game.gameId}/play`,
      `/games/${game.gameId}/members/${membership_id}/block`,
      '/games?status=running',
      '/engines',
      '/streams',
      '/dead-letters/lobby',
      '/',
    ]) {
      const text = await page(path);
      expect(text, path).toContain(escaped);
      expect(text, path).not.toContain('<script>alert');
    }
    for (const path of [
      `/games?owner_user_id=${encodeURIComponent(hostile)}`,
      `/dead-letters/lobby?consumer=${encodeURIComponent(hostile)}`,
    ]) {
      expect(await page(path), path).not.toContain('<script>alert');
    }
  });

  it('says which service is down, and shows what the other knows', async () => {
    const { gameId } = await runningGame();
    const withoutGameMaster = await page(
      `/games/${gameId}`,
      'owner',
      consoleAt({ ...urls, gameMaster: down }),
    );
    expect(withoutGameMaster).toContain('The Game Master does not respond');
    expect(withoutGameMaster).toContain('Orion Arm');
    expect(withoutGameMaster).toContain('open enrollment');
    const withoutLobby = await page(`/games/${gameId}`, 'owner', consoleAt({ ...urls, lobby: down }));
    expect(withoutLobby).toContain('The lobby does not respond');
    expect(withoutLobby).toContain('Race 2');
  });

  it('says that there is no such game', async () => {
    expect((await get(`/games/${crypto.randomUUID()}`)).status).toBe(404);
    expect((await get('/games/orion')).status).toBe(404);
  });
});

describe('the search of games', () => {
  it('finds games by owner, state, type, engine and day', async () => {
    const owner = lobby.player();
    const draft = await makeDraft(owner, { game_type: 'private' });
    const open = await makeOpenGame(owner);
    const found = async (query: string) => {
      const text = await page(`/games?owner_user_id=${owner.userId}&${query}`);
      return [draft, open].filter((gameId) => text.includes(`/games/${gameId}"`));
    };
    expect(await found('q=&status=')).toEqual([draft, open]);
    expect(await found('status=draft')).toEqual([draft]);
    expect(await found('game_type=public')).toEqual([open]);
    expect(await found('target_engine_version=9.9.9')).toEqual([]);
    const day = (days: number) =>
      new Date(lobby.now().getTime() + days * 86_400_000).toISOString().slice(0, 10);
    expect(await found(`created_from=${day(0)}&created_before=${day(1)}`)).toEqual([draft, open]);
    expect(await found(`created_from=${day(1)}`)).toEqual([]);
  });

  it('keeps its filters from page to page', async () => {
    const owner = lobby.player();
    for (let games = 0; games < 51; games++) await makeDraft(owner);
    const filter = `owner_user_id=${owner.userId}&created_from=2031-01-01`;
    const first = await page(`/games?${filter}`);
    const [, next = ''] = /href="(\/games\?[^"]+)">Next page/.exec(first) ?? [];
    const second = await page(next.replaceAll('&amp;', '&'));
    expect(second.match(/<td class="words"><a href="\/games\//g)).toHaveLength(1);
    expect(second).toContain('value="2031-01-01"');
  });
});

describe('dead letters', () => {
  const path = '/dead-letters/lobby';
  const idsOn = (text: string) => [...text.matchAll(/name="id" value="([^"]+)"/g)].map(([, id]) => id ?? '');

  it('are paged, all ten thousand of them', async () => {
    await lobby.pool.query(`insert into lobby.consumers (name) values ('gm_events') on conflict do nothing`);
    const ids = await leaveLetters(10_000);
    expect(await page('/streams')).toContain('>10000</a>');
    let url = `${path}?consumer=gm_events`;
    const seen: string[] = [];
    for (let pages = 0; pages < 3; pages++) {
      const text = await page(url);
      seen.push(...idsOn(text));
      const [, next = ''] = /href="([^"]+)">Next page/.exec(text) ?? [];
      url = next.replaceAll('&amp;', '&');
    }
    expect(seen).toEqual(ids.slice(0, 150));
  });

  it('are shown to all, and decided about by those who may', async () => {
    const [first = '', second = '', third = ''] = await leaveLetters(3, { text: 'unknown seat' });
    for (const role of ['viewer', 'support', 'moderator'] as const) {
      const text = await page(path, role);
      expect(text).toContain('unknown seat');
      expect(text).not.toContain('Discard');
      expect((await post(`${path}/discard`, { id: first, reason: 'why' }, role)).status).toBe(403);
      expect((await post(`${path}/retry`, { id: first, reason: 'why' }, role)).status).toBe(403);
    }
    expect(await letterCount()).toBe(3);
    expect(await page(`${path}/discard?id=${first}&id=${second}`)).toContain('Discard 2 dead letters');
    const marked: [string, string][] = [
      ['id', first],
      ['id', second],
      ['reason', 'of a test'],
    ];
    const response = await post(`${path}/discard`, marked, 'operator');
    expect(await response.text()).toContain('2 dead letters were discarded.');
    expect(await letterCount()).toBe(1);
    expect(await acts('lobby', second)).toMatchObject([
      { action: 'dead_letter.discard', reason: 'of a test' },
    ]);
    expect(await (await post(`${path}/retry`, { id: third, reason: 'again' }, 'operator')).text()).toContain(
      '1 dead letter was retried.',
    );
    expect(await acts('lobby', third)).toMatchObject([{ action: 'dead_letter.retry', reason: 'again' }]);
    const gone = await post(`${path}/retry`, { id: first, reason: 'again' }, 'operator');
    expect(await gone.text()).toContain(`There is no dead letter ${first}`);
    expect((await post(`${path}/retry`, { reason: 'again' }, 'operator')).status).toBe(400);
  });

  it('of a parked key are retried together', async () => {
    const ids = await leaveLetters(3, { parkedKey: 'a-game' });
    const text = await page('/streams', 'operator');
    expect(text).toContain('<code>a-game</code>');
    expect(text).toContain(`/dead-letters/lobby/retry?id=${ids[0]}`);
    expect(await page('/streams', 'viewer')).not.toContain('/retry?id=');
    await post(`${path}/retry`, { id: ids[0] ?? '', reason: 'mended' }, 'operator');
    const { rowCount } = await lobby.pool.query(
      'select 1 from lobby.dead_letters where retry_requested_at is not null',
    );
    expect(rowCount).toBe(3);
    expect(await page('/streams')).toContain('is being retried');
  });

  it('of a service that does not exist are not found', async () => {
    expect((await get('/dead-letters/gateway')).status).toBe(404);
  });
});

describe('streams, engines and the overview', () => {
  it('show the outboxes', async () => {
    await lobby.pool.query(
      `insert into lobby.outbox (kind, ordering_key, payload, failures, created_at, next_attempt_at)
       values ('unheard_of', 'a', '{}', 4, now() - interval '1 hour', now() + interval '1 hour')`,
    );
    expect(await page('/streams')).toMatch(/unheard of<\/td><td>1<\/td>\s*<td>1<\/td><td>60 min/);
    expect(await page('/')).toContain('The lobby has not published a message (unheard of) for 60 min.');
    await lobby.pool.query(`delete from lobby.outbox where kind = 'unheard_of'`);
  });

  it('show the engines that run, and the games whose engine fails', async () => {
    const game = await runningGame({ game_name: 'Vela Gap' });
    await game.set(`engine_health = 'unreachable', failures = 2, game_name = 'Vela Gap'`);
    const engine = {
      ...{ start_job_id: (await stage.row(game.gameId)).runtime_job_id as string, game_id: game.gameId },
      ...{ engine_family: 'test-game', engine_version: '1.4.0', state: 'running' as const },
      ...{ memory_bytes: 50 * 1_048_576, ended_times: 2 },
    };
    reply = { kind: 'engines', engines: [engine] };
    const engines = await page('/engines', 'operator');
    expect(engines).toContain('1 engine, 50 MiB in all.');
    expect(engines).toContain(`/games/${game.gameId}/restart-engine`);
    expect(await page('/engines', 'viewer')).not.toContain('restart-engine');
    expect(engines).toContain('Vela Gap');
    expect(await page('/')).toContain('Vela Gap');
    reply = { kind: 'restarting' };
    await game.set(`engine_health = 'ok', failures = 0`);
  });

  it('say what does not respond, and show the rest', async () => {
    const text = await page('/');
    expect(text).toContain('The gateway does not respond.');
    // No turn worker runs here.
    expect(text).toContain('No turn worker runs');
    const withoutGameMaster = consoleAt({ ...urls, gameMaster: down });
    for (const path of ['/', '/streams', '/engines']) {
      const rest = await page(path, 'viewer', withoutGameMaster);
      expect(rest, path).toContain('The Game Master does not respond');
    }
    expect(await page('/', 'viewer', withoutGameMaster)).toContain('user_lifecycle');
    expect(await page('/engines', 'viewer', withoutGameMaster)).toContain('test-game');
    expect(await page('/', 'viewer', consoleAt({ ...urls, lobby: down }))).toContain('notification_intents');
  });

  it('count players, turns and games', async () => {
    const before = /<strong>(\d+)<\/strong> <span class="tag draft">/.exec(await page('/'))?.[1];
    await makeDraft(lobby.player());
    const text = await page('/');
    expect(/<strong>(\d+)<\/strong> <span class="tag draft">/.exec(text)?.[1]).toBe(
      String(Number(before) + 1),
    );
    await stage.pool.query(
      `insert into game_master.workers (worker_id, alive_until, turns_last_minute)
       values (gen_random_uuid(), now() + interval '1 minute', 7), (gen_random_uuid(), now() - interval '1 second', 100)`,
    );
    expect(await page('/')).toContain('<strong>7</strong> <span>turns in the last minute</span>');
    await stage.pool.query('delete from game_master.workers');
  });
});
