// The whole platform through its front door: real processes, real databases, signed requests.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Caller, callers } from '../../infra/local/callers.ts';
import { reachable } from '../../infra/local/service.ts';
import { GatewayError } from '../../lib/client/gateway-error.ts';
import type { ListenAddress } from '../../lib/config/types.ts';
import type { TestClient } from '../support/gateway/test-client.ts';
import { startTestStack, type TestStack } from '../support/run/stack.ts';
import { readTables, type Tables } from '../support/stores/tables.ts';

let stack: TestStack;
let ada: TestClient;
let boris: TestClient;
let chen: TestClient;

beforeAll(async () => {
  stack = await startTestStack();
  [ada, boris, chen] = await Promise.all([stack.signIn('ada'), stack.signIn('boris'), stack.signIn('chen')]);
});
afterAll(() => stack?.stop());

const settings = {
  game_type: 'public',
  min_players: 2,
  max_players: 4,
  engine_family: 'star-conquest',
  enrollment_ends_at: new Date(Date.now() + 86_400_000).toISOString(),
  turn_schedule: '0 18 * * *',
  time_zone: 'Europe/Berlin',
  target_engine_version: '1.0.0',
};

async function ok(client: TestClient, messageType: string, payload: object, options = {}) {
  const { resultCode, payload: result } = await client.execute(messageType, payload, options);
  expect({ resultCode, result }).toMatchObject({ resultCode: 'ok' });
  return result as Record<string, string>;
}

async function openGame(name: string): Promise<string> {
  const { game_id: gameId } = await ok(ada, 'lobby.game.create', { ...settings, game_name: name });
  await ok(ada, 'lobby.game.open_enrollment', { game_id: gameId });
  return gameId ?? '';
}

/** All tables of backend and lobby, except for the progress of publishing, which changes by itself. */
async function tables(): Promise<Tables> {
  const decided = await readTables(
    stack.db,
    ['backend', 'lobby'],
    ['outbox', 'consumers', 'processed_entries', 'mails'],
  );
  for (const schema of ['backend', 'lobby']) {
    const { rows } = await stack.db.query(
      `select (position, kind, ordering_key, payload)::text as row from ${schema}.outbox order by position`,
    );
    decided[`${schema}.outbox`] = rows.map(({ row }) => String(row));
  }
  return decided;
}

async function reasonOf(outcome: Promise<unknown>): Promise<string> {
  const error = await outcome.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof GatewayError)) throw new Error('the gateway did not refuse', { cause: error });
  return error.reason;
}

describe('three players', () => {
  it('sign in, create, find and join a game, and all see its members', async () => {
    const gameId = await openGame('Andromeda');
    const applications = [];
    for (const [player, raceName] of [
      [boris, 'Orions'],
      [chen, 'Lyrans'],
    ] as const) {
      const { items } = (await ok(player, 'lobby.game.list', {
        status: 'enrollment_open',
        q: 'andromeda',
      })) as never as {
        items: { game_id: string }[];
      };
      expect(items.map((game) => game.game_id)).toContain(gameId);
      applications.push(
        await ok(player, 'lobby.application.submit', { game_id: gameId, race_name: raceName }),
      );
    }
    for (const { application_id } of applications) {
      expect(await ok(ada, 'lobby.application.approve', { application_id })).toMatchObject({
        status: 'approved',
      });
    }
    for (const player of [ada, boris, chen]) {
      const { items } = await ok(player, 'lobby.membership.list', { game_id: gameId });
      expect(items).toMatchObject([
        { user_id: boris.session.userId, race_name: 'Orions', status: 'active' },
        { user_id: chen.session.userId, race_name: 'Lyrans', status: 'active' },
      ]);
    }
  });

  it('cannot share a race name, however it is written', async () => {
    const gameId = await openGame('Names');
    const { application_id } = await ok(boris, 'lobby.application.submit', {
      game_id: gameId,
      race_name: 'Vega',
    });
    await ok(ada, 'lobby.application.approve', { application_id });
    // The second one is Cyrillic.
    for (const lookAlike of ['VEGA', 'Vеga']) {
      const { resultCode } = await chen.execute('lobby.application.submit', {
        game_id: gameId,
        race_name: lookAlike,
      });
      expect(resultCode).toBe('race_name_taken');
    }
  });
});

