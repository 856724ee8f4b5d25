// Arbitrary input on the gateway's ports: it refuses it, logs no fault, does not grow, and still serves.
import { generateKeyPairSync, sign } from 'node:crypto';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../infra/local/child.ts';
import { gatewayErrorOf } from '../../lib/client/grpc-transport.ts';
import { routes } from '../../lib/gateway/domain/routes.ts';
import {
  EdgeGatewayService,
  ExecuteCommandRequest,
} from '../../lib/protocol/generated/galaxy/gateway/v1/gateway.ts';
import { startTestGateway, type TestGateway } from '../support/gateway/gateway.ts';
import { gatewayProcess } from '../support/gateway/gateway-process.ts';
import { anyBytes, anyFrames, damaged, fuzzSeed, samples, sendAll } from '../support/network/fuzz.ts';
import {
  callHeaders,
  endHeaders,
  endStream,
  frame,
  frameType,
  message,
  preface,
} from '../support/network/raw-http2.ts';
import { scrape } from '../support/telemetry/prometheus-text.ts';

const { executeCommand, subscribeEvents } = EdgeGatewayService;
const bytes = (value: Buffer) => value;
const child = gatewayProcess();
let gateway: TestGateway;
let client: Client;
let adminAddr: string;
let memoryBefore: number;

const memory = async () =>
  (await scrape(`http://${adminAddr}/metrics`)).value('galaxy_gateway_memory_bytes', { kind: 'rss' });

beforeAll(async () => {
  adminAddr = `127.0.0.1:${await freePort()}`;
  const limits = [
    'GRPC_ADDRESS',
    'PUBLIC_HTTP_ADDRESS',
    'SESSION_READ',
    'SESSION_WRITE',
    'USER_READ',
    'USER_WRITE',
  ];
  gateway = await startTestGateway(
    {
      GATEWAY_ADMIN_HTTP_ADDR: adminAddr,
      GATEWAY_LOG_LEVEL: 'error',
      ...Object.fromEntries(limits.map((name) => [`GATEWAY_RATE_LIMIT_${name}`, 'off'])),
    },
    child.run,
  );
  client = new Client(gateway.grpcAddr, credentials.createInsecure());
  const player = gateway.newClient();
  for (let warmUp = 0; warmUp < 100; warmUp += 1) await player.execute('lobby.game.list', {});
  memoryBefore = await memory();
});
afterAll(async () => {
  client?.close();
  await gateway?.[Symbol.asyncDispose]();
});

/** The status of the gateway's response to these bytes, and its reason. */
function statusOf(path: string, request: Buffer): Promise<string> {
  const describeError = (error: ServiceError) => `${status[error.code]} ${gatewayErrorOf(error).reason}`;
  const deadline = Date.now() + 5_000;
  return new Promise((resolve) => {
    if (path === executeCommand.path) {
      client.makeUnaryRequest(path, bytes, bytes, request, new Metadata(), { deadline }, (error) =>
        resolve(error === null ? 'OK' : describeError(error)),
      );
    } else {
      const stream = client.makeServerStreamRequest(path, bytes, bytes, request, new Metadata(), {
        deadline,
      });
      stream
        .on('data', () => stream.cancel())
        .on('error', (error: ServiceError) => resolve(describeError(error)));
    }
  });
}

async function statusesOf(path: string, requests: readonly Buffer[]): Promise<Set<string>> {
  const found = new Set<string>();
  for (let next = 0; next < requests.length; next += 50) {
    const batch = requests.slice(next, next + 50).map((request) => statusOf(path, request));
    for (const statusAndReason of await Promise.all(batch)) found.add(statusAndReason);
  }
  return found;
}

const refusals = [
  'FAILED_PRECONDITION UNSUPPORTED_PROTOCOL_VERSION',
  'FAILED_PRECONDITION STALE_REQUEST',
  'INVALID_ARGUMENT MALFORMED_ENVELOPE',
  'INVALID_ARGUMENT PAYLOAD_HASH_MISMATCH',
  'UNIMPLEMENTED UNKNOWN_MESSAGE_TYPE',
  'UNAUTHENTICATED SESSION_UNKNOWN',
  'UNAUTHENTICATED BAD_SIGNATURE',
];

