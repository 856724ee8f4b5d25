// The console's sessions and forms over HTTP, with a real backend and a real lobby behind it.
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ConsoleApp } from '../../handlers/console/env.ts';
import { createGameMasterInternalApp } from '../../handlers/game-master/internal-router.ts';
import { localSignIn, onBackendDatabase } from '../../infra/operator/invite.ts';
import { deleteOldEntries } from '../../lib/audit/retention.ts';
import { addOperator } from '../../lib/backend/operations/operators/add-operator.ts';
import { createLink } from '../../lib/backend/operations/operators/create-link.ts';
import { addressList } from '../../lib/config/address-list.ts';
import { createStrangerLimit } from '../../lib/console/process/stranger-limit.ts';
import { auditEntries as lobbyAuditEntries } from '../../lib/lobby/store/schema.ts';
import { nameKeys } from '../../lib/names/keys.ts';
import type { Listener } from '../../lib/node/http-listener.ts';
import { type Role, roles } from '../../lib/operators/roles.ts';
import { createLogger } from '../../lib/telemetry/logger.ts';
import { startTestBackend, type TestBackend } from '../support/backend/backend.ts';
import { consoleAt, listen, publicUrl, setClock } from '../support/console.ts';
import { createPlayStage } from '../support/game-master/play-stage.ts';
import { field, join, makeDraft, makeOpenGame } from '../support/lobby/games.ts';
import { type Client, createTestLobby, type TestLobby } from '../support/lobby/lobby.ts';
import { operatorOptions } from '../support/operators.ts';

const log = createLogger({ service: 'test', level: 'silent' });

let backend: TestBackend;
let lobby: TestLobby;
let listeners: Listener[];
let app: ConsoleApp;
beforeAll(async () => {
  [backend, lobby] = await Promise.all([startTestBackend(), createTestLobby()]);
  listeners = await Promise.all([backend.adminApp, lobby.internalApp].map(listen));
  const [backendUrl, lobbyUrl] = listeners.map(({ port }) => `http://127.0.0.1:${port}`);
  app = consoleAt({ backend: backendUrl ?? '', lobby: lobbyUrl ?? '' });
});
beforeEach(() => setClock(backend));
afterAll(async () => {
  await Promise.all(listeners.map((listener) => listener.close(0)));
  await Promise.all([backend.close(), lobby.close()]);
});

type Sent = { cookie?: string | undefined; form?: Record<string, string>; headers?: Record<string, string> };

function send(method: string, path: string, { cookie, form, headers }: Sent = {}, to = app) {
  return to.request(path, {
    method,
    headers: {
      ...(method === 'GET' ? {} : { origin: publicUrl }),
      ...(cookie === undefined ? {} : { cookie }),
      ...headers,
    },
    ...(form === undefined ? {} : { body: new URLSearchParams(form) }),
  });
}

const deps = () => ({ db: backend.db, now: backend.now, newId: () => crypto.randomUUID() });
const commandLine = { actor: { kind: 'admin', adminId: undefined }, requestId: 'test' } as const;

async function newOperator(roles: Role[], name = 'Olga'): Promise<{ operatorId: string; cookie: string }> {
  const email = `${crypto.randomUUID()}@example.com`;
  const { operator } = await addOperator(deps(), commandLine, { name, email, roles });
  return { operatorId: operator.operatorId, cookie: await signIn(operator.operatorId) };
}

async function signIn(operatorId: string, before?: string): Promise<string> {
  const token = await createLink(deps(), backend.db, { operatorId, purpose: 'sign_in' });
  const response = await send('POST', '/sign-in/link', { form: { token }, cookie: before });
  expect(response.status).toBe(303);
  const cookie = response.headers.get('set-cookie') ?? '';
  expect(cookie).toMatch(/^galaxy-console=[0-9a-f]{64}; .*Path=\/; .*HttpOnly; SameSite=Lax$/);
  return cookie.split(';')[0] ?? '';
}

const statusOf = async (gameId: string) => field(await lobby.admin().get(`/games/${gameId}`), 'status');
const signedIn = async (cookie: string) => (await send('GET', '/', { cookie })).status === 200;

