import { generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { GatewayError } from '../../../lib/client/gateway-error.ts';
import { commandBytes } from '../../../lib/protocol/envelope.ts';
import type { ExecuteCommandRequest } from '../../../lib/protocol/generated/galaxy/gateway/v1/gateway.ts';
import { runGateway } from '../../../workers/gateway.ts';
import { type Answer, json } from '../../support/gateway/fake-upstream.ts';
import { startTestGateway, type TestGateway } from '../../support/gateway/gateway.ts';
import type { TestClient } from '../../support/gateway/test-client.ts';
import { openClient, transports } from '../../support/gateway/transports.ts';

const gameId = '01930f3c-7b1a-7000-8000-0000000000aa';
const status = {
  INVALID_ARGUMENT: 3,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  UNIMPLEMENTED: 12,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
};

async function rejection(
  outcome: Promise<unknown>,
): Promise<Pick<GatewayError, 'grpcCode' | 'reason' | 'metadata'>> {
  const error = await outcome.then(
    () => expect.unreachable('the gateway accepted the request'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof GatewayError)) throw error;
  return { grpcCode: error.grpcCode, reason: error.reason, metadata: error.metadata };
}

/** Signs a request that was changed again, as an honest client with that mistake would. */
function signedAgain(key: KeyObject, request: ExecuteCommandRequest): ExecuteCommandRequest {
  return { ...request, signature: sign(null, commandBytes(request), key) };
}

describe.each(transports)('over %s', (transport) => {
  let gateway: TestGateway;
  let knowsSessions: Answer;

  beforeAll(async () => {
    gateway = await startTestGateway(
      { GATEWAY_BACKEND_TIMEOUT: '400ms', GATEWAY_UPSTREAM_TOKEN: 'upstream-token' },
      runGateway,
      transport,
    );
    knowsSessions = gateway.backend.answer;
  });
  afterAll(() => gateway[Symbol.asyncDispose]());
  beforeEach(() => {
    gateway.backend.answer = knowsSessions;
    gateway.lobby.answer = json(200, { items: [] });
    gateway.backend.received.length = 0;
    gateway.lobby.received.length = 0;
  });

  describe('a signed command', () => {
    it('reaches its route with the verified identity, and its response is signed for this request', async () => {
      const client = gateway.newClient();
      gateway.lobby.answer = json(201, { game_id: gameId, revision: 1 });
      const result = await client.execute(
        'lobby.application.submit',
        { game_id: gameId, race_name: 'Vega' },
        { idempotencyKey: 'once', ifMatch: '7', requestId: 'req-1' },
      );
      expect(result).toEqual({ resultCode: 'ok', payload: { game_id: gameId, revision: 1 } });
      const [asked] = gateway.lobby.received;
      expect(asked).toMatchObject({
        method: 'POST',
        url: `/api/v1/lobby/games/${gameId}/applications`,
        body: '{"race_name":"Vega"}',
        headers: {
          'x-user-id': client.session.userId,
          'x-device-session-id': client.session.deviceSessionId,
          'x-request-id': 'req-1',
          'idempotency-key': 'once',
          'if-match': '7',
          authorization: 'Bearer upstream-token',
          'content-type': 'application/json',
        },
      });
    });

    it('asks the backend for its session every single time', async () => {
      const client = gateway.newClient();
      await client.execute('lobby.game.list', {});
      await client.execute('lobby.game.list', {});
      expect(gateway.backend.received.map(({ url }) => url)).toEqual([
        `/api/v1/internal/sessions/${client.session.deviceSessionId}`,
        `/api/v1/internal/sessions/${client.session.deviceSessionId}`,
      ]);
    });

    it('gets a service’s refusal as a signed response with its code', async () => {
      const body = {
        error: { code: 'invalid_state', message: 'The game is a draft.', details: { status: 'draft' } },
      };
      gateway.lobby.answer = json(409, body);
      expect(await gateway.newClient().execute('lobby.game.get', { game_id: gameId })).toEqual({
        resultCode: 'invalid_state',
        payload: body,
      });
    });

    it('about a game that runs goes to the Game Master, which may take longer than other services', async () => {
      const client = gateway.newClient();
      const orders = { column: 4, note: 'x'.repeat(64 * 1024) };
      const view = { view: 'y'.repeat(256 * 1024) };
      gateway.game.answer = (request, response) =>
        void setTimeout(() => json(200, view)(request, response), 500);
      const result = await client.execute(
        'game.orders.submit',
        { game_id: gameId, turn: 1, orders, ready: true },
        { idempotencyKey: 'move-1' },
      );
      expect(result).toEqual({ resultCode: 'ok', payload: view });
      const [asked] = gateway.game.received;
      expect(asked).toMatchObject({
        method: 'POST',
        url: `/api/v1/games/${gameId}/orders`,
        headers: {
          'x-user-id': client.session.userId,
          'idempotency-key': 'move-1',
          authorization: 'Bearer upstream-token',
        },
      });
      expect(JSON.parse(asked?.body ?? '')).toEqual({ turn: 1, orders, ready: true });
      expect(gateway.lobby.received).toEqual([]);
    });

    it('gets a service’s well-formed 503 as a signed response, too', async () => {
      const body = { error: { code: 'service_unavailable', message: 'Try again.' } };
      gateway.lobby.answer = json(503, body);
      const result = await gateway.newClient().execute('lobby.game.list', {});
      expect(result).toEqual({ resultCode: 'service_unavailable', payload: body });
    });

    it('with a payload that is not a JSON object, or lacks a path parameter, gets a response without a call', async () => {
      const client = gateway.newClient();
      expect(await client.execute('lobby.game.get', { game_id: '../../internal/streams' })).toMatchObject({
        resultCode: 'invalid_request',
        payload: { error: { details: { fields: [{ field: 'game_id' }] } } },
      });
      expect(await client.execute('lobby.game.list', [])).toMatchObject({ resultCode: 'invalid_request' });
      expect(gateway.lobby.received).toEqual([]);
    });
  });

  describe('a request that the gateway refuses', () => {
    const rejected: [string, (client: TestClient) => Promise<unknown>, object][] = [
      [
        'another protocol version',
        (client) => client.send({ ...client.signCommand('lobby.game.list', {}), protocolVersion: 'v2' }),
        {
          grpcCode: status.FAILED_PRECONDITION,
          reason: 'UNSUPPORTED_PROTOCOL_VERSION',
          metadata: { supported: 'v1' },
        },
      ],
      [
        'a malformed request id',
        (client) => client.send({ ...client.signCommand('lobby.game.list', {}), requestId: 'a b' }),
        {
          grpcCode: status.INVALID_ARGUMENT,
          reason: 'MALFORMED_ENVELOPE',
          metadata: { field: 'request_id' },
        },
      ],
      [
        'a payload over its bound, in a message that is not',
        (client) =>
          client.send({
            ...client.signCommand('lobby.game.list', {}),
            payloadBytes: Buffer.alloc(270 * 1024),
          }),
        {
          grpcCode: status.INVALID_ARGUMENT,
          reason: 'MALFORMED_ENVELOPE',
          metadata: { field: 'payload_bytes' },
        },
      ],
      [
        'a message over its bound',
        (client) => {
          const payloadBytes = Buffer.alloc((transport === 'gRPC' ? 273 : 401) * 1024);
          return client.send({ ...client.signCommand('lobby.game.list', {}), payloadBytes });
        },
        { grpcCode: status.RESOURCE_EXHAUSTED, reason: 'MESSAGE_TOO_LARGE' },
      ],
      [
        'no signature',
        (client) => client.send({ ...client.signCommand('lobby.game.list', {}), signature: Buffer.alloc(0) }),
        { grpcCode: status.INVALID_ARGUMENT, reason: 'MALFORMED_ENVELOPE', metadata: { field: 'signature' } },
      ],
      [
        'a clock that is behind',
        (client) => client.execute('lobby.game.list', {}, { timestampMs: Date.now() - 301_000 }),
        {
          grpcCode: status.FAILED_PRECONDITION,
          reason: 'STALE_REQUEST',
          metadata: { server_time_ms: expect.stringMatching(/^\d{13}$/) },
        },
      ],
      [
        'a clock that is ahead',
        (client) => client.execute('lobby.game.list', {}, { timestampMs: Date.now() + 60_000 }),
        { grpcCode: status.FAILED_PRECONDITION, reason: 'STALE_REQUEST' },
      ],
      [
        'a changed payload',
        (client) =>
          client.send({
            ...client.signCommand('lobby.game.list', {}),
            payloadBytes: Buffer.from('{"page_size":1}'),
          }),
        { grpcCode: status.INVALID_ARGUMENT, reason: 'PAYLOAD_HASH_MISMATCH' },
      ],
      [
        'an unknown message type',
        (client) => client.execute('lobby.game.conquer', {}),
        { grpcCode: status.UNIMPLEMENTED, reason: 'UNKNOWN_MESSAGE_TYPE' },
      ],
      [
        'a changed message type',
        (client) =>
          client.send({ ...client.signCommand('lobby.game.list', {}), messageType: 'user.account.get' }),
        { grpcCode: status.UNAUTHENTICATED, reason: 'BAD_SIGNATURE' },
      ],
      [
        'an idempotency key that was added later',
        (client) => client.send({ ...client.signCommand('lobby.game.list', {}), idempotencyKey: 'added' }),
        { grpcCode: status.UNAUTHENTICATED, reason: 'BAD_SIGNATURE' },
      ],
    ];
    it.each(rejected)('for %s says so exactly and calls no service', async (_, ask, expected) => {
      expect(await rejection(ask(gateway.newClient()))).toMatchObject(expected);
      expect(gateway.lobby.received).toEqual([]);
    });

    it('for an unknown session', async () => {
      const client = openClient(transport, gateway, generateKeyPairSync('ed25519').privateKey, {
        deviceSessionId: randomUUID(),
        userId: randomUUID(),
      });
      expect(await rejection(client.execute('lobby.game.list', {}))).toMatchObject({
        grpcCode: status.UNAUTHENTICATED,
        reason: 'SESSION_UNKNOWN',
      });
      client.close();
    });

    it('for a revoked session', async () => {
      expect(await rejection(gateway.newClient('revoked').execute('lobby.game.list', {}))).toMatchObject({
        grpcCode: status.UNAUTHENTICATED,
        reason: 'SESSION_REVOKED',
      });
      expect(gateway.lobby.received).toEqual([]);
    });

    it('for another device’s key', async () => {
      const client = gateway.newClient();
      const thief = openClient(transport, gateway, generateKeyPairSync('ed25519').privateKey, client.session);
      expect(await rejection(thief.execute('lobby.game.list', {}))).toMatchObject({
        grpcCode: status.UNAUTHENTICATED,
        reason: 'BAD_SIGNATURE',
      });
      thief.close();
    });

    it('for a replay, however often and at once', async () => {
      const client = gateway.newClient();
      const request = client.signCommand('lobby.game.list', {});
      const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => client.send(request)));
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(gateway.lobby.received).toHaveLength(1);
      expect(await rejection(client.send(request))).toMatchObject({
        grpcCode: status.FAILED_PRECONDITION,
        reason: 'REPLAY_DETECTED',
      });
    });

    it('but not for the same request id in another session', async () => {
      const requestId = 'same-id';
      const [one, other] = [gateway.newClient(), gateway.newClient()];
      await one.execute('lobby.game.list', {}, { requestId });
      expect((await other.execute('lobby.game.list', {}, { requestId })).resultCode).toBe('ok');
    });
  });

  describe('the order of the checks', () => {
    it('is version, shape, freshness, hash, message type, session, signature', async () => {
      const key = generateKeyPairSync('ed25519').privateKey;
      const client = openClient(transport, gateway, key, {
        deviceSessionId: randomUUID(),
        userId: randomUUID(),
      });
      const good = client.signCommand('lobby.game.list', {});
      const mistakes: [string, Partial<ExecuteCommandRequest>][] = [
        ['UNSUPPORTED_PROTOCOL_VERSION', { protocolVersion: 'v9' }],
        ['MALFORMED_ENVELOPE', { requestId: '' }],
        ['STALE_REQUEST', { timestampMs: 1n }],
        ['PAYLOAD_HASH_MISMATCH', { payloadHash: Buffer.alloc(32) }],
        ['UNKNOWN_MESSAGE_TYPE', { messageType: 'lobby.nothing' }],
        ['SESSION_UNKNOWN', {}],
      ];
      for (const [index, [reason]] of mistakes.entries()) {
        // This mistake and every later one at once: the first in order is reported.
        const request = Object.assign({ ...good }, ...mistakes.slice(index).map(([, change]) => change));
        expect((await rejection(client.send(signedAgain(key, request)))).reason).toBe(reason);
      }
      const known = gateway.newClient();
      const unsigned = { ...known.signCommand('lobby.game.list', {}), signature: Buffer.alloc(64) };
      expect((await rejection(known.send(unsigned))).reason).toBe('BAD_SIGNATURE');
      client.close();
    });

    it('reserves no request id for a request whose signature is bad', async () => {
      const client = gateway.newClient();
      const request = client.signCommand('lobby.game.list', {});
      expect((await rejection(client.send({ ...request, ifMatch: '9' }))).reason).toBe('BAD_SIGNATURE');
      expect((await client.send(request)).resultCode).toBe('ok');
    });
  });

  describe('an upstream that fails', () => {
    const unavailable = { grpcCode: status.UNAVAILABLE, reason: 'UPSTREAM_UNAVAILABLE' };
    const failures: [string, Answer][] = [
      ['responds with garbage', (_, response) => response.end('<html>')],
      ['responds with an error without a body', (_, response) => response.writeHead(500).end()],
      ['responds with another error shape', json(404, { message: 'no such route' })],
      ['redirects', (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end('{}')],
      ['is too slow', () => undefined],
      ['breaks off', (_, response) => response.socket?.destroy()],
      ['sends too much', (_, response) => response.end(`"${'x'.repeat(1024 * 1024)}"`)],
    ];
    it.each(failures)('because it %s makes a command unavailable', async (_, answer) => {
      gateway.lobby.answer = answer;
      expect(await rejection(gateway.newClient().execute('lobby.game.list', {}))).toMatchObject(unavailable);
    });

    it.each(failures)(
      'because it %s makes a session look-up unavailable, and nothing passes',
      async (_, answer) => {
        const client = gateway.newClient();
        gateway.backend.answer = answer;
        expect(await rejection(client.execute('lobby.game.list', {}))).toMatchObject(unavailable);
        expect(gateway.lobby.received).toEqual([]);
      },
    );

    it('because a pooled connection ended just then is asked once more where that changes nothing', async () => {
      let calls = 0;
      gateway.lobby.answer = (request, response) => {
        calls += 1;
        if (calls === 1) response.socket?.destroy();
        else json(200, { items: [] })(request, response);
      };
      expect((await gateway.newClient().execute('lobby.game.list', {})).resultCode).toBe('ok');

      calls = 0;
      expect(await rejection(gateway.newClient().execute('lobby.game.create', {}))).toMatchObject(
        unavailable,
      );
      expect(calls).toBe(1);
    });

    it('because it returns another session than requested admits no request', async () => {
      const [client, other] = [gateway.newClient(), gateway.newClient()];
      gateway.backend.answer = (request, response) => {
        const url = request.url.replace(client.session.deviceSessionId, other.session.deviceSessionId);
        knowsSessions({ ...request, url }, response);
      };
      expect(await rejection(client.execute('lobby.game.list', {}))).toMatchObject(unavailable);
    });
  });
});

describe('a gateway without a Game Master', () => {
  it('has no message types for games that run', async () => {
    const without = await startTestGateway({ GATEWAY_GAME_HTTP_URL: '' });
    try {
      const refused = without.newClient().execute('game.turn.get', { game_id: gameId });
      expect(await rejection(refused)).toMatchObject({ reason: 'UNKNOWN_MESSAGE_TYPE' });
      expect(without.game.received).toEqual([]);
    } finally {
      await without[Symbol.asyncDispose]();
    }
  });
});