describe(`with GALAXY_FUZZ_SEED=${fuzzSeed} the gateway withstands`, () => {
  it('any bytes on any port', async () => {
    const [httpAddr, webAddr] = [new URL(gateway.httpUrl).host, new URL(gateway.webUrl).host];
    for (const addr of [httpAddr, webAddr, gateway.grpcAddr, adminAddr])
      await sendAll(addr, samples(anyBytes, 150));
  });

  it('any frames after a valid greeting', async () => {
    const greeting = Buffer.concat([preface, frame(frameType.SETTINGS, 0, 0)]);
    const call = frame(frameType.HEADERS, endHeaders, 1, callHeaders(executeCommand.path));
    await sendAll(
      gateway.grpcAddr,
      samples(anyFrames, 400).flatMap((frames) => [
        Buffer.concat([greeting, frames]),
        Buffer.concat([greeting, call, frames]),
      ]),
    );
  });

  it('valid HTTP/2 conversations that were cut short or had bits flipped', async () => {
    const request = gateway.newClient().signCommand('lobby.game.list', { page_size: 10 });
    const content = Buffer.from(ExecuteCommandRequest.encode(request).finish());
    const valid = Buffer.concat([
      preface,
      frame(frameType.SETTINGS, 0, 0),
      frame(frameType.SETTINGS, 1, 0),
      frame(frameType.HEADERS, endHeaders, 1, callHeaders(executeCommand.path, { 'grpc-timeout': '2S' })),
      frame(frameType.DATA, endStream, 1, message(content)),
      frame(frameType.PING, 0, 0, Buffer.alloc(8)),
      frame(frameType.HEADERS, endHeaders, 3, callHeaders(subscribeEvents.path)),
      frame(frameType.RST_STREAM, 0, 3, Buffer.from([0, 0, 0, 8])),
    ]);
    await sendAll(gateway.grpcAddr, samples(damaged(valid), 800));
  });

  it('valid HTTP/1.1 requests that were cut short or had bits flipped', async () => {
    const body = JSON.stringify({ email: 'player@example.com' });
    const valid = [
      'POST /api/v1/public/auth/send-email-code HTTP/1.1',
      'host: gateway.test',
      'content-type: application/json',
      'x-forwarded-for: 192.0.2.1',
      'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      `content-length: ${body.length}`,
      '',
      body,
    ].join('\r\n');
    await sendAll(new URL(gateway.httpUrl).host, samples(damaged(Buffer.from(valid)), 300));
    await sendAll(
      adminAddr,
      samples(damaged(Buffer.from('GET /metrics HTTP/1.1\r\nhost: gateway.test\r\n\r\n')), 100),
    );
  });

  const webTypes: [string, string][] = [
    [executeCommand.path, 'application/proto'],
    [executeCommand.path, 'application/json'],
    [executeCommand.path, 'application/grpc-web'],
    [executeCommand.path, 'application/grpc-web+json'],
    [subscribeEvents.path, 'application/connect+proto'],
    [subscribeEvents.path, 'application/grpc-web+proto'],
  ];
  it.each(webTypes)('valid requests of a browser to %s with %s, damaged', async (path, type) => {
    const signed = gateway.newClient().signCommand('lobby.game.list', {});
    const encoded = Buffer.from(ExecuteCommandRequest.encode(signed).finish());
    // As protobuf has them in JSON.
    const inJson = Object.entries(signed).map(([name, value]) => [
      name,
      Buffer.isBuffer(value) ? value.toString('base64') : String(value),
    ]);
    const text = Buffer.from(JSON.stringify(Object.fromEntries(inJson)));
    const content = type.includes('json') ? text : encoded;
    const body = /grpc|connect/.test(type) ? message(content) : content;
    const head = [
      `POST ${path} HTTP/1.1`,
      'host: gateway.test',
      `content-type: ${type}`,
      'origin: https://play.example.com',
      'connect-timeout-ms: 1000',
      'grpc-timeout: 1S',
      `content-length: ${body.length}`,
    ].join('\r\n');
    const valid = Buffer.concat([Buffer.from(`${head}\r\n\r\n`), body]);
    await sendAll(new URL(gateway.webUrl).host, samples(damaged(valid), 150));
  });

  it.each(webTypes)('any body of a browser to %s with %s', async (path, type) => {
    const found = new Set<number>();
    for (const body of samples(anyBytes, 100)) {
      const framed = /grpc|connect/.test(type) && body.length % 2 === 0 ? message(body) : body;
      const response = await fetch(gateway.webUrl + path, {
        method: 'POST',
        headers: { 'content-type': type },
        body: new Uint8Array(framed),
      });
      await response.arrayBuffer();
      found.add(response.status);
    }
    expect([...found].filter((code) => ![200, 400, 401, 501].includes(code))).toEqual([]);
  });

  it.each([executeCommand.path, subscribeEvents.path])('any message to %s', async (path) => {
    const valid = Buffer.from(
      ExecuteCommandRequest.encode(gateway.newClient().signCommand('lobby.game.list', {})).finish(),
    );
    const requests = [...samples(anyBytes, 200), ...samples(damaged(valid), 400)];
    const allowed = new Set([...refusals, 'OK', 'FAILED_PRECONDITION REPLAY_DETECTED']);
    expect([...(await statusesOf(path, requests))].filter((found) => !allowed.has(found))).toEqual([]);
  });

  it('any envelope', async () => {
    const odd = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 80 }),
      fc.constantFrom('v1', 'lobby.game.list', ''),
    );
    const blob = fc.uint8Array({ maxLength: 80 }).map((content) => Buffer.from(content));
    const envelopes = fc.record({
      protocolVersion: fc.oneof({ weight: 4, arbitrary: fc.constant('v1') }, odd),
      deviceSessionId: fc.oneof(fc.uuid(), odd),
      messageType: fc.oneof(fc.constantFrom(...Object.keys(routes)), odd),
      timestampMs: fc.oneof(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.constant(BigInt(Date.now()))),
      requestId: odd,
      payloadBytes: blob,
      payloadHash: fc.oneof(
        blob,
        fc.uint8Array({ minLength: 32, maxLength: 32 }).map((content) => Buffer.from(content)),
      ),
      signature: fc.oneof(
        blob,
        fc.uint8Array({ minLength: 64, maxLength: 64 }).map((content) => Buffer.from(content)),
      ),
      idempotencyKey: odd,
      ifMatch: odd,
    });
    const requests = samples(envelopes, 500).map((fields) =>
      Buffer.from(ExecuteCommandRequest.encode(fields).finish()),
    );
    const found = await statusesOf(executeCommand.path, requests);
    expect([...found].filter((reason) => !refusals.includes(reason))).toEqual([]);
  });

  it('any payload that a player has signed', async () => {
    const player = gateway.newClient();
    const types = Object.keys(routes);
    const payloads = samples(
      fc.tuple(
        fc.constantFrom(...types),
        fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue()),
      ),
      400,
    );
    const codes = new Set<string>();
    for (let next = 0; next < payloads.length; next += 50) {
      const batch = payloads
        .slice(next, next + 50)
        .map(([type, payload]) =>
          player
            .send(player.signCommand(type, payload as object))
            .then(({ resultCode }) => codes.add(resultCode)),
        );
      await Promise.all(batch);
    }
    expect([...codes].toSorted()).toEqual(['invalid_request', 'not_found', 'ok']);
  });

  it('any JSON on the public routes', async () => {
    const key = generateKeyPairSync('ed25519').privateKey;
    const proof = sign(null, Buffer.from('anything'), key).toString('base64');
    const field = fc.constantFrom(
      'email',
      'challenge_id',
      'code',
      'client_public_key',
      'proof',
      'recovery_code',
      'locale',
      'x',
    );
    const value = fc.oneof(fc.jsonValue(), fc.constant(proof), fc.emailAddress());
    const requests = samples(
      fc.tuple(
        fc.constantFrom('send-email-code', 'confirm-email-code', 'recover'),
        fc.dictionary(field, value),
      ),
      200,
    );
    const found = new Set<number>();
    for (const [route, body] of requests) {
      const url = `${gateway.httpUrl}/api/v1/public/auth/${route}`;
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      await response.arrayBuffer();
      found.add(response.status);
    }
    // The fake upstream does not know the route; the gateway passes that on or responds that it is unavailable.
    expect([...found].filter((code) => ![400, 404, 422, 429, 502, 503].includes(code))).toEqual([]);
  });
});

describe('afterwards the gateway', () => {
  it('still serves', async () => {
    expect((await gateway.newClient().execute('lobby.game.list', {})).resultCode).toBe('ok');
    expect((await fetch(`${gateway.httpUrl}/readyz`)).status).toBe(200);
  });

  it('has logged no fault', () => {
    expect(child.output()).toBe('');
  });

  it('has not grown', async () => {
    expect((await memory()) - memoryBefore).toBeLessThan(120 * 1024 * 1024);
  });
});
