// Who may use which route of the internal listeners: every route for every role, and what does not prove a role.
import { SignJWT, UnsecuredJWT } from 'jose';
import { beforeAll, describe, expect, it, test } from 'vitest';
import { createBackendAdminApp } from '../../../handlers/backend/admin-router.ts';
import { createGameMasterInternalApp } from '../../../handlers/game-master/internal-router.ts';
import { createLobbyInternalApp } from '../../../handlers/lobby/internal-router.ts';
import type { BackendContext } from '../../../lib/backend/context.ts';
import type { GameMaster } from '../../../lib/game-master/context.ts';
import type { HttpApp } from '../../../lib/http/app.ts';
import type { Lobby } from '../../../lib/lobby/context.ts';
import { type Audience, assertionHeader, reasonHeader } from '../../../lib/operators/assertion.ts';
import { type Role, roles } from '../../../lib/operators/roles.ts';
import type { StreamAdmin } from '../../../lib/streams/admin.ts';
import { createLogger } from '../../../lib/telemetry/logger.ts';
import { newOperatorKey, operatorHeaders, operatorIds, operatorKey } from '../../support/operators.ts';
import { callerWith } from '../../support/service-callers.ts';

const options = {
  log: createLogger({ service: 'test', level: 'silent' }),
  ready: () => true,
  bodyLimitBytes: 65_536,
  callers: callerWith('the-token'),
  operatorKeys: [operatorKey.publicKey],
};
// What a request that is let in would need is not there: it fails, but not for want of a role.
const nothing = {};
const apps: Record<Exclude<Audience, 'runtime-manager'>, HttpApp> = {
  backend: createBackendAdminApp(options, nothing as BackendContext, nothing as StreamAdmin),
  lobby: createLobbyInternalApp(options, nothing as Lobby),
  'game-master': createGameMasterInternalApp(options, nothing as GameMaster),
};
type Service = keyof typeof apps;

type Route = { service: Service; operationId: string; method: string; path: string };
const routes: Route[] = Object.entries(apps).flatMap(([service, app]) =>
  app.openAPIRegistry.definitions.flatMap((definition) => {
    if (definition.type !== 'route') return [];
    const { method, path, operationId = '' } = definition.route;
    return [{ service: service as Service, operationId, method: method.toUpperCase(), path }];
  }),
);

async function send(
  { service, method, path }: Omit<Route, 'operationId'>,
  headers: Record<string, string>,
): Promise<{ status: number; code: string; message: string }> {
  const url = path.replaceAll(/\{\w+\}/g, '01980000-0000-7000-8000-000000000001');
  const response = await apps[service].request(url, {
    method,
    headers: { authorization: 'Bearer the-token', ...headers },
  });
  const { error } = (await response.json()) as { error?: { code: string; message: string } };
  return { status: response.status, code: error?.code ?? 'ok', message: error?.message ?? '' };
}

/** For services alone; no operator has them. */
const ofServices = new Set([
  'beginOperatorEnrolment',
  'finishOperatorEnrolment',
  'beginOperatorSignIn',
  'finishOperatorSignIn',
  'listOperatorSignInMethods',
  'beginOperatorOidcSignIn',
  'finishOperatorOidcSignIn',
  'redeemOperatorLink',
  'findOperatorSession',
  'endOperatorSession',
  'readGames',
  'readGame',
  'readMemberships',
  'readStanding',
  'readAccess',
  'healthz',
  'registerRuntime',
]);
const ofUsers = new Set([
  'listUsers',
  'getUser',
  'getEntitlements',
  'previewAccountRemoval',
  'listUserSessions',
  'listUserMails',
  'previewUserRemoval',
]);
const ofEngines: Record<string, readonly Role[]> = {
  readEngineLog: ['moderator', 'operator', 'owner'],
  restartEngine: ['operator', 'owner'],
};
const changesBy: Record<string, readonly Role[]> = {
  users: ['support', 'owner'],
  sessions: ['support', 'owner'],
  lobby: ['moderator', 'owner'],
  games: ['moderator', 'owner'],
  'dead-letters': ['operator', 'owner'],
  operators: ['owner'],
};

function expectedRoles({ operationId, method, path }: Route): readonly Role[] {
  if (ofServices.has(operationId)) return [];
  if (ofUsers.has(operationId)) return ['support', 'owner'];
  if (operationId in ofEngines) return ofEngines[operationId] ?? [];
  // It calculates, and changes nothing.
  if (method === 'GET' || operationId === 'previewClock') return roles;
  return changesBy[path.split('/')[4] ?? ''] ?? [];
}

test('there are routes of all three services', () => {
  expect(routes.length).toBeGreaterThan(70);
  expect(routes.filter(({ operationId }) => operationId === '')).toEqual([]);
});

describe.each(roles)('an operator who is %s', (role) => {
  const headersOf = {} as Record<Service, Record<string, string>>;
  beforeAll(async () => {
    for (const service of Object.keys(apps) as Service[]) {
      headersOf[service] = await operatorHeaders(service, 'ada', [role]);
    }
  });

  it.each(routes)('at $service $operationId', async (route) => {
    const { code } = await send(route, headersOf[route.service]);
    expect(code === 'forbidden' ? 'refused' : 'let in').toBe(
      expectedRoles(route).includes(role) ? 'let in' : 'refused',
    );
    expect(code).not.toBe('unauthenticated');
  });
});