describe('bad input changes nothing', () => {
  const cases: [string, () => Promise<string>, string][] = [
    [
      'a replayed request',
      async () => {
        const request = ada.signCommand('lobby.game.list', {});
        await ada.send(request);
        return reasonOf(ada.send(request));
      },
      'REPLAY_DETECTED',
    ],
    [
      'a changed payload',
      () => {
        const request = ada.signCommand('lobby.game.create', { ...settings, game_name: 'Mine' });
        const payloadBytes = Buffer.from(JSON.stringify({ ...settings, game_name: 'Yours' }));
        return reasonOf(ada.send({ ...request, payloadBytes }));
      },
      'PAYLOAD_HASH_MISMATCH',
    ],
    [
      'a stale clock',
      () => reasonOf(ada.execute('lobby.game.create', settings, { timestampMs: 1 })),
      'STALE_REQUEST',
    ],
    [
      'another user’s session',
      () => {
        const request = boris.signCommand('lobby.game.create', { ...settings, game_name: 'Stolen' });
        return reasonOf(boris.send({ ...request, deviceSessionId: ada.session.deviceSessionId }));
      },
      'BAD_SIGNATURE',
    ],
    [
      'an unknown session',
      () => {
        const request = ada.signCommand('lobby.game.list', {});
        return reasonOf(ada.send({ ...request, deviceSessionId: randomUUID() }));
      },
      'SESSION_UNKNOWN',
    ],
    [
      'an unknown message type',
      () => reasonOf(ada.execute('lobby.game.conquer', {})),
      'UNKNOWN_MESSAGE_TYPE',
    ],
    [
      'an unknown field',
      async () => {
        const game = { ...settings, game_name: 'Extra', cheat: true };
        return (await ada.execute('lobby.game.create', game)).resultCode;
      },
      'invalid_request',
    ],
    [
      'a wrong type',
      async () => {
        const game = { ...settings, game_name: 'Wrong', max_players: 'many' };
        return (await ada.execute('lobby.game.create', game)).resultCode;
      },
      'invalid_request',
    ],
    [
      'a payload that is larger than the lobby accepts',
      async () => {
        const game = { ...settings, game_name: 'Huge', description: 'x'.repeat(200_000) };
        return (await ada.execute('lobby.game.create', game)).resultCode;
      },
      'payload_too_large',
    ],
    [
      'an unknown field of a read',
      async () => (await ada.execute('user.account.get', { verbose: true })).resultCode,
      'invalid_request',
    ],
    [
      'a game that does not exist',
      async () => {
        return (await ada.execute('lobby.game.open_enrollment', { game_id: randomUUID() })).resultCode;
      },
      'not_found',
    ],
  ];
  it.each(cases)('%s', async (_, attempt, expected) => {
    const before = await tables();
    expect(await attempt()).toBe(expected);
    expect(await tables()).toEqual(before);
  });

  it('a draft of another user, which looks as if it did not exist', async () => {
    const { game_id } = await ok(ada, 'lobby.game.create', { ...settings, game_name: 'Secret plans' });
    const before = await tables();
    for (const messageType of ['lobby.game.get', 'lobby.game.open_enrollment', 'lobby.membership.list']) {
      expect((await boris.execute(messageType, { game_id })).resultCode).toBe('not_found');
    }
    expect((await boris.execute('lobby.game.update', { game_id, game_name: 'Mine now' })).resultCode).toBe(
      'not_found',
    );
    expect(await tables()).toEqual(before);
  });

  it('an approval by a user who does not own the game', async () => {
    const gameId = await openGame('Not yours');
    const { application_id } = await ok(chen, 'lobby.application.submit', {
      game_id: gameId,
      race_name: 'Cygnans',
    });
    const before = await tables();
    expect((await boris.execute('lobby.application.approve', { application_id })).resultCode).toBe(
      'not_found',
    );
    expect((await chen.execute('lobby.application.approve', { application_id })).resultCode).toBe(
      'forbidden',
    );
    expect(await tables()).toEqual(before);
  });
});

describe('a session', () => {
  it('ends with its revocation; the next request is refused', async () => {
    const player = await stack.signIn('dora');
    await ok(player, 'user.session.revoke', { device_session_id: player.session.deviceSessionId });
    const before = await tables();
    expect(await reasonOf(player.execute('lobby.game.create', { ...settings, game_name: 'Too late' }))).toBe(
      'SESSION_REVOKED',
    );
    expect(await tables()).toEqual(before);
  });

  it('cannot be revoked by another user', async () => {
    const { resultCode } = await boris.execute('user.session.revoke', {
      device_session_id: ada.session.deviceSessionId,
    });
    expect(resultCode).toBe('not_found');
    await ok(ada, 'user.account.get', {});
  });
});

describe('a command with an idempotency key', () => {
  it('is carried out once, however often it is sent', async () => {
    const game = { ...settings, game_name: 'Only once' };
    const first = await ok(ada, 'lobby.game.create', game, { idempotencyKey: 'create-once' });
    const again = await ok(ada, 'lobby.game.create', game, { idempotencyKey: 'create-once' });
    expect(again).toEqual(first);
    const other = { ...game, game_name: 'Another body' };
    const { resultCode } = await ada.execute('lobby.game.create', other, { idempotencyKey: 'create-once' });
    expect(resultCode).toBe('idempotency_conflict');
  });
});

