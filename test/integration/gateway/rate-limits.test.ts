import { randomUUID } from 'node:crypto';
import { credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { GatewayError } from '../../../lib/client/gateway-error.ts';
import { gatewayErrorOf } from '../../../lib/client/grpc-transport.ts';
import {
  EdgeGatewayClient,
  type ExecuteCommandRequest,
  type ExecuteCommandResponse,
} from '../../../lib/protocol/generated/galaxy/gateway/v1/gateway.ts';
import { json } from '../../support/gateway/fake-upstream.ts';
import { startTestGateway, type TestGateway } from '../../support/gateway/gateway.ts';
import { gatewayProcess } from '../../support/gateway/gateway-process.ts';
import { confirmBody, recoverBody, sendBody } from '../../support/gateway/sign-in-bodies.ts';
import type { TestClient } from '../../support/gateway/test-client.ts';

let cleanUp = new AsyncDisposableStack();
afterEach(async () => {
  await cleanUp.disposeAsync();
  cleanUp = new AsyncDisposableStack();
});

async function startWith(variables: Record<string, string>): Promise<TestGateway> {
  return cleanUp.use(await startTestGateway(variables));
}

/** Sends a signed request as a proxy would hand it on. */
function sendForwarded(
  gateway: TestGateway,
  request: ExecuteCommandRequest,
  ...forwardedFor: string[]
): Promise<ExecuteCommandResponse> {
  const grpc = new EdgeGatewayClient(gateway.grpcAddr, credentials.createInsecure());
  cleanUp.defer(() => grpc.close());
  const metadata = new Metadata();
  for (const value of forwardedFor) metadata.add('x-forwarded-for', value);
  return new Promise((resolve, reject) => {
    grpc.executeCommand(request, metadata, (error: ServiceError | null, response) => {
      if (error) reject(gatewayErrorOf(error));
      else resolve(response);
    });
  });
}

async function rejection(outcome: Promise<unknown>): Promise<GatewayError> {
  const error = await outcome.then(
    () => expect.unreachable('the gateway accepted the request'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof GatewayError) return error;
  throw error;
}

const read = (client: TestClient) => client.execute('lobby.game.list', {});
const write = (client: TestClient) => client.execute('lobby.game.create', {});

/** Opens a stream and waits for its first message or its end. */
function subscribe(client: TestClient): Promise<unknown> {
  const { call } = client.subscribe(client.signSubscription(undefined));
  return new Promise((resolve, reject) => {
    call.once('data', resolve);
    call.once('error', (error: ServiceError) => reject(gatewayErrorOf(error)));
  });
}

async function outcomes(count: number, ask: () => Promise<unknown>): Promise<string[]> {
  const results: string[] = [];
  for (let index = 0; index < count; index += 1) {
    results.push(
      await ask().then(
        () => 'ok',
        (error: unknown) => (error instanceof GatewayError ? error.reason : Promise.reject(error)),
      ),
    );
  }
  return results;
}

describe('signed requests over a limit', () => {
  it('get RATE_LIMITED, with the limit and when to retry', async () => {
    const gateway = await startWith({ GATEWAY_RATE_LIMIT_SESSION_WRITE: '1/h burst 2' });
    const client = gateway.newClient();
    expect(await outcomes(2, () => write(client))).toEqual(['ok', 'ok']);
    const refused = await rejection(write(client));
    expect(refused).toMatchObject({
      grpcCode: 8,
      reason: 'RATE_LIMITED',
      metadata: { limit: 'session_write' },
    });
    expect(refused.retryAfterMs).toBeGreaterThan(3_590_000);
    expect(refused.retryAfterMs).toBeLessThanOrEqual(3_600_000);
    expect(gateway.lobby.received).toHaveLength(2);

    // Neither reads nor other sessions are hurt.
    expect(await outcomes(1, () => read(client))).toEqual(['ok']);
    expect(await outcomes(1, () => write(gateway.newClient()))).toEqual(['ok']);
  });

  it('are let through again when the time in the RetryInfo is over, with the same request id', async () => {
    const gateway = await startWith({ GATEWAY_RATE_LIMIT_SESSION_READ: '1/s burst 1' });
    const client = gateway.newClient();
    await read(client);
    const request = client.signCommand('lobby.game.list', {});
    const { retryAfterMs } = await rejection(client.send(request));
    expect(retryAfterMs).toBeLessThanOrEqual(1_000);
    const comeBack = performance.now() + retryAfterMs;
    while (performance.now() < comeBack) await new Promise((resolve) => setTimeout(resolve, 10));
    expect((await client.send(request)).resultCode).toBe('ok');
  });

  it('by address are refused before anything else is looked at', async () => {
    const gateway = await startWith({ GATEWAY_RATE_LIMIT_GRPC_ADDRESS: '1/h burst 2' });
    const client = gateway.newClient();
    expect(await outcomes(2, () => read(client))).toEqual(['ok', 'ok']);
    gateway.backend.received.length = 0;
    const request = client.signCommand('lobby.game.list', {});
    expect(await rejection(client.send({ ...request, protocolVersion: 'v9' }))).toMatchObject({
      reason: 'RATE_LIMITED',
      metadata: { limit: 'address' },
    });
    expect(await outcomes(1, () => subscribe(client))).toEqual(['RATE_LIMITED']);
    expect(gateway.backend.received).toEqual([]);
  });

  it('cannot be caused by a client without the session’s key', async () => {
    const gateway = await startWith({ GATEWAY_RATE_LIMIT_SESSION_READ: '1/h burst 1' });
    const client = gateway.newClient();
    const request = client.signCommand('lobby.game.list', {});
    const forged = { ...request, ifMatch: '9' };
    expect(await outcomes(5, () => client.send(forged))).toEqual(Array(5).fill('BAD_SIGNATURE'));
    expect((await client.send(request)).resultCode).toBe('ok');
  });

  it('that open streams have a limit of their own', async () => {
    const gateway = await startWith({ GATEWAY_RATE_LIMIT_SESSION_SUBSCRIBE: '1/h burst 1' });
    const client = gateway.newClient();
    // The test plays no push service, so a stream that is admitted cannot be joined to it.
    expect(await outcomes(3, () => subscribe(client))).toEqual([
      'UPSTREAM_UNAVAILABLE',
      'RATE_LIMITED',
      'RATE_LIMITED',
    ]);
    expect(await outcomes(1, () => read(client))).toEqual(['ok']);
  });
});

describe('the client’s address', () => {
  const limited = {
    GATEWAY_RATE_LIMIT_GRPC_ADDRESS: '1/h burst 1',
    GATEWAY_RATE_LIMIT_PUBLIC_HTTP_ADDRESS: '1/h',
  };

  it('of a gRPC call is that of the socket, whatever the metadata say', async () => {
    const gateway = await startWith(limited);
    const client = gateway.newClient();
    const send = (from: string) => sendForwarded(gateway, client.signCommand('lobby.game.list', {}), from);
    expect(await outcomes(1, () => send('198.51.100.1'))).toEqual(['ok']);
    expect(await outcomes(1, () => send('198.51.100.2'))).toEqual(['RATE_LIMITED']);
  });

  it('of a gRPC call through a trusted proxy is the one that the proxy reports', async () => {
    const gateway = await startWith({ ...limited, GATEWAY_TRUSTED_PROXIES: '127.0.0.1, 10.0.0.0/8' });
    const client = gateway.newClient();
    const send = (...from: string[]) =>
      sendForwarded(gateway, client.signCommand('lobby.game.list', {}), ...from);
    expect(await outcomes(1, () => send('198.51.100.1'))).toEqual(['ok']);
    expect(await outcomes(1, () => send('198.51.100.2, 10.0.0.7'))).toEqual(['ok']);
    // The left part is what the client wrote itself.
    expect(await outcomes(1, () => send('203.0.113.1, 198.51.100.1'))).toEqual(['RATE_LIMITED']);
    expect(await outcomes(1, () => send('203.0.113.1', '198.51.100.2', '10.0.0.8'))).toEqual([
      'RATE_LIMITED',
    ]);
  });

  it('of a sign-in goes to the backend as X-Client-Address, and never the client’s own word', async () => {
    const gateway = await startWith({});
    gateway.backend.answer = json(202, { challenge_id: 'c', expires_at: '2026-01-01T00:10:00.000Z' });
    await postAuth(gateway, 'send-email-code', sendBody(), {
      'x-forwarded-for': '198.51.100.1',
      'x-client-address': '198.51.100.2',
    });
    expect(gateway.backend.received[0]?.headers['x-client-address']).toBe('127.0.0.1');
  });

  it('of a sign-in through a trusted proxy is the one that the proxy reports', async () => {
    const gateway = await startWith({ ...limited, GATEWAY_TRUSTED_PROXIES: '127.0.0.0/8' });
    gateway.backend.answer = json(201, { device_session_id: 'd', user_id: 'u' });
    const ask = async (forwardedFor: string) =>
      (await postAuth(gateway, 'confirm-email-code', confirmBody(), { 'x-forwarded-for': forwardedFor }))
        .status;
    expect(await ask('2001:db8:0:1::7')).toBe(201);
    expect(gateway.backend.received[0]?.headers['x-client-address']).toBe('2001:db8:0:1::7');
    expect(await ask('2001:db8:0:2::7')).toBe(201);
    // Another address of the first one's network, behind a lie.
    expect(await ask('198.51.100.1, 2001:db8:0:1::8')).toBe(429);
  });
});

describe('the gateway’s log', () => {
  it('holds no address of a client, however talkative it is', async () => {
    const child = gatewayProcess();
    const variables = { GATEWAY_LOG_LEVEL: 'trace', GATEWAY_TRUSTED_PROXIES: '127.0.0.1' };
    const limits = { GATEWAY_RATE_LIMIT_GRPC_ADDRESS: '1/h', GATEWAY_RATE_LIMIT_PUBLIC_HTTP_ADDRESS: '1/h' };
    const gateway = cleanUp.use(await startTestGateway({ ...variables, ...limits }, child.run));
    const address = '198.51.100.77';
    const client = gateway.newClient();
    const send = () => sendForwarded(gateway, client.signCommand('lobby.game.list', {}), address);
    expect(await outcomes(2, send)).toEqual(['ok', 'RATE_LIMITED']);
    const ask = async () =>
      (await postAuth(gateway, 'send-email-code', sendBody(), { 'x-forwarded-for': address })).status;
    expect([await ask(), await ask()]).toEqual([404, 429]);
    await gateway.stop();
    expect(child.output()).toContain('RATE_LIMITED');
    expect(child.output()).toContain('"status":429');
    expect(child.output()).not.toContain(address);
  });
});

describe('sign-in over a limit', () => {
  it('is 429 rate_limited with Retry-After for an address, on every public route, but probes still respond', async () => {
    const gateway = await startWith({ GATEWAY_RATE_LIMIT_PUBLIC_HTTP_ADDRESS: '1/m burst 2' });
    const ask = () => fetch(`${gateway.httpUrl}/api/v1/public/auth/server-keys`);
    expect([(await ask()).status, (await ask()).status]).toEqual([200, 200]);
    const refused = await ask();
    expect(refused.status).toBe(429);
    const seconds = Number(refused.headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(50);
    expect(seconds).toBeLessThanOrEqual(60);
    expect(await refused.json()).toEqual({
      error: {
        code: 'rate_limited',
        message: `Too many requests from this address; try again in ${seconds} s.`,
        details: { retry_after_seconds: seconds },
      },
    });
    expect((await postAuth(gateway, 'send-email-code', sendBody())).status).toBe(429);
    expect((await fetch(`${gateway.httpUrl}/api/v1/other`)).status).toBe(429);
    for (let probe = 0; probe < 20; probe += 1) {
      expect((await fetch(`${gateway.httpUrl}/healthz`)).status).toBe(200);
    }
    expect(gateway.backend.received).toEqual([]);
  });

  it('is 429 for one e-mail address, however it is written, and for no other', async () => {
    const gateway = await startWith({ GATEWAY_RATE_LIMIT_SIGN_IN_EMAIL_NETWORK: '1/h burst 2' });
    gateway.backend.answer = json(202, { challenge_id: 'c', expires_at: '2026-01-01T00:10:00.000Z' });
    const ask = async (email: string) => (await postAuth(gateway, 'send-email-code', sendBody(email))).status;
    expect(await ask('ada@example.com')).toBe(202);
    expect(await ask(' ADA@example.com')).toBe(202);
    expect(await ask('ada@EXAMPLE.com ')).toBe(429);
    expect(await ask('grace@example.com')).toBe(202);
    expect(gateway.backend.received).toHaveLength(3);
    expect(await ask('ada@пример.рф')).toBe(202);
    expect(await ask('ada@xn--e1afmkfd.xn--p1ai')).toBe(202);
    expect(await ask('ada@ПРИМЕР.рф')).toBe(429);
  });

  it('is not 429 for a device that has signed in before, and the backend gets its proof as it was sent', async () => {
    const gateway = await startWith({
      GATEWAY_RATE_LIMIT_SIGN_IN_EMAIL: '1/h burst 1',
      GATEWAY_RATE_LIMIT_SIGN_IN_EMAIL_NETWORK: '1/h burst 1',
      GATEWAY_RATE_LIMIT_SIGN_IN_KNOWN_DEVICE: '1/h burst 1',
    });
    gateway.backend.answer = json(202, { challenge_id: 'c', expires_at: '2026-01-01T00:10:00.000Z' });
    const ask = async (body: string) => (await postAuth(gateway, 'send-email-code', body)).status;
    expect([await ask(sendBody()), await ask(sendBody())]).toEqual([202, 429]);
    const proof = (signature: string) =>
      JSON.stringify({
        email: 'ada@example.com',
        known_device: { device_session_id: randomUUID(), timestamp_ms: 1_767_225_600_123, signature },
      });
    const proven = proof(Buffer.alloc(64, 3).toString('base64'));
    expect([await ask(proven), await ask(proven)]).toEqual([202, 429]);
    expect(gateway.backend.received.at(-1)?.body).toBe(proven);
    expect(await ask(proof('no signature'))).toBe(429);
    expect(gateway.backend.received).toHaveLength(2);
  });

  it('is 429 for one challenge, and for no other', async () => {
    const gateway = await startWith({ GATEWAY_RATE_LIMIT_SIGN_IN_CHALLENGE: '1/h burst 2' });
    gateway.backend.answer = json(422, { error: { code: 'challenge_failed', message: 'No.' } });
    const challengeId = randomUUID();
    const ask = async (challenge: string) =>
      (await postAuth(gateway, 'confirm-email-code', confirmBody(challenge))).status;
    expect(await ask(challengeId)).toBe(422);
    expect(await ask(challengeId.toUpperCase())).toBe(422);
    expect(await ask(challengeId)).toBe(429);
    expect(await ask(randomUUID())).toBe(422);
  });

  it('is 429 for recovery codes of one e-mail address from one network, and for no other', async () => {
    const gateway = await startWith({
      GATEWAY_RATE_LIMIT_RECOVERY: '1/h burst 2',
      GATEWAY_TRUSTED_PROXIES: '127.0.0.1',
    });
    gateway.backend.answer = json(422, { error: { code: 'challenge_failed', message: 'No.' } });
    const ask = async (email: string, from: string) =>
      (await postAuth(gateway, 'recover', recoverBody(email), { 'x-forwarded-for': from })).status;
    expect(await ask('ada@example.com', '203.0.113.1')).toBe(422);
    expect(await ask(' ADA@example.com', '203.0.113.1')).toBe(422);
    expect(await ask('ada@example.com', '203.0.113.1')).toBe(429);
    expect(await ask('ada@example.com', '203.0.113.2')).toBe(422);
    expect(await ask('grace@example.com', '203.0.113.1')).toBe(422);
    const { proof: _, ...incomplete } = JSON.parse(recoverBody('alan@example.com'));
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect((await postAuth(gateway, 'recover', JSON.stringify(incomplete))).status).toBe(400);
    }
    expect(gateway.backend.received.length).toBe(4);
    expect(gateway.backend.received.at(-1)).toMatchObject({
      url: '/api/v1/public/auth/recover',
      body: recoverBody('grace@example.com'),
      headers: { 'x-client-address': '203.0.113.1' },
    });
  });

  const refused: [string, string, string | undefined, number, string][] = [
    ['plain text, which any web page may post', sendBody(), 'text/plain', 415, 'unsupported_media_type'],
    ['no content type', sendBody(), undefined, 415, 'unsupported_media_type'],
    ['a form', 'email=ada@example.com', 'application/x-www-form-urlencoded', 415, 'unsupported_media_type'],
    [
      'a type that only looks like JSON',
      sendBody(),
      'text/plain; a=application/json',
      415,
      'unsupported_media_type',
    ],
    ['half of its JSON', '{"email":"ada@example.com"', 'application/json', 400, 'invalid_request'],
    ['nothing', '', 'application/json', 400, 'invalid_request'],
    ['null', 'null', 'application/json', 400, 'invalid_request'],
    ['a list', '[]', 'application/json', 400, 'invalid_request'],
    ['an unknown field', '{"email":"ada@example.com","x":1}', 'application/json', 400, 'invalid_request'],
  ];

  it.each(refused)(
    'is no matter of requests that are refused: with %s',
    async (_, body, type, status, code) => {
      const gateway = await startWith({
        GATEWAY_RATE_LIMIT_SIGN_IN_EMAIL: '1/h burst 1',
        GATEWAY_RATE_LIMIT_SIGN_IN_EMAIL_NETWORK: '1/h burst 1',
      });
      for (let attempt = 0; attempt < 3; attempt += 1) {
        const response = await fetch(`${gateway.httpUrl}/api/v1/public/auth/send-email-code`, {
          method: 'POST',
          // Bytes: for a text fetch would add a type.
          headers: type === undefined ? {} : { 'content-type': type },
          body: new TextEncoder().encode(body),
        });
        expect([response.status, (await response.json()).error.code]).toEqual([status, code]);
      }
      expect(gateway.backend.received).toEqual([]);
      gateway.backend.answer = json(202, { challenge_id: 'c', expires_at: '2026-01-01T00:10:00.000Z' });
      expect((await postAuth(gateway, 'send-email-code', sendBody())).status).toBe(202);
      expect((await postAuth(gateway, 'send-email-code', sendBody())).status).toBe(429);
    },
  );

  it('does not count a confirmation that is refused for its form', async () => {
    const gateway = await startWith({ GATEWAY_RATE_LIMIT_SIGN_IN_CHALLENGE: '1/h burst 1' });
    gateway.backend.answer = json(422, { error: { code: 'challenge_failed', message: 'No.' } });
    const challengeId = randomUUID();
    const body = confirmBody(challengeId);
    const plain = { 'content-type': 'text/plain' };
    expect((await postAuth(gateway, 'confirm-email-code', body, plain)).status).toBe(415);
    const { proof: _, ...incomplete } = JSON.parse(body);
    const response = await postAuth(gateway, 'confirm-email-code', JSON.stringify(incomplete));
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      error: {
        code: 'invalid_request',
        message: 'The request is not valid; see the fields.',
        details: { fields: [{ field: 'proof', problem: 'is missing' }] },
      },
    });
    expect(gateway.backend.received).toEqual([]);
    expect((await postAuth(gateway, 'confirm-email-code', body)).status).toBe(422);
    expect((await postAuth(gateway, 'confirm-email-code', body)).status).toBe(429);
  });
});