it.each(routes)('$service $operationId with the token alone is for services', async (route) => {
  const { code } = await send(route, {});
  expect(code === 'unauthenticated').toBe(!ofServices.has(route.operationId));
});

it('an assertion does not stand in for the token of a caller', async () => {
  const route = { service: 'lobby', method: 'GET', path: '/api/v1/internal/lobby/games' } as const;
  const headers = { authorization: 'Bearer another', ...(await operatorHeaders('lobby')) };
  expect(await send(route, headers)).toMatchObject({ status: 401, code: 'unauthenticated' });
});

describe('an assertion', () => {
  const cancel = {
    service: 'lobby',
    method: 'POST',
    path: '/api/v1/internal/lobby/games/{game_id}/cancel',
  } as const;
  const identity = { operatorId: operatorIds.ada, sessionId: operatorIds.grace, roles: ['owner'] as const };
  const claims = { roles: ['owner'], sid: identity.sessionId };
  const seconds = () => Math.floor(Date.now() / 1_000);
  const ago = (ms: number) => new Date(Date.now() - ms);
  const signed = (audience: Audience, at: Date) => operatorKey.sign(identity, audience, at);
  const attempt = (assertion: string, reason = 'why') =>
    send(cancel, { [assertionHeader]: assertion, [reasonHeader]: reason });

  it.each([
    ['of now', 0],
    ['of 64 seconds ago: clocks may differ', 64_000],
    ['of 4 seconds ahead', -4_000],
  ])('%s is accepted', async (_, ms) => {
    expect((await attempt(await signed('lobby', ago(ms)))).code).toBe('internal_error');
  });

  it.each<[string, () => Promise<string> | string]>([
    ['of 66 seconds ago', () => signed('lobby', ago(66_000))],
    ['of 10 seconds ahead', () => signed('lobby', ago(-10_000))],
    ['for another service', () => signed('backend', new Date())],
    ['signed by another key', async () => (await newOperatorKey()).sign(identity, 'lobby', new Date())],
    [
      'that says it needs no signature',
      () =>
        new UnsecuredJWT(claims)
          .setIssuer('galaxy-backend')
          .setAudience('lobby')
          .setSubject(identity.operatorId)
          .setIssuedAt(seconds())
          .setExpirationTime(seconds() + 60)
          .encode(),
    ],
    [
      'signed by the public key as if it were a secret',
      () =>
        new SignJWT(claims)
          .setProtectedHeader({ alg: 'HS256', kid: operatorKey.publicKey })
          .setIssuer('galaxy-backend')
          .setAudience('lobby')
          .setSubject(identity.operatorId)
          .setIssuedAt(seconds())
          .setExpirationTime(seconds() + 60)
          .sign(Buffer.from(operatorKey.publicKey, 'base64url')),
    ],
    ['that is not one', () => 'a.b.c'],
    ['that is empty', () => ''],
  ])('%s is refused', async (_, make) => {
    expect(await attempt(await make())).toMatchObject({ status: 401, code: 'unauthenticated' });
  });

  it('is accepted of each configured key, and no longer of one that was taken away', async () => {
    const next = await newOperatorKey();
    const appWith = (operatorKeys: string[]) =>
      createLobbyInternalApp({ ...options, operatorKeys }, nothing as Lobby);
    const statusAt = async (app: ReturnType<typeof appWith>, { sign }: typeof next) => {
      const headers = {
        authorization: 'Bearer the-token',
        [assertionHeader]: await sign(identity, 'lobby', new Date()),
      };
      return (await app.request('/api/v1/internal/lobby/games', { headers })).status;
    };
    const during = appWith([operatorKey.publicKey, next.publicKey]);
    const after = appWith([next.publicKey]);
    expect([await statusAt(during, operatorKey), await statusAt(during, next)]).toEqual([500, 500]);
    expect([await statusAt(after, operatorKey), await statusAt(after, next)]).toEqual([401, 500]);
  });

  it('whose payload was changed is refused', async () => {
    const [head, payload = '', signature] = (
      await operatorKey.sign({ ...identity, roles: ['viewer'] }, 'lobby', new Date())
    ).split('.');
    const changed = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), roles: ['owner'] };
    const forged = `${head}.${Buffer.from(JSON.stringify(changed)).toString('base64url')}.${signature}`;
    expect(await attempt(forged)).toMatchObject({ status: 401, code: 'unauthenticated' });
  });

  it.each([
    ['no reason', ''],
    ['blanks', '%20%20'],
    ['a reason that is too long', 'a'.repeat(501)],
    ['a reason with control characters', 'a%0Ab'],
    ['a reason that is not percent-encoded well', '%e2%82'],
  ])('with %s changes nothing', async (_, reason) => {
    expect(await attempt(await signed('lobby', new Date()), reason)).toMatchObject({
      status: 400,
      message: expect.stringContaining(reasonHeader),
    });
  });

  it('is refused by a listener that has no keys', async () => {
    const { operatorKeys: _, ...without } = options;
    const app = createLobbyInternalApp(without, nothing as Lobby);
    const headers = { authorization: 'Bearer the-token', ...(await operatorHeaders('lobby')) };
    expect((await app.request('/api/v1/internal/lobby/games', { headers })).status).toBe(401);
  });
});