describe('a listener behind the gateway', () => {
  it('refuses every caller without its token, whatever identity they claim', async () => {
    const before = await tables();
    const { backendHttp, lobbyPublic, lobbyInternal } = stack.listeners;
    const forged = { 'x-user-id': ada.session.userId, 'content-type': 'application/json' };
    const doors: [string, string, string][] = [
      ['GET', reachable(lobbyPublic), '/api/v1/lobby/games'],
      ['POST', reachable(lobbyPublic), '/api/v1/lobby/games'],
      ['GET', reachable(lobbyInternal), '/api/v1/internal/lobby/games'],
      ['GET', reachable(backendHttp), '/api/v1/user/account'],
      ['GET', reachable(backendHttp), `/api/v1/internal/sessions/${ada.session.deviceSessionId}`],
    ];
    for (const [method, host, path] of doors) {
      for (const authorization of [undefined, 'Bearer guess']) {
        const response = await fetch(`http://${host}${path}`, {
          method,
          headers: { ...forged, ...(authorization === undefined ? {} : { authorization }) },
          ...(method === 'POST' ? { body: JSON.stringify({ ...settings, game_name: 'Forged' }) } : {}),
        });
        expect([path, response.status, (await response.json()).error.code]).toEqual([
          path,
          401,
          'unauthenticated',
        ]);
      }
    }
    expect(await tables()).toEqual(before);
  });

  it('lets a caller do what it has permission for, and nothing else', async () => {
    const before = await tables();
    const { backendHttp, backendAdmin, lobbyPublic, lobbyInternal, gameMaster } = stack.listeners;
    const session = `/api/v1/internal/sessions/${ada.session.deviceSessionId}`;
    const block = `/api/v1/internal/users/${ada.session.userId}/block`;
    const asked: [Caller, string, ListenAddress, string, number][] = [
      ['gateway', 'GET', backendHttp, '/api/v1/user/account', 200],
      ['lobby', 'GET', backendHttp, '/api/v1/user/account', 403],
      ['lobby', 'GET', backendHttp, session, 403],
      ['gateway', 'GET', backendHttp, session, 200],
      ['gateway', 'GET', backendHttp, `/api/v1/internal/users/${ada.session.userId}/lobby-eligibility`, 403],
      ['lobby', 'GET', lobbyPublic, '/api/v1/lobby/games', 401],
      ['gateway', 'GET', lobbyInternal, '/api/v1/internal/lobby/games', 401],
      ['game-master', 'GET', lobbyInternal, '/api/v1/internal/lobby/games', 403],
      ['game-master', 'POST', lobbyInternal, '/api/v1/internal/lobby/games', 403],
      ['lobby', 'GET', gameMaster, '/api/v1/internal/streams', 403],
      ['gateway', 'POST', backendAdmin, block, 401],
      ['console', 'POST', backendAdmin, block, 403],
    ];
    for (const [caller, method, address, path, status] of asked) {
      const response = await fetch(`http://${reachable(address)}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${stack.tokenOf(caller)}`,
          'x-user-id': ada.session.userId,
          'content-type': 'application/json',
        },
        ...(method === 'POST' ? { body: '{}' } : {}),
      });
      await response.arrayBuffer();
      expect([caller, method, path, response.status]).toEqual([caller, method, path, status]);
      // So that it is not taken for a refusal of the user.
      expect(response.headers.has('www-authenticate')).toBe(status >= 400);
    }
    expect(await tables()).toEqual(before);
  });

  it('requires a user id, even with the token of the gateway', async () => {
    for (const userId of [undefined, 'ada', '1']) {
      const response = await fetch(`http://${reachable(stack.listeners.lobbyPublic)}/api/v1/lobby/games`, {
        headers: {
          authorization: `Bearer ${stack.tokenOf('gateway')}`,
          ...(userId === undefined ? {} : { 'x-user-id': userId }),
        },
      });
      expect([response.status, (await response.json()).error.code]).toEqual([401, 'unauthenticated']);
    }
  });
});

describe('the logs', () => {
  it('contain no token, key, proof or signature', async () => {
    const request = ada.signCommand('lobby.game.list', {});
    await ada.send(request);
    // Its log line follows a moment after the response.
    const logs = await vi.waitFor(
      async () => {
        const written = await stack.logs();
        expect(written).toContain(request.requestId);
        return written;
      },
      { timeout: 10_000 },
    );
    for (const caller of callers) expect(logs).not.toContain(stack.tokenOf(caller));
    expect(logs).not.toContain(Buffer.from(ada.publicKey).toString('base64'));
    expect(logs).not.toContain(Buffer.from(request.signature).toString('base64'));
  });
});