describe('a request that changes something', () => {
  it.each([
    ['another site', 'https://evil.example'],
    ['another port of the host', 'http://localhost:3000'],
    ['the same host by its address', 'http://127.0.0.1:8085'],
    ['a page without an origin', 'null'],
    ['no page', ''],
  ])('from %s is refused, and nothing changes', async (_, origin) => {
    const { cookie } = await newOperator(['owner']);
    const gameId = await makeDraft(lobby.player());
    const path = `/games/${gameId}/cancel`;
    const headers = { origin };
    expect((await send('POST', path, { cookie, headers, form: { reason: 'why' } })).status).toBe(403);
    expect(await statusOf(gameId)).toBe('draft');
    expect((await send('POST', '/sign-out', { cookie, headers })).status).toBe(403);
    expect(await signedIn(cookie)).toBe(true);
  });

  it('needs a reason', async () => {
    const { cookie } = await newOperator(['owner']);
    const gameId = await makeDraft(lobby.player());
    const path = `/games/${gameId}/cancel`;
    for (const form of [{}, { reason: ' ' }, { reason: 'a'.repeat(501) }]) {
      expect((await send('POST', path, { cookie, form })).status).toBe(400);
    }
    expect(await statusOf(gameId)).toBe('draft');
  });

  it('is recorded with who, why, before and after', async () => {
    const { cookie, operatorId } = await newOperator(['moderator']);
    const gameId = await makeDraft(lobby.player());
    const path = `/games/${gameId}/cancel`;
    const reason = 'Spam – «gemeldet»';
    expect((await send('POST', path, { cookie, form: { reason } })).status).toBe(303);
    expect(await statusOf(gameId)).toBe('cancelled');
    const { rows } = await lobby.pool.query(
      'SELECT operator_id, action, subject_kind, reason, before, after FROM lobby.audit_entries WHERE subject_id = $1',
      [gameId],
    );
    expect(rows).toEqual([
      {
        operator_id: operatorId,
        action: 'game.cancel',
        subject_kind: 'game',
        reason,
        before: { status: 'draft', revision: 1 },
        after: { status: 'cancelled', revision: 2 },
      },
    ]);
    expect(await (await send('GET', '/audit', { cookie })).text()).toContain(reason);
  });

  it('leaves no entry when it is refused', async () => {
    const { cookie } = await newOperator(['owner']);
    const gameId = await makeDraft(lobby.player());
    const cancel = () => send('POST', `/games/${gameId}/cancel`, { cookie, form: { reason: 'why' } });
    expect((await cancel()).status).toBe(303);
    expect((await cancel()).status).toBe(409);
    const { rowCount } = await lobby.pool.query('SELECT 1 FROM lobby.audit_entries WHERE subject_id = $1', [
      gameId,
    ]);
    expect(rowCount).toBe(1);
  });
});

describe('the audit log', () => {
  const insert = (days: number, count = 1) =>
    lobby.pool.query(
      `INSERT INTO lobby.audit_entries (entry_id, at, action, subject_kind, subject_id, request_id)
       SELECT (lpad(to_hex(((extract(epoch FROM now()) - $1 * 86400) * 1000)::bigint), 12, '0')
                 || '7000' || substr(md5(random()::text), 1, 16))::uuid,
              now() - $1 * interval '1 day', 'game.cancel', 'game', 'of ' || $1 || ' days', 'test'
       FROM generate_series(1, $2)`,
      [days, count],
    );
  const countOf = async (days: number) => {
    const { rows } = await lobby.pool.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM lobby.audit_entries WHERE subject_id = $1',
      [`of ${days} days`],
    );
    return rows[0]?.count;
  };

  it('is kept for 400 days, no matter who asks to delete it, and then deleted in pieces', async () => {
    await insert(401, 1_001);
    await insert(399);
    const young = `DELETE FROM lobby.audit_entries WHERE subject_id = 'of 399 days'`;
    await expect(lobby.pool.query(young)).rejects.toThrow('never changed or deleted before 400 days');
    await expect(lobby.pool.query('DELETE FROM lobby.audit_entries')).rejects.toThrow('400 days');
    expect(await countOf(401)).toBe(1_001);
    const old = { db: lobby.db, audit: lobbyAuditEntries };
    expect(await deleteOldEntries(old, AbortSignal.timeout(10_000))).toBe(1_001);
    expect([await countOf(401), await countOf(399)]).toEqual([0, 1]);
  });

  it('is exported whole, with the entries of all services in the order of time', async () => {
    await insert(300, 250);
    const { cookie } = await newOperator(['viewer']);
    const stage = await createPlayStage();
    await stage.pool.query(
      `INSERT INTO game_master.audit_entries (entry_id, action, subject_kind, subject_id, request_id)
       VALUES ($1, 'turn.play', 'game', 'of the Game Master', 'test')`,
      [uuidv7()],
    );
    const options = { log, ready: () => true, bodyLimitBytes: 65_536, ...operatorOptions };
    const gameMaster = await listen(createGameMasterInternalApp(options, stage.gm));
    const [backendUrl = '', lobbyUrl = ''] = listeners.map(({ port }) => `http://127.0.0.1:${port}`);
    const urls = { backend: backendUrl, lobby: lobbyUrl, gameMaster: `http://127.0.0.1:${gameMaster.port}` };
    const response = await send('GET', '/audit/export', { cookie }, consoleAt(urls));
    expect(response.headers.get('content-disposition')).toMatch(
      /^attachment; filename="audit-log-.*\.jsonl"$/,
    );
    const lines = (await response.text()).trimEnd().split('\n');
    const entries = lines.map((line) => JSON.parse(line) as { entry_id: string; service: string });
    const ids = entries.map(({ entry_id }) => entry_id);
    expect(ids).toEqual(ids.toSorted().toReversed());
    const { rows } = await lobby.pool.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM lobby.audit_entries',
    );
    expect(entries.filter(({ service }) => service === 'lobby')).toHaveLength(rows[0]?.count ?? 0);
    expect(new Set(entries.map(({ service }) => service))).toEqual(
      new Set(['backend', 'lobby', 'game-master']),
    );
    await gameMaster.close(0);
    await stage.close();
  });

  it('is not exported without one of the services', async () => {
    const { cookie } = await newOperator(['owner']);
    const response = await send('GET', '/audit/export', { cookie });
    expect(response.status).toBe(503);
    expect(await response.text()).toContain('The Game Master does not respond');
  });
});

