// The client while what it needs fails in ways that pass, and over TLS.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { GalaxyClient } from '../../../lib/client/client.ts';
import { connectTransport } from '../../../lib/client/connect-transport.ts';
import { memoryKeys } from '../../../lib/client/device-keys.ts';
import { verifyWithDeviceKey } from '../../../lib/protocol/device-key.ts';
import { knownDeviceBytes } from '../../../lib/protocol/envelope.ts';
import {
  type Answer,
  json,
  startUpstreamServer,
  type UpstreamServer,
} from '../../support/gateway/fake-upstream.ts';
import { startTestGateway, type TestGateway } from '../../support/gateway/gateway.ts';
import { TestClient } from '../../support/gateway/test-client.ts';
import { selfSigned } from '../../support/network/certificate.ts';
import { startTcpProxy, type TcpProxy } from '../../support/network/tcp-proxy.ts';

const { cert, key } = selfSigned();
let folder: string;
let gateway: TestGateway;
let link: TcpProxy;
/** In front of the gateway's public listener. */
let publicHttp: UpstreamServer;

/** Fails in these ways, one after the other, and then passes requests on. */
let failures: Answer[];
const passOn: Answer = async ({ method, url, body }, response) => {
  const passed = await fetch(`${gateway.httpUrl}${url}`, {
    method,
    ...(body === '' ? {} : { body, headers: { 'content-type': 'application/json' } }),
  });
  response.writeHead(passed.status, { 'content-type': 'application/json' }).end(await passed.text());
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxy-test-client-'));
  await writeFile(join(folder, 'cert.pem'), cert);
  await writeFile(join(folder, 'key.pem'), key);
  gateway = await startTestGateway();
  const [host = '', port] = gateway.grpcAddr.split(':');
  link = await startTcpProxy({ host, port: Number(port) });
  publicHttp = await startUpstreamServer((request, response) =>
    (failures.shift() ?? passOn)(request, response),
  );
});
beforeEach(() => {
  failures = [];
  publicHttp.received.length = 0;
  gateway.lobby.received.length = 0;
  gateway.lobby.answer = json(200, { items: [] });
});
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
afterAll(async () => {
  await publicHttp.close();
  await link.close();
  await gateway[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** A client that goes through the link and the public listener in front. */
const patientClient = () =>
  gateway.newClient('active', { grpcAddr: link.addr, httpUrl: publicHttp.url, patienceMs: 30_000 });

const limited =
  (retryAfter: number): Answer =>
  (_, response) => {
    const headers = { 'content-type': 'application/json', 'retry-after': String(retryAfter) };
    response
      .writeHead(429, headers)
      .end(JSON.stringify({ error: { code: 'rate_limited', message: 'Slowly.' } }));
  };

describe('signing in', () => {
  const accepted = json(202, { challenge_id: 'c1', expires_at: '2026-01-31T12:10:00.000Z' });
  let client: TestClient;
  beforeEach(() => {
    client = new TestClient({ httpUrl: publicHttp.url, grpcAddr: gateway.grpcAddr });
    closers.push(() => client.close());
  });

  test('proves that the device has signed in before once it has', async () => {
    failures = [accepted, accepted];
    await client.sendEmailCode('ada@example.com');
    expect(JSON.parse(publicHttp.received[0]?.body ?? '')).toEqual({ email: 'ada@example.com' });

    const known = patientClient();
    closers.push(() => known.close());
    await known.sendEmailCode('Ada@Example.com');
    const body = z
      .object({
        email: z.literal('Ada@Example.com'),
        known_device: z.object({
          device_session_id: z.literal(known.session.deviceSessionId),
          timestamp_ms: z.int(),
          signature: z.base64(),
        }),
      })
      .parse(JSON.parse(publicHttp.received[1]?.body ?? ''));
    const { device_session_id: deviceSessionId, timestamp_ms, signature } = body.known_device;
    expect(Math.abs(timestamp_ms - Date.now())).toBeLessThan(60_000);
    const fields = { email: 'ada@example.com', deviceSessionId, timestampMs: BigInt(timestamp_ms) };
    const key = new Uint8Array(known.publicKey);
    expect(await verifyWithDeviceKey(key, knownDeviceBytes(fields), Buffer.from(signature, 'base64'))).toBe(
      true,
    );
  });

  test('goes on after refusals that pass, and not before Retry-After', async () => {
    failures = [
      limited(1),
      json(503, { error: { code: 'service_unavailable', message: 'Later.' } }),
      (_, response) => void response.destroy(),
      (_, response) => void response.end('<html>Log in to the network</html>'),
      accepted,
    ];
    const startedAt = performance.now();
    expect(await client.sendEmailCode('ada@example.com')).toBe('c1');
    expect(performance.now() - startedAt).toBeGreaterThan(990);
    expect(publicHttp.received).toHaveLength(5);
  });

  test('fails at once with the time to wait when that is beyond the patience', async () => {
    failures = [limited(3_600)];
    await expect(client.sendEmailCode('ada@example.com')).rejects.toMatchObject({
      status: 429,
      code: 'rate_limited',
      retryAfterMs: 3_600_000,
    });
    expect(publicHttp.received).toHaveLength(1);
  });

  test('fails at once when the refusal does not pass', async () => {
    failures = [json(422, { error: { code: 'challenge_failed', message: 'No.' } })];
    await expect(client.confirmEmailCode('c1', '00000000', 'a device')).rejects.toMatchObject({
      status: 422,
      code: 'challenge_failed',
    });
    expect(publicHttp.received).toHaveLength(1);
  });
});

describe('a command', () => {
  test('is verified although the route of the keys fails at first', async () => {
    failures = [
      limited(1),
      json(502, {}),
      (_, response) => void response.destroy(),
      json(200, { keys: [{ key_id: '0123456789abcdef', public_key: 'no key' }] }),
    ];
    expect((await patientClient().execute('lobby.game.list', {})).resultCode).toBe('ok');
    expect(publicHttp.received).toHaveLength(5);
    expect(gateway.lobby.received).toHaveLength(1);
  });

  test('is sent again under one idempotency key while a service behind the gateway fails', async () => {
    const answers: Answer[] = [
      (_, response) => void response.destroy(),
      (_, response) => void response.destroy(),
    ];
    gateway.lobby.answer = (request, response) =>
      (answers.shift() ?? json(200, { items: [] }))(request, response);
    expect((await patientClient().execute('lobby.game.create', {})).resultCode).toBe('ok');
    const keys = gateway.lobby.received.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('waits for a gateway that is away', async () => {
    link.cut();
    const result = patientClient().execute('lobby.game.list', {});
    const heal = setTimeout(() => link.heal(), 1_000);
    closers.push(
      () => clearTimeout(heal),
      () => link.heal(),
    );
    expect((await result).resultCode).toBe('ok');
  });

  test('waits for a gateway that accepts connections and says nothing', { timeout: 30_000 }, async () => {
    link.stall();
    closers.push(() => link.heal());
    const result = patientClient().execute('lobby.game.list', {});
    // Longer than one attempt to connect may take.
    const heal = setTimeout(() => link.heal(), 6_000);
    closers.push(() => clearTimeout(heal));
    expect((await result).resultCode).toBe('ok');
  });
});

test('a stream of a browser is opened again after refusals of a proxy that pass, and ends with one that does not', async () => {
  const keys = await memoryKeys();
  await keys.bind({ deviceSessionId: randomUUID(), userId: randomUUID() });
  const refusals = [429, 503, 429, 401];
  const proxy = await startUpstreamServer(({ url }, response) => {
    const isStream = url.endsWith('/SubscribeEvents');
    response.writeHead(isStream ? (refusals.shift() ?? 401) : 429, { 'retry-after': '0' }).end('Slowly.');
  });
  closers.push(() => proxy.close());
  const client = new GalaxyClient({ transport: connectTransport(proxy.url), httpUrl: proxy.url, keys });
  closers.push(() => client.close());
  await expect(client.events().next()).rejects.toMatchObject({ grpcCode: status.UNAUTHENTICATED });
  expect(refusals).toEqual([]);
});

describe('over TLS', () => {
  let secured: TestGateway;
  beforeAll(async () => {
    secured = await startTestGateway({
      GATEWAY_GRPC_TLS_CERT_PATH: join(folder, 'cert.pem'),
      GATEWAY_GRPC_TLS_KEY_PATH: join(folder, 'key.pem'),
    });
  });
  afterAll(() => secured[Symbol.asyncDispose]());

  const secureAddr = () => secured.grpcAddr.replace('127.0.0.1', 'localhost');

  /** As a proxy that terminates TLS in front of the public listener. */
  async function startHttps(): Promise<string> {
    const server = createServer({ cert, key }, async ({ url }, response) => {
      response.end(await (await fetch(`${secured.httpUrl}${url}`)).text());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => {
      server.close();
      server.closeAllConnections();
    });
    return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  test('commands are sent, and keys fetched, where the authority is trusted', async () => {
    const httpUrl = await startHttps();
    const client = secured.newClient('active', { httpUrl, grpcAddr: secureAddr(), tls: { ca: cert } });
    expect((await client.execute('lobby.game.list', {})).resultCode).toBe('ok');
  });

  test('nothing is sent to a gateway whose certificate another authority made', async () => {
    const httpUrl = await startHttps();
    const before = secured.lobby.received.length;
    const strangers = [{ ca: selfSigned().cert }, {}].map((tls) =>
      secured.newClient('active', { httpUrl, grpcAddr: secureAddr(), tls }),
    );
    for (const client of strangers) {
      await expect(client.execute('lobby.game.list', {})).rejects.toMatchObject({
        grpcCode: status.UNAVAILABLE,
        message: expect.stringMatching(/self-signed certificate|unable to verify/),
      });
      await expect(client.sendEmailCode('ada@example.com')).rejects.toThrow('no whole response');
    }
    expect(secured.lobby.received).toHaveLength(before);
  });
});
