// The routes of message types. Every public route of the lobby and of the Game Master and every user route of the
// backend has a message type here; test/unit/message-types.test.ts compares the lists. A message type is named area, noun, verb.
//
// Path parameters are taken from the payload by their names. For GET the rest of the payload becomes the query,
// otherwise the JSON body.

export type Upstream = 'backend' | 'lobby' | 'game';

/** Message types of one class share a rate limit: they have similar costs. */
export type MessageClass = 'read' | 'write' | 'subscribe';

export type Route = {
  readonly upstream: Upstream;
  readonly class: MessageClass;
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Parameters are in braces. */
  readonly path: string;
};

const get = (upstream: Upstream, path: string): Route => ({ upstream, class: 'read', method: 'GET', path });
const post = (upstream: Upstream, path: string): Route => ({
  upstream,
  class: 'write',
  method: 'POST',
  path,
});
const patch = (upstream: Upstream, path: string): Route => ({
  upstream,
  class: 'write',
  method: 'PATCH',
  path,
});

const del = (upstream: Upstream, path: string): Route => ({
  upstream,
  class: 'write',
  method: 'DELETE',
  path,
});

export const routes = {
  'user.account.get': get('backend', '/api/v1/user/account'),
  'user.account.update': patch('backend', '/api/v1/user/account'),
  'user.account.delete': del('backend', '/api/v1/user/account'),
  'user.email.start_change': post('backend', '/api/v1/user/email/start-change'),
  'user.email.confirm_change': post('backend', '/api/v1/user/email/confirm-change'),
  'user.recovery_codes.get': get('backend', '/api/v1/user/recovery-codes'),
  'user.recovery_codes.start': post('backend', '/api/v1/user/recovery-codes/start'),
  'user.recovery_codes.create': post('backend', '/api/v1/user/recovery-codes'),
  'user.mail_opt_outs.get': get('backend', '/api/v1/user/mail-opt-outs'),
  'user.mail_opt_outs.set': post('backend', '/api/v1/user/mail-opt-outs'),
  'user.player.lookup': get('backend', '/api/v1/user/lookup'),
  'user.session.list': get('backend', '/api/v1/user/sessions'),
  'user.session.revoke': post('backend', '/api/v1/user/sessions/{device_session_id}/revoke'),
  'user.session.revoke_all': post('backend', '/api/v1/user/sessions/revoke-all'),

  'lobby.engine.list': get('lobby', '/api/v1/lobby/engines'),
  'lobby.game.create': post('lobby', '/api/v1/lobby/games'),
  'lobby.game.list': get('lobby', '/api/v1/lobby/games'),
  'lobby.game.get': get('lobby', '/api/v1/lobby/games/{game_id}'),
  'lobby.game.update': patch('lobby', '/api/v1/lobby/games/{game_id}'),
  'lobby.game.open_enrollment': post('lobby', '/api/v1/lobby/games/{game_id}/open-enrollment'),
  'lobby.game.close_enrollment': post('lobby', '/api/v1/lobby/games/{game_id}/close-enrollment'),
  'lobby.game.reopen_enrollment': post('lobby', '/api/v1/lobby/games/{game_id}/reopen-enrollment'),
  'lobby.game.start': post('lobby', '/api/v1/lobby/games/{game_id}/start'),
  'lobby.game.retry_start': post('lobby', '/api/v1/lobby/games/{game_id}/retry-start'),
  'lobby.game.pause': post('lobby', '/api/v1/lobby/games/{game_id}/pause'),
  'lobby.game.resume': post('lobby', '/api/v1/lobby/games/{game_id}/resume'),
  'lobby.game.cancel': post('lobby', '/api/v1/lobby/games/{game_id}/cancel'),
  'lobby.game.timeline': get('lobby', '/api/v1/lobby/games/{game_id}/timeline'),
  'lobby.clock.preview': post('lobby', '/api/v1/lobby/clocks/preview'),
  'lobby.application.submit': post('lobby', '/api/v1/lobby/games/{game_id}/applications'),
  'lobby.application.list': get('lobby', '/api/v1/lobby/games/{game_id}/applications'),
  'lobby.application.approve': post('lobby', '/api/v1/lobby/applications/{application_id}/approve'),
  'lobby.application.reject': post('lobby', '/api/v1/lobby/applications/{application_id}/reject'),
  'lobby.application.withdraw': post('lobby', '/api/v1/lobby/applications/{application_id}/withdraw'),
  'lobby.invite.create': post('lobby', '/api/v1/lobby/games/{game_id}/invites'),
  'lobby.invite.list': get('lobby', '/api/v1/lobby/games/{game_id}/invites'),
  'lobby.invite.redeem': post('lobby', '/api/v1/lobby/invites/{invite_id}/redeem'),
  'lobby.invite.decline': post('lobby', '/api/v1/lobby/invites/{invite_id}/decline'),
  'lobby.invite.revoke': post('lobby', '/api/v1/lobby/invites/{invite_id}/revoke'),
  'lobby.invite.redeem_code': post('lobby', '/api/v1/lobby/invite-codes/{code}/redeem'),
  'lobby.membership.list': get('lobby', '/api/v1/lobby/games/{game_id}/memberships'),
  'lobby.membership.leave': post('lobby', '/api/v1/lobby/games/{game_id}/leave'),
  'lobby.membership.remove': post('lobby', '/api/v1/lobby/memberships/{membership_id}/remove'),
  'lobby.membership.block': post('lobby', '/api/v1/lobby/memberships/{membership_id}/block'),
  'lobby.membership.unblock': post('lobby', '/api/v1/lobby/memberships/{membership_id}/unblock'),
  'lobby.race_name.check': get('lobby', '/api/v1/lobby/race-names/availability'),
  'lobby.race_name.register': post('lobby', '/api/v1/lobby/race-names/register'),
  'lobby.game.list_mine': get('lobby', '/api/v1/lobby/my/games'),
  'lobby.application.list_mine': get('lobby', '/api/v1/lobby/my/applications'),
  'lobby.invite.list_mine': get('lobby', '/api/v1/lobby/my/invites'),
  'lobby.race_name.list_mine': get('lobby', '/api/v1/lobby/my/race-names'),

  'game.turn.get': get('game', '/api/v1/games/{game_id}/turn'),
  'game.view.get': get('game', '/api/v1/games/{game_id}/view'),
  'game.orders.submit': post('game', '/api/v1/games/{game_id}/orders'),
  'game.orders.get': get('game', '/api/v1/games/{game_id}/orders'),
  'game.orders.withdraw': post('game', '/api/v1/games/{game_id}/orders/withdraw'),
  'game.history.list': get('game', '/api/v1/games/{game_id}/history'),
} as const satisfies Record<string, Route>;