it.each([
  'UPDATE lobby.audit_entries SET reason = null',
  'DELETE FROM lobby.audit_entries',
  'TRUNCATE lobby.audit_entries',
])('the audit log refuses %s', async (statement) => {
  await expect(lobby.pool.query(statement)).rejects.toThrow('never changed or deleted');
});

describe('a session', () => {
  it('begins with a value that nobody knew before, and ends the one before', async () => {
    const { operatorId, cookie } = await newOperator(['viewer']);
    const fixed = `galaxy-console=${'a'.repeat(64)}`;
    expect(await signedIn(fixed)).toBe(false);
    expect(await signIn(operatorId, fixed)).not.toBe(fixed);
    expect(await signedIn(fixed)).toBe(false);
    const next = await signIn(operatorId, cookie);
    expect([await signedIn(cookie), await signedIn(next)]).toEqual([false, true]);
  });

  it('that was ended helps nobody who has its cookie', async () => {
    const { cookie } = await newOperator(['owner']);
    expect((await send('POST', '/sign-out', { cookie })).headers.get('location')).toBe('/sign-in');
    expect(await signedIn(cookie)).toBe(false);
  });

  it('lasts twelve hours', async () => {
    const { cookie } = await newOperator(['owner']);
    backend.advance(12 * 3_600_000 - 1);
    expect(await signedIn(cookie)).toBe(true);
    backend.advance(1);
    expect(await signedIn(cookie)).toBe(false);
    backend.advance(-12 * 3_600_000);
  });

  it('that was stolen ends with a reset by an owner', async () => {
    const owner = await newOperator(['owner']);
    const { operatorId, cookie: stolen } = await newOperator(['support']);
    expect(await signedIn(stolen)).toBe(true);
    const reset = { cookie: owner.cookie, form: { reason: 'a laptop was stolen' } };
    expect((await send('POST', `/operators/${operatorId}/reset`, reset)).status).toBe(200);
    expect(await signedIn(stolen)).toBe(false);
  });

  it('that is served with TLS takes no cookie that a page without TLS, or of another host, could have set', async () => {
    const { cookie } = await newOperator(['viewer']);
    const [backendUrl = '', lobbyUrl = ''] = listeners.map(({ port }) => `http://127.0.0.1:${port}`);
    const tls = consoleAt(
      { backend: backendUrl, lobby: lobbyUrl },
      {
        publicUrl: 'https://console.example.com',
      },
    );
    const page = async (sent: string) => (await send('GET', '/operators', { cookie: sent }, tls)).status;
    expect(await page(`__Host-${cookie}`)).toBe(200);
    expect(await page(cookie)).toBe(303);
    const headers = { origin: 'https://console.example.com' };
    const left = await send('POST', '/sign-out', { cookie: `__Host-${cookie}`, headers }, tls);
    expect(left.headers.get('set-cookie')).toMatch(/^__Host-galaxy-console=; Max-Age=0; Path=\/; Secure$/);
  });

  it('is stored as a hash alone', async () => {
    const { cookie } = await newOperator(['owner']);
    const tables = JSON.stringify(await backend.snapshot());
    expect(tables).not.toContain(cookie.split('=')[1]);
  });

  it('loses a role at once, and ends with a disabled operator', async () => {
    const owner = await newOperator(['owner']);
    const other = await newOperator(['moderator']);
    const gameId = await makeDraft(lobby.player());
    const set = { roles: 'viewer', reason: 'moved to another team' };
    const roles = `/operators/${other.operatorId}/roles`;
    expect((await send('POST', roles, { cookie: owner.cookie, form: set })).status).toBe(303);
    const cancel = { cookie: other.cookie, form: { reason: 'why' } };
    expect((await send('POST', `/games/${gameId}/cancel`, cancel)).status).toBe(403);
    expect(await statusOf(gameId)).toBe('draft');
    expect(
      (await send('POST', roles, { cookie: other.cookie, form: { ...set, roles: 'owner' } })).status,
    ).toBe(403);
    const disable = `/operators/${other.operatorId}/disable`;
    expect((await send('POST', disable, { cookie: owner.cookie, form: { reason: 'left' } })).status).toBe(
      303,
    );
    expect(await signedIn(other.cookie)).toBe(false);
  });
});

const hostile = `<script>alert(1)</script>"'&`;
const escaped = '&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;';
const uniqueName = (text: string) => `${text} ${crypto.randomUUID().slice(-8)}`;

