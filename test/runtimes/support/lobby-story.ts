// The requests of players, admins and the Game Master to the lobby, from a draft to a start job.
import { field, type Send } from './caller.ts';

export type LobbyStage = {
  /** The public listener. */
  players: Send;
  /** The internal one. */
  admin: Send;
  /** The backend's service listener, which passes on what belongs to the lobby. */
  backend: Send;
};

export type Cast = { owner: string; first: string; second: string };

const lobby = '/api/v1/lobby';

const game = {
  game_type: 'public',
  game_name: 'Andromeda ✦ Nebel',
  min_players: 2,
  max_players: 2,
  enrollment_ends_at: '2999-01-01T00:00:00+02:00',
  turn_schedule: '0 18 * * *',
  time_zone: 'Europe/Berlin',
  target_engine_version: '1.0.0',
};

export async function playLobby(stage: LobbyStage, cast: Cast): Promise<void> {
  await greet(stage);
  await refuse(stage, cast);
  await preview(stage, cast);
  const gameId = await open(stage, cast);
  const applications = await enroll(stage, cast, gameId);
  await decide(stage, cast, gameId, applications);
  await administer(stage, gameId);
}

async function greet({ players, admin }: LobbyStage): Promise<void> {
  for (const [name, ask] of Object.entries({ players, admin })) {
    await ask(`${name}: lives`, 'GET /healthz', 200);
    await ask(`${name}: is ready`, 'GET /readyz', 200);
    const stranger = { headers: { authorization: 'Bearer wrong' } };
    await ask(`${name}: wants its token`, `GET ${lobby}/games`, 401, stranger);
    await ask(`${name}: has no such route`, 'GET /nothing', 404);
  }
  // A listener must not serve the routes of the other one.
  await players('internal routes are not public', 'GET /api/v1/internal/lobby/games', 404);
  await admin('public routes are not internal', `GET ${lobby}/games`, 404);
}

async function refuse({ players }: LobbyStage, { owner: as }: Cast): Promise<void> {
  const create = `POST ${lobby}/games`;
  await players('no user', create, 401, { body: game });
  await players('no user id', create, 401, { as: 'ada', body: game });
  await players('every field is wrong', create, 400, {
    as,
    body: { game_type: 'x', game_name: '', more: 1 },
  });
  await players('no JSON', create, 400, { as, body: '{"game_name":' });
  await players('no JSON type', create, 415, { as, body: 'x', headers: { 'content-type': 'text/plain' } });
  await players('too large', create, 413, { as, body: { ...game, description: 'x'.repeat(70_000) } });
  await players('unknown query', `GET ${lobby}/games?colour=red`, 400, { as });
  await players('bad page token', `GET ${lobby}/games?page_token=abc`, 400, { as });
  await players('no such game', `GET ${lobby}/games/${as}`, 404, { as });
  await players('no game id', `GET ${lobby}/games/1`, 400, { as });
}

/** Runtimes know time zones by themselves. */
async function preview({ players }: LobbyStage, { owner: as }: Cast): Promise<void> {
  const ask = `POST ${lobby}/clocks/preview`;
  // Over a midnight that clocks skip, a date that was left out, and one that came twice.
  const clocks = [
    { turn_schedule: '0 0 * * *', time_zone: 'America/Santiago', from: '2026-09-04T12:00:00Z' },
    { turn_seconds: 86_400, time_zone: 'America/Santiago', from: '2026-09-05T12:00:00Z' },
    { turn_seconds: 86_400, time_zone: 'Pacific/Apia', from: '2011-12-29T11:00:00Z' },
    { turn_seconds: 86_400, time_zone: 'America/St_Johns', from: '2010-11-06T12:00:00Z' },
    { turn_schedule: '15 2 * * *', time_zone: 'Australia/Lord_Howe', from: '2026-10-02T12:00:00Z' },
  ];
  for (const clock of clocks) {
    for (const quiet_days of [[], [1, 5, 7]]) {
      const body = { ...clock, quiet_days, grace_seconds: 60 };
      await players(`deadlines in ${clock.time_zone}`, ask, 200, { as, body });
    }
  }
  await players('no clock', ask, 400, { as, body: {} });
}