describe('the limits as they are by default', () => {
  it('let a busy player of a turn-based game through', async () => {
    const gateway = await startWith({
      GATEWAY_RATE_LIMIT_GRPC_ADDRESS: '',
      GATEWAY_RATE_LIMIT_PUBLIC_HTTP_ADDRESS: '',
    });
    const client = gateway.newClient();
    expect(await outcomes(60, () => read(client))).toEqual(Array(60).fill('ok'));
    expect(await outcomes(20, () => write(client))).toEqual(Array(20).fill('ok'));
    for (let request = 0; request < 40; request += 1) {
      expect((await fetch(`${gateway.httpUrl}/api/v1/public/auth/server-keys`)).status).toBe(200);
    }
  });

  it('stop a client that sends as fast as it can', async () => {
    const gateway = await startWith({});
    const client = gateway.newClient();
    const startedAt = performance.now();
    const results = await Promise.all(Array.from({ length: 200 }, () => outcomes(1, () => write(client))));
    const admitted = results.flat().filter((outcome) => outcome === 'ok').length;
    expect(admitted).toBeGreaterThanOrEqual(20);
    expect(admitted).toBeLessThanOrEqual(20 + Math.ceil((performance.now() - startedAt) / 100));
    expect(gateway.lobby.received).toHaveLength(admitted);
  });
});

function postAuth(
  gateway: TestGateway,
  route: string,
  body: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${gateway.httpUrl}/api/v1/public/auth/${route}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
}