const routesByType: ReadonlyMap<string, Route> = new Map(Object.entries(routes));

export function routeOf(messageType: string): Route | undefined {
  return routesByType.get(messageType);
}

export type UpstreamRequest = {
  readonly method: Route['method'];
  /** Path and query. */
  readonly target: string;
  /** JSON, absent for GET. */
  readonly body?: string;
};

export type PayloadProblem = { field: string; problem: string };

/** Well below the 16 KiB of headers that HTTP servers accept. */
const maxTargetLength = 8_000;

const safeParameter = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Turns a payload into the HTTP request of its route. Path parameters must be plain ids, so that no payload can reach
 * another path.
 */
export function toUpstreamRequest(
  route: Pick<Route, 'method' | 'path'>,
  payload: Readonly<Record<string, unknown>>,
): { ok: true; request: UpstreamRequest } | { ok: false; problems: PayloadProblem[] } {
  const problems: PayloadProblem[] = [];
  const inPath = new Set<string>();
  const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    inPath.add(name);
    const value = payload[name];
    if (typeof value === 'string' && safeParameter.test(value)) return value;
    problems.push({ field: name, problem: 'must be 1 to 64 letters, digits, - or _' });
    return '';
  });
  const rest = Object.entries(payload).filter(([name]) => !inPath.has(name));
  if (route.method !== 'GET') {
    if (problems.length > 0) return { ok: false, problems };
    const body = JSON.stringify(Object.fromEntries(rest));
    return { ok: true, request: { method: route.method, target: path, body } };
  }
  const query = new URLSearchParams();
  for (const [name, value] of rest) {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      query.append(name, String(value));
    } else {
      problems.push({ field: name, problem: 'must be a string, a number or a boolean' });
    }
  }
  if (problems.length > 0) return { ok: false, problems };
  const target = query.size === 0 ? path : `${path}?${query}`;
  if (target.length > maxTargetLength) {
    const problem = `is too long for a read: at most ${maxTargetLength} characters as path and query`;
    return { ok: false, problems: [{ field: 'payload_bytes', problem }] };
  }
  return { ok: true, request: { method: route.method, target } };
}