/** A user of the backend who is a player of the lobby, with active sessions. */
async function newUser({
  sessions = 1,
  deviceName = 'phone',
}: {
  sessions?: number;
  deviceName?: string;
} = {}): Promise<{ player: Client; userId: string; email: string; sessionIds: string[] }> {
  const player = lobby.player();
  const { userId } = player;
  const email = `${userId}@example.com`;
  await backend.pool.query(
    `INSERT INTO backend.users (user_id, email, handle, display_name, locale, time_zone, created_at)
     VALUES ($1, $2, $3, $4, 'en', 'UTC', now())`,
    [userId, email, `h${userId.slice(-12)}`, deviceName],
  );
  const sessionIds = Array.from({ length: sessions }, () => crypto.randomUUID());
  await backend.pool.query(
    `INSERT INTO backend.device_sessions (device_session_id, user_id, client_public_key, device_name, created_at)
     SELECT id, $2, sha256('key'), $3, now() FROM unnest($1::uuid[]) id`,
    [sessionIds, userId, deviceName],
  );
  return { player, userId, email, sessionIds };
}

async function activeSessions(userId: string): Promise<string[]> {
  const { rows } = await backend.pool.query(
    'SELECT device_session_id AS id FROM backend.device_sessions WHERE user_id = $1 AND revoked_at IS NULL',
    [userId],
  );
  return rows.map(({ id }) => id);
}

const page = async (path: string, cookie: string, to = app) =>
  (await send('GET', path, { cookie }, to)).text();
const post = (path: string, cookie: string, form: Record<string, string> = {}) =>
  send('POST', path, { cookie, form: { reason: 'complaint 12', ...form } });

async function auditOf(service: 'backend' | 'lobby', subjectId: string): Promise<unknown[]> {
  const { rows } = await (service === 'backend' ? backend : lobby).pool.query(
    `SELECT operator_id, action, subject_kind, reason, before, after
     FROM ${service}.audit_entries WHERE subject_id = $1 ORDER BY entry_id`,
    [subjectId],
  );
  return rows;
}