async function open({ players, backend }: LobbyStage, { owner: as, first }: Cast): Promise<string> {
  const create = `POST ${lobby}/games`;
  const headers = { 'idempotency-key': 'once', traceparent: `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01` };
  const draft = await players('a draft', create, 201, { as, body: game, headers });
  await players('the same again', create, 201, { as, body: game, headers });
  const other = { ...game, game_name: 'Other' };
  await players('another one under that key', create, 409, { as, body: other, headers });
  const path = `${lobby}/games/${field(draft, 'game_id')}`;

  await players('a draft is hidden from other players', `GET ${path}`, 404, { as: first });
  const change = { as, body: { description: 'Für alle — 大家' } };
  const stale = { ...change, headers: { 'if-match': '"7"' } };
  await players('a change of something older', `PATCH ${path}`, 412, stale);
  const fresh = { ...change, headers: { 'if-match': draft.headers.get('etag') ?? '' } };
  await players('a change', `PATCH ${path}`, 200, fresh);
  await players('enrollment opens', `POST ${path}/open-enrollment`, 200, { as });
  await players('it is open already', `POST ${path}/open-enrollment`, 409, { as });

  // Through the backend, for gateways that know only the backend.
  const second = await backend('a second game', create, 201, { as, body: { ...game, game_name: 'Zweites' } });
  await backend('its enrollment', `POST ${lobby}/games/${field(second, 'game_id')}/open-enrollment`, 200, {
    as,
  });
  await backend('what the lobby refuses', create, 400, { as, body: {} });
  return field(draft, 'game_id');
}

async function enroll(
  { players }: LobbyStage,
  { owner, first, second }: Cast,
  gameId: string,
): Promise<string[]> {
  const list = `GET ${lobby}/games?status=enrollment_open&sort=newest&page_size=1`;
  const page = await players('the first page', list, 200, { as: first });
  await players('the next page', `${list}&page_token=${field(page, 'next_page_token')}`, 200, { as: first });
  await players('a search', `GET ${lobby}/games?q=andromeda`, 200, { as: first });

  const available = `GET ${lobby}/race-names/availability?name=Vegans`;
  await players('the name is free', available, 200, { as: first });
  const apply = `POST ${lobby}/games/${gameId}/applications`;
  const asFirst = { as: first, body: { race_name: 'Vegans' } };
  const applied = await players('an application', apply, 201, asFirst);
  await players('twice', apply, 409, asFirst);
  await players('a name with a blank', apply, 400, { as: second, body: { race_name: ' ' } });
  const other = await players('another application', apply, 201, {
    as: second,
    body: { race_name: 'Orions' },
  });
  await players('applications', `GET ${lobby}/games/${gameId}/applications`, 200, { as: owner });
  await players('applications of mine', `GET ${lobby}/my/applications`, 200, { as: second });
  return [field(applied, 'application_id'), field(other, 'application_id')];
}

async function decide(
  { players }: LobbyStage,
  { owner, first, second }: Cast,
  gameId: string,
  [one = '', two = '']: readonly string[],
): Promise<void> {
  const approve = (application: string) => `POST ${lobby}/applications/${application}/approve`;
  const path = `${lobby}/games/${gameId}`;
  await players('applicants cannot approve themselves', approve(one), 403, { as: first });
  await players('approved', approve(one), 200, { as: owner });
  await players('approved before', approve(one), 409, { as: owner });
  // Look-alikes of a name that a player of some game holds are taken.
  await players('the name is taken', `GET ${lobby}/race-names/availability?name=vegаns`, 200, {
    as: second,
  });
  const headers = { 'idempotency-key': 'two' };
  await players('the last place', approve(two), 200, { as: owner, headers });
  await players('the same response', approve(two), 200, { as: owner, headers });
  await players('members', `GET ${path}/memberships`, 200, { as: first });
  await players('games of mine', `GET ${lobby}/my/games`, 200, { as: second });
  await players('not for members', `POST ${path}/start`, 403, { as: first });
  await players('started', `POST ${path}/start`, 200, { as: owner });
  await players('it starts already', `POST ${path}/start`, 409, { as: owner });
  await players('what happened', `GET ${path}/timeline`, 200, { as: owner });
}

async function administer({ admin }: LobbyStage, gameId: string): Promise<void> {
  await admin('an admin sees the game', `GET /api/v1/internal/lobby/games/${gameId}`, 200);
  await admin('the Game Master reads it', `GET /api/v1/internal/games/${gameId}`, 200);
  await admin('its members', `GET /api/v1/internal/games/${gameId}/memberships`, 200);
  await admin('streams', 'GET /api/v1/internal/streams', 200);
  await admin('without keys no assertion counts', 'GET /api/v1/internal/streams', 401, {
    headers: { 'x-operator-assertion': 'a.b.c' },
  });
  await admin('what describes it', 'GET /openapi.json', 200);
  const cancel = `POST /api/v1/internal/lobby/games/${gameId}/cancel`;
  await admin('cancelled while it starts', cancel, 409);
}