describe('users', () => {
  it('are found by how their address or handle begins, and by id', async () => {
    const { cookie } = await newOperator(['support']);
    const { userId, email } = await newUser();
    const link = `href="/users/${userId}"`;
    expect(await page(`/users?q=${email.slice(0, 30)}`, cookie)).toContain(link);
    expect(await page(`/users?by=handle&q=H${userId.slice(-12)}`, cookie)).toContain(link);
    expect(await page(`/users?by=handle&q=${email.slice(0, 30)}`, cookie)).toContain('No user matches');
    const byId = await send('GET', `/users?q=${userId}`, { cookie });
    expect([byId.status, byId.headers.get('location')]).toEqual([303, `/users/${userId}`]);
    expect((await send('GET', `/users/${crypto.randomUUID()}`, { cookie })).status).toBe(404);
  });

  it('have a page with account, sessions, games, race names, mails and entitlements, as text', async () => {
    const { cookie } = await newOperator(['owner']);
    const { player, userId, email, sessionIds } = await newUser({ deviceName: hostile });
    const owned = await makeDraft(player, { game_name: hostile });
    const owner = lobby.player();
    const played = await makeOpenGame(owner);
    const name = uniqueName('Vega');
    await join(player, owner, played, name);
    await backend.pool.query(
      `INSERT INTO backend.mail_history (user_id, written_at, mail_id, kind, outcome, failures, ended_at)
       VALUES ($1, now(), gen_random_uuid(), 'new_session', 'refused', 2, now())`,
      [userId],
    );
    const html = await page(`/users/${userId}`, cookie);
    const texts = [
      email,
      sessionIds[0],
      escaped,
      owned,
      played,
      name,
      'reservation',
      'new session',
      'refused',
    ];
    for (const text of [...texts, 'Games they play in, at most']) expect(html).toContain(text);
    expect(html).not.toContain('<script>alert');
    const paths = ['block', 'delete', 'sign-out', 'entitlements', `sessions/${sessionIds[0]}/revoke`];
    for (const path of paths) {
      const form = await page(`/users/${userId}/${path}`, cookie);
      expect(form, path).toContain(email);
      expect(form, path).not.toContain('<script>alert');
    }
    expect(await page(`/users?q=${encodeURIComponent(`">${hostile}`)}`, cookie)).not.toContain(
      '<script>alert',
    );
  });

  it('are shown without their games while the lobby is down, and can be blocked', async () => {
    const { cookie } = await newOperator(['support']);
    const { userId, email } = await newUser();
    const [backendUrl = ''] = listeners.map(({ port }) => `http://127.0.0.1:${port}`);
    const alone = consoleAt({ backend: backendUrl, lobby: 'http://127.0.0.1:1' });
    for (const path of [`/users/${userId}`, `/users/${userId}/block`]) {
      const html = await page(path, cookie, alone);
      expect(html, path).toContain('The lobby does not respond');
      expect(html, path).toContain(email);
    }
    const form = { reason: 'why', reason_code: 'abuse' };
    expect((await send('POST', `/users/${userId}/block`, { cookie, form }, alone)).status).toBe(303);
    expect(await activeSessions(userId)).toEqual([]);
  });

  it.each(roles)('are for support and owners: %s', async (role) => {
    const { cookie } = await newOperator([role]);
    const { userId, sessionIds } = await newUser();
    const allowed = ['support', 'owner'].includes(role);
    for (const path of ['', `/${userId}`, `/${userId}/block`, `/${userId}/entitlements`]) {
      expect((await send('GET', `/users${path}`, { cookie })).status, path).toBe(allowed ? 200 : 403);
    }
    expect((await page('/names', cookie)).includes('href="/users"')).toBe(allowed);
    const before = await activeSessions(userId);
    for (const [path, form] of [
      [`sessions/${sessionIds[0]}/revoke`, {}],
      ['sign-out', {}],
      ['entitlements', allDefaults],
      ['block', { reason_code: 'abuse' }],
      ['delete', { reason_code: 'requested' }],
    ] as const) {
      expect((await post(`/users/${userId}/${path}`, cookie, form)).status, path).toBe(allowed ? 303 : 403);
    }
    expect(await activeSessions(userId)).toEqual(allowed ? [] : before);
  });

  const allDefaults = {
    can_create_public_game: '',
    can_create_private_game: '',
    can_join_game: '',
    max_owned_games: '',
    max_active_memberships: '',
    max_registered_race_names: '',
  };

  it('lose one session, or all of them, which is recorded', async () => {
    const { cookie, operatorId } = await newOperator(['support']);
    const { userId, sessionIds } = await newUser({ sessions: 3 });
    const [lost = ''] = sessionIds;
    expect((await post(`/users/${userId}/sessions/${lost}/revoke`, cookie)).status).toBe(303);
    expect((await activeSessions(userId)).toSorted()).toEqual(sessionIds.slice(1).toSorted());
    expect(await page(`/users/${userId}/sign-out`, cookie)).toContain('2 sessions end.');
    expect((await post(`/users/${userId}/sign-out`, cookie)).status).toBe(303);
    expect(await activeSessions(userId)).toEqual([]);
    const by = { operator_id: operatorId, reason: 'complaint 12' };
    expect(await auditOf('backend', lost)).toEqual([
      {
        ...by,
        ...{ action: 'session.revoke', subject_kind: 'session' },
        ...{ before: { user_id: userId, revoked: false }, after: { revoked: true } },
      },
    ]);
    expect(await auditOf('backend', userId)).toEqual([
      {
        ...by,
        ...{
          action: 'user.revoke_sessions',
          subject_kind: 'user',
          before: null,
          after: { sessions_ended: 2 },
        },
      },
    ]);
  });

  it('get entitlements of their own, and the defaults back, which is recorded', async () => {
    const { cookie, operatorId } = await newOperator(['support']);
    const { userId } = await newUser();
    const path = `/users/${userId}/entitlements`;
    const form = { ...allDefaults, can_join_game: 'false', max_owned_games: '0' };
    expect((await post(path, cookie, form)).status).toBe(303);
    const shown = await page(path, cookie);
    expect(shown).toContain('name="max_owned_games" type="number" min="0" max="1000000" value="0"');
    for (const bad of [
      { max_owned_games: '-1' },
      { max_owned_games: '1.5' },
      { can_join_game: 'perhaps' },
      {},
    ]) {
      const broken = 'can_join_game' in bad || 'max_owned_games' in bad ? { ...allDefaults, ...bad } : {};
      expect((await post(path, cookie, broken)).status, JSON.stringify(bad)).toBe(400);
    }
    const none = {
      ...{ canCreatePublicGame: null, canCreatePrivateGame: null, canJoinGame: null },
      ...{ maxOwnedGames: null, maxActiveMemberships: null, maxRegisteredRaceNames: null },
    };
    expect((await post(path, cookie, allDefaults)).status).toBe(303);
    const own = { ...none, canJoinGame: false, maxOwnedGames: 0 };
    const by = { operator_id: operatorId, reason: 'complaint 12' };
    const entry = { ...by, action: 'user.set_entitlements', subject_kind: 'user' };
    expect(await auditOf('backend', userId)).toEqual([
      { ...entry, before: none, after: own },
      { ...entry, before: own, after: none },
    ]);
  });

  it.each([
    ['block', 'active', 'blocked'],
    ['delete', 'active', 'deleted'],
  ] as const)('say what a %s ends, and end so, which is recorded', async (way, before, after) => {
    const { cookie, operatorId } = await newOperator(['support']);
    const { player, userId } = await newUser({ sessions: 2 });
    const other = lobby.player();
    const [own, others] = [uniqueName('Mizar'), uniqueName('Alcor')];
    const owned = await makeOpenGame(player, { game_name: hostile });
    await join(other, player, owned, others);
    const played = await makeOpenGame(other, { game_name: 'Lyra' });
    await join(player, other, played, own);
    const path = `/users/${userId}/${way}`;
    const shown = await page(path, cookie);
    for (const text of [
      '2 sessions end.',
      '1 game is cancelled.',
      '1 seat is lost.',
      '2 race names become free.',
    ]) {
      expect(shown).toContain(text);
    }
    for (const text of [escaped, 'Lyra', own, others, 'of another player']) expect(shown).toContain(text);
    expect(shown).not.toContain('<script>alert');
    expect((await post(path, cookie, { reason_code: '' })).status).toBe(400);
    expect((await activeSessions(userId)).length).toBe(2);

    expect((await post(path, cookie, { reason_code: 'cheating' })).status).toBe(303);
    expect(await activeSessions(userId)).toEqual([]);
    const gone = await page(`/users/${userId}`, cookie);
    for (const text of [`<span class="tag ${after}">`, `user.${way}`, 'complaint 12', 'Olga']) {
      expect(gone).toContain(text);
    }
    expect(gone).not.toContain(`href="/users/${userId}/block"`);
    expect(await auditOf('backend', userId)).toEqual([
      {
        ...{ operator_id: operatorId, reason: 'complaint 12', action: `user.${way}`, subject_kind: 'user' },
        ...{ before: { status: before } },
        ...{ after: { status: after, reason_code: 'cheating', sessions_ended: 2 } },
      },
    ]);
  });

  it('join a game again after their block from it was undone, which is recorded', async () => {
    const { cookie, operatorId } = await newOperator(['support', 'moderator']);
    const { player, userId } = await newUser();
    const owner = lobby.player();
    const gameId = await makeOpenGame(owner);
    await join(player, owner, gameId, uniqueName('Rigel'));
    const { body } = await owner.get(`/games/${gameId}/memberships`);
    const [member] = (body as { items: { membership_id: string }[] }).items;
    const membershipId = member?.membership_id ?? '';
    await owner.post(`/memberships/${membershipId}/block`);
    const path = `/users/${userId}/games/${gameId}/memberships/${membershipId}/unblock`;
    expect(await page(`/users/${userId}`, cookie)).toContain(path);
    const support = await newOperator(['support']);
    expect(await page(`/users/${userId}`, support.cookie)).not.toContain(path);
    expect((await post(path, support.cookie)).status).toBe(403);
    expect((await post(path, cookie)).status).toBe(303);
    await join(player, owner, gameId, uniqueName('Deneb'));
    expect(await auditOf('lobby', membershipId)).toEqual([
      {
        ...{ operator_id: operatorId, reason: 'complaint 12' },
        ...{ action: 'membership.unblock', subject_kind: 'membership' },
        ...{ before: { status: 'blocked', game_id: gameId, user_id: userId }, after: null },
      },
    ]);
  });
});

describe('race names', () => {
  /** A name that a player has registered. */
  async function register(name: string) {
    const { userId } = lobby.player();
    const player = lobby.player();
    const gameId = await makeDraft(player);
    const raceNameId = crypto.randomUUID();
    const at = lobby.now();
    await lobby.db.transaction(async (tx) => {
      await lobby.raceNames.reserve(tx, { raceNameId, userId, gameId, name, keys: nameKeys(name), at });
      await lobby.raceNames.allowRegistration(tx, { userId, gameId }, new Date(at.getTime() + 3_600_000));
      await lobby.raceNames.register(tx, raceNameId, at);
    });
    return { raceNameId, userId, gameId };
  }
  const namesPath = (name: string) => `/names?name=${encodeURIComponent(name)}`;

  it('are shown with their holder, and given another one or released, which is recorded', async () => {
    const { cookie, operatorId } = await newOperator(['moderator']);
    const [before, after] = [uniqueName('Vega'), uniqueName('Lyra')];
    const { raceNameId, userId, gameId } = await register(before);
    const shown = await page(namesPath(before.toUpperCase()), cookie);
    for (const text of [before, `/users/${userId}`, `/games/${gameId}`, 'registered'])
      expect(shown).toContain(text);
    for (const verb of ['rename', 'release']) {
      expect(await page(`/names/${raceNameId}/${verb}?name=${encodeURIComponent(before)}`, cookie)).toContain(
        before,
      );
      const path = `/names/${crypto.randomUUID()}/${verb}?name=${encodeURIComponent(before)}`;
      expect((await send('GET', path, { cookie })).status).toBe(404);
    }

    const refused = await post(`/names/${raceNameId}/rename`, cookie, { race_name: 'Admin' });
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain('race name: ');
    const renamed = await post(`/names/${raceNameId}/rename`, cookie, { race_name: after });
    expect(renamed.headers.get('location')).toBe(`/names?${new URLSearchParams({ name: after })}`);
    expect((await post(`/names/${raceNameId}/release`, cookie)).status).toBe(303);
    expect(await page(namesPath(after), cookie)).toContain('No player has this name');
    const by = { operator_id: operatorId, reason: 'complaint 12', subject_kind: 'race_name' };
    const held = { kind: 'registered', user_id: userId, game_id: gameId };
    expect(await auditOf('lobby', raceNameId)).toEqual([
      { ...by, action: 'race_name.rename', before: held, after: null },
      { ...by, action: 'race_name.release', before: held, after: null },
    ]);
  });

  it('are withheld and given back, with a reason that is shown as text, which is recorded', async () => {
    const { cookie, operatorId } = await newOperator(['moderator']);
    const name = uniqueName('Marque');
    expect(await page(namesPath(name), cookie)).toContain('Withhold this name');
    const reason = `${hostile} ${name}`;
    const form = { race_name: name, reason };
    expect((await send('POST', '/names/withhold', { cookie, form })).status).toBe(303);
    const list = await page('/names', cookie);
    expect(list).toContain(escaped);
    expect(list).not.toContain('<script>alert');
    const id =
      new RegExp(`withheld/([0-9a-f-]+)/give-back\\?name=${name.replace(' ', '\\+')}`).exec(list)?.[1] ?? '';
    expect(await page(namesPath(name), cookie)).not.toContain('Withhold this name');
    expect((await post(`/names/withheld/${id}/give-back`, cookie)).status).toBe(303);
    expect(await page(namesPath(name), cookie)).toContain('Withhold this name');
    const by = { operator_id: operatorId, subject_kind: 'withheld_race_name', before: null, after: null };
    expect(await auditOf('lobby', id)).toEqual([
      { ...by, action: 'race_name.withhold', reason },
      { ...by, action: 'race_name.give_back', reason: 'complaint 12' },
    ]);
  });

  it('show the address of a page as text', async () => {
    const { cookie } = await newOperator(['moderator']);
    const name = encodeURIComponent(hostile);
    for (const path of ['/names?', '/names/withhold?', '/names/withheld/1/give-back?']) {
      const html = await page(`${path}name=${name}`, cookie);
      expect(html, path).toContain(escaped);
      expect(html, path).not.toContain('<script>alert');
    }
  });

  it.each(roles)('are seen by all, and changed by moderators and owners: %s', async (role) => {
    const { cookie } = await newOperator([role]);
    const name = uniqueName('Castor');
    const { raceNameId } = await register(name);
    const allowed = ['moderator', 'owner'].includes(role);
    const shown = await page(namesPath(name), cookie);
    expect(shown).toContain(name);
    expect(shown.includes(`/names/${raceNameId}/release`)).toBe(allowed);
    const other = uniqueName('Pollux');
    const expected = allowed ? 303 : 403;
    expect((await post('/names/withhold', cookie, { race_name: other })).status).toBe(expected);
    expect(
      (await post(`/names/${raceNameId}/rename`, cookie, { race_name: uniqueName('Spica') })).status,
    ).toBe(expected);
    expect((await post(`/names/${raceNameId}/release`, cookie)).status).toBe(expected);
    expect(await page(namesPath(other), cookie)).toContain(
      allowed ? 'Withheld, so that' : 'No player has this name',
    );
  });

  it('say so when the lobby is down', async () => {
    const { cookie } = await newOperator(['viewer']);
    const [backendUrl = ''] = listeners.map(({ port }) => `http://127.0.0.1:${port}`);
    const alone = consoleAt({ backend: backendUrl, lobby: 'http://127.0.0.1:1' });
    expect(await page('/names?name=Vega', cookie, alone)).toContain('The lobby does not respond');
  });
});

describe('a link that signs in', () => {
  it('works once, and for a quarter of an hour', async () => {
    const { operatorId } = await newOperator(['viewer']);
    const link = () => createLink(deps(), backend.db, { operatorId, purpose: 'sign_in' });
    const [used, old] = [await link(), await link()];
    const redeem = async (token: string) => (await send('POST', '/sign-in/link', { form: { token } })).status;
    expect([await redeem(used), await redeem(used)]).toEqual([303, 422]);
    backend.advance(15 * 60_000);
    expect(await redeem(old)).toBe(422);
    backend.advance(-15 * 60_000);
    const forPasskey = await createLink(deps(), backend.db, { operatorId, purpose: 'enrol' });
    expect(await redeem(forPasskey)).toBe(422);
  });

  it('is taken only where no other machine reaches the console', async () => {
    const { operatorId } = await newOperator(['owner']);
    const token = await createLink(deps(), backend.db, { operatorId, purpose: 'sign_in' });
    const [backendUrl] = listeners.map(({ port }) => `http://127.0.0.1:${port}`);
    const open = consoleAt({ backend: backendUrl ?? '', lobby: '' }, { host: '0.0.0.0' });
    const response = await send('POST', '/sign-in/link', { form: { token } }, open);
    expect(response.headers.get('location')).toBe('/sign-in');
    expect(response.headers.get('set-cookie')).not.toMatch(/[0-9a-f]{64}/);
  });

  it('of the command line is for a local owner, who is added once', async () => {
    const environment = { BACKEND_POSTGRES_PRIMARY_DSN: backend.dsn };
    const first = await onBackendDatabase(environment, localSignIn);
    expect(first).toMatch(/^\/sign-in\/link\?token=[0-9a-f]{64}$/);
    expect(await onBackendDatabase(environment, localSignIn)).not.toBe(first);
  });
});

it('the last owner stays one', async () => {
  const { rows } = await backend.pool.query<{ id: string }>(
    `UPDATE backend.operators SET roles = '{viewer}' WHERE 'owner' = any(roles) RETURNING operator_id AS id`,
  );
  expect(rows.length).toBeGreaterThan(0);
  const last = await newOperator(['owner']);
  for (const [verb, form] of [
    ['roles', { roles: 'viewer', reason: 'why' }],
    ['disable', { reason: 'why' }],
  ] as const) {
    const response = await send('POST', `/operators/${last.operatorId}/${verb}`, {
      cookie: last.cookie,
      form,
    });
    expect(response.status).toBe(409);
  }
  expect(await signedIn(last.cookie)).toBe(true);
});

describe('a page', () => {
  it('shows names as text, whatever they are', async () => {
    const { cookie } = await newOperator(['owner'], hostile);
    const gameId = await makeDraft(lobby.player(), { game_name: hostile, description: hostile });
    for (const path of [`/games/${gameId}`, `/games/${gameId}/cancel`, '/games?status=draft', '/operators']) {
      const page = await (await send('GET', path, { cookie })).text();
      expect(page, path).toContain(escaped);
      expect(page, path).not.toContain('<script>alert');
    }
    const search = await send('GET', `/games?q=${encodeURIComponent('"><script>alert(1)</script>')}`, {
      cookie,
    });
    expect(await search.text()).not.toContain('<script>alert');
  });

  it.each(['/operators', '/audit', '/sign-in'])('%s is read by no page of another port', async (path) => {
    const { cookie } = await newOperator(['owner']);
    const headers = { origin: 'http://localhost:3000' };
    const response = await send('GET', path, { cookie, headers });
    expect(response.status).toBe(200);
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
    expect(response.headers.get('cross-origin-resource-policy')).toBe('same-origin');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('says which service is down, and shows the rest', async () => {
    const { cookie } = await newOperator(['viewer']);
    const page = await (await send('GET', '/', { cookie })).text();
    expect(page).toContain('The Game Master does not respond');
    expect(page).toContain('enrollment open');
  });

  it('may not be framed, and runs no script but its own', async () => {
    const response = await send('GET', '/sign-in');
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain(`script-src 'self';`);
    expect(policy).toContain(`frame-ancestors 'none'`);
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  it.each(['/', '/users', '/games', '/names', '/operators', '/audit', '/nothing'])(
    '%s needs a sign-in',
    async (path) => {
      const response = await send('GET', path);
      expect([response.status, response.headers.get('location')]).toEqual([303, '/sign-in']);
    },
  );
});

describe('people without a session', () => {
  const limited = () => {
    const [backendUrl = ''] = listeners.map(({ port }) => `http://127.0.0.1:${port}`);
    const rate = { count: 3, perMs: 3_600_000, burst: 3 };
    const limit = createStrangerLimit(rate, addressList.parse('10.0.0.0/8'));
    return consoleAt({ backend: backendUrl, lobby: '' }, { limitStranger: limit });
  };
  const from = (console: ConsoleApp, address: string, path: string, headers: Record<string, string> = {}) => {
    const posts = path.endsWith('/begin') || path.endsWith('/finish') || path === '/sign-in/link';
    const init = { method: posts ? 'POST' : 'GET', headers: { origin: publicUrl, ...headers } };
    return console.request(path, init, { peerAddress: address });
  };

  it.each([
    '/sign-in/begin',
    '/sign-in/finish',
    '/sign-in/link',
    '/sign-in/oidc',
    '/sign-in/oidc/callback',
    '/enrol/begin',
    '/enrol/finish',
  ])('send few requests of a network to %s', async (path) => {
    const console = limited();
    const statuses: number[] = [];
    for (let count = 0; count < 4; count += 1)
      statuses.push((await from(console, `2001:db8::${count}`, path)).status);
    expect(statuses.map((status) => status === 429)).toEqual([false, false, false, true]);
    expect((await from(console, '2001:db8:0:1::1', path)).status).not.toBe(429);
  });

  it('cannot have cookies looked up without end, and operators can', async () => {
    const console = limited();
    const { cookie } = await newOperator(['viewer']);
    for (let count = 0; count < 10; count += 1) {
      expect((await from(console, '192.0.2.1', '/operators', { cookie })).status).toBe(200);
    }
    const statuses: number[] = [];
    for (let count = 0; count < 4; count += 1) {
      const guess = `galaxy-console=${String(count).repeat(64)}`;
      statuses.push((await from(console, '192.0.2.1', '/operators', { cookie: guess })).status);
    }
    expect(statuses).toEqual([303, 303, 303, 429]);
  });

  it('are told apart behind a trusted proxy, and by no header of their own', async () => {
    const console = limited();
    const behind = (peer: string, client: string) =>
      from(console, peer, '/sign-in', { 'x-forwarded-for': client });
    for (let count = 0; count < 3; count += 1) await behind('10.0.0.1', '192.0.2.7');
    expect((await behind('10.0.0.1', '192.0.2.7')).status).toBe(429);
    expect((await behind('10.0.0.1', '192.0.2.8')).status).toBe(200);
    for (let count = 0; count < 3; count += 1) await behind('192.0.2.9', `198.51.100.${count}`);
    expect((await behind('192.0.2.9', '198.51.100.9')).status).toBe(429);
  });

  it('cannot send a large body', async () => {
    const form = { token: 'a'.repeat(200_000) };
    expect((await send('POST', '/sign-in/link', { form })).status).toBe(413);
  });
});
