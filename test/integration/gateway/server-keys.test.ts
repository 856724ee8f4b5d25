import { createHash, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { TestPushLog } from '../../support/backend/push-log.ts';
import { startTestPush } from '../../support/backend/push-process.ts';
import { json, startUpstreamServer } from '../../support/gateway/fake-upstream.ts';
import { startTestGateway, type TestGateway } from '../../support/gateway/gateway.ts';
import { TestClient } from '../../support/gateway/test-client.ts';
import { startTcpProxy, type TcpProxy } from '../../support/network/tcp-proxy.ts';

const testLog = new TestPushLog();

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxy-test-keys-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

class Key {
  readonly private: KeyObject;
  readonly raw: Buffer;

  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    this.private = privateKey;
    this.raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  }

  get base64(): string {
    return this.raw.toString('base64');
  }

  get id(): string {
    return createHash('sha256').update(this.raw).digest('hex').slice(0, 16);
  }

  get next(): object {
    return { public_key: this.base64, status: 'next' };
  }

  get retired(): object {
    return { public_key: this.base64, status: 'retired', retired_at: '2026-01-31T14:00:00+02:00' };
  }
}

async function file(name: string, content: string): Promise<string> {
  const path = join(folder, `${randomUUID()}-${name}`);
  await writeFile(path, content, { mode: 0o600 });
  return path;
}

type Others = readonly object[] | string | undefined;

/** @param others what the file of other keys holds. */
async function startWithKeys(
  key: Key,
  others?: Others,
  variables: Record<string, string> = {},
): Promise<TestGateway> {
  const pem = key.private.export({ format: 'pem', type: 'pkcs8' }).toString();
  const text = typeof others === 'string' ? others : JSON.stringify(others);
  const gateway = await startTestGateway({
    GATEWAY_RESPONSE_SIGNER_PRIVATE_KEY_PATH: await file('signer.pem', pem),
    ...(others === undefined
      ? {}
      : { GATEWAY_RESPONSE_SIGNER_OTHER_KEYS_PATH: await file('others.json', text) }),
    ...variables,
  });
  closers.push(() => gateway[Symbol.asyncDispose]());
  return gateway;
}

async function serverKeys(gateway: TestGateway): Promise<{ cacheControl: string | null; body: unknown }> {
  const response = await fetch(`${gateway.httpUrl}/api/v1/public/auth/server-keys`);
  expect(response.status).toBe(200);
  return { cacheControl: response.headers.get('cache-control'), body: await response.json() };
}

describe('server-keys', () => {
  test('names the active key alone when there are no others', async () => {
    const key = new Key();
    const { body, cacheControl } = await serverKeys(await startWithKeys(key));
    expect(body).toEqual({ keys: [{ key_id: key.id, public_key: key.base64, status: 'active' }] });
    expect(cacheControl).toBe('no-store');
  });

  test('names next and retired keys after the active one', async () => {
    const [active, next, retired] = [new Key(), new Key(), new Key()];
    const { body } = await serverKeys(await startWithKeys(active, [next.next, retired.retired]));
    expect(body).toEqual({
      keys: [
        { key_id: active.id, public_key: active.base64, status: 'active' },
        { key_id: next.id, public_key: next.base64, status: 'next' },
        {
          key_id: retired.id,
          public_key: retired.base64,
          status: 'retired',
          retired_at: '2026-01-31T12:00:00.000Z',
        },
      ],
    });
  });
});

describe('the gateway refuses to start', () => {
  const key = new Key();
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  const notCanonical = Buffer.alloc(32, 0xff);
  const retired = { public_key: key.base64, status: 'retired' };

  test.each<[what: string, others: Others, message: string]>([
    ['no JSON', '[', 'it must hold a JSON array'],
    ['no array', '{"keys":[]}', 'it must hold a JSON array'],
    ['too many keys', Array.from({ length: 33 }, () => key.next), 'at most 32 keys'],
    ['something else than a key', ['x' as unknown as object], 'key 1: must be an object with public_key'],
    ['a status that is none', [{ public_key: key.base64, status: 'active' }], 'status "next" or "retired"'],
    ['no public_key', [{ status: 'next' }], 'key 1: public_key must be base64'],
    ['bad base64', [{ public_key: '%', status: 'next' }], 'key 1: public_key must be base64'],
    [
      'a key that is too short',
      [{ public_key: base64(key.raw.subarray(1)), status: 'next' }],
      'key 1: public_key must be base64 of the 32 raw bytes',
    ],
    [
      'a key that is not a canonical point',
      [{ public_key: base64(notCanonical), status: 'next' }],
      'not the canonical encoding',
    ],
    [
      'a point of small order',
      [{ public_key: base64(Buffer.alloc(32)), status: 'next' }],
      'key 1: public_key is a point of small order',
    ],
    ['no retired_at', [retired], 'key 1: retired_at must be the time'],
    [
      'a retired_at that is not a time',
      [{ ...retired, retired_at: 'Monday' }],
      'key 1: retired_at must be the time',
    ],
    [
      'a next key with retired_at',
      [{ ...key.next, retired_at: '2026-01-31T12:00:00Z' }],
      'key 1: has unknown fields: retired_at',
    ],
    ['a key twice', [key.next, key.next], `key 2: ${key.id} is listed twice`],
    ['two bad keys', [{ status: 'next' }, 1 as unknown as object], 'key 2: must be an object'],
  ])('when the file of other keys holds %s', async (_, others, message) => {
    const starting = startWithKeys(new Key(), others);
    await expect(starting).rejects.toThrow(/GATEWAY_RESPONSE_SIGNER_OTHER_KEYS_PATH: .*others\.json cannot/);
    await expect(starting).rejects.toThrow(message);
  });

  test('when the file of other keys lists the key that is in use', async () => {
    const starting = startWithKeys(key, [new Key().next, key.retired]);
    await expect(starting).rejects.toThrow(`lists ${key.id}, which is the key in use for signing`);
  });

  test('when the file of other keys cannot be read', async () => {
    const starting = startWithKeys(key, undefined, {
      GATEWAY_RESPONSE_SIGNER_OTHER_KEYS_PATH: join(folder, 'missing.json'),
    });
    await expect(starting).rejects.toThrow(/OTHER_KEYS_PATH: cannot read .*missing\.json \(ENOENT\)/);
  });

  test('with a line each for the private key and the other keys', async () => {
    const starting = startWithKeys(key, '[', {
      GATEWAY_RESPONSE_SIGNER_PRIVATE_KEY_PATH: join(folder, 'missing.pem'),
    });
    await expect(starting).rejects.toThrow(/PRIVATE_KEY_PATH: cannot read .*missing\.pem/);
    await expect(starting).rejects.toThrow(/OTHER_KEYS_PATH: .*JSON array/);
  });
});

/** A proxy between the clients and the replicas: sends each connection where the test says. */
class Balancer {
  readonly #http: { host: string; port: number };
  readonly #grpc: { host: string; port: number };
  readonly #proxies: { http: TcpProxy; grpc: TcpProxy };

  private constructor(
    http: { host: string; port: number },
    grpc: { host: string; port: number },
    proxies: { http: TcpProxy; grpc: TcpProxy },
  ) {
    this.#http = http;
    this.#grpc = grpc;
    this.#proxies = proxies;
  }

  static async start(gateway: TestGateway): Promise<Balancer> {
    const [http, grpc] = [hostAndPort(gateway.httpUrl), hostAndPort(gateway.grpcAddr)];
    const proxies = { http: await startTcpProxy(http), grpc: await startTcpProxy(grpc) };
    closers.push(() => proxies.http.close());
    closers.push(() => proxies.grpc.close());
    return new Balancer(http, grpc, proxies);
  }

  /** New connections go there; those that are open are cut. */
  point(to: { http?: TestGateway; grpc?: TestGateway }): void {
    if (to.http !== undefined) {
      this.#http.port = hostAndPort(to.http.httpUrl).port;
      this.#proxies.http.cut();
      this.#proxies.http.heal();
    }
    if (to.grpc !== undefined) {
      this.#grpc.port = hostAndPort(to.grpc.grpcAddr).port;
      this.#proxies.grpc.cut();
      this.#proxies.grpc.heal();
    }
  }

  /** Server keys can no longer be fetched. */
  cutHttp(): void {
    this.#proxies.http.cut();
  }

  get endpoints() {
    return { httpUrl: `http://${this.#proxies.http.addr}`, grpcAddr: this.#proxies.grpc.addr };
  }
}

function hostAndPort(address: string): { host: string; port: number } {
  const [host = '', port] = address.replace('http://', '').split(':');
  return { host, port: Number(port) };
}

/** Two replicas and what they share. */
async function startPlatform() {
  const device = generateKeyPairSync('ed25519');
  const session = { deviceSessionId: randomUUID(), userId: randomUUID() };
  const backend = await startUpstreamServer(
    json(200, {
      device_session_id: session.deviceSessionId,
      user_id: session.userId,
      status: 'active',
      client_public_key: Buffer.from(
        device.publicKey.export({ format: 'jwk' }).x ?? '',
        'base64url',
      ).toString('base64'),
    }),
  );
  closers.push(() => backend.close());
  const push = await startTestPush(testLog.server);
  closers.push(() => push.stop());
  const variables = {
    GATEWAY_BACKEND_HTTP_URL: backend.url,
    GATEWAY_BACKEND_GRPC_ADDR: push.addr,
    GATEWAY_SHUTDOWN_TIMEOUT: '2s',
  };
  return {
    session,
    replica: (key: Key, others?: Others) => startWithKeys(key, others, variables),
    client: (balancer: Balancer) => {
      const client = new TestClient(balancer.endpoints, device.privateKey, session);
      closers.push(() => client.close());
      return client;
    },
  };
}

/** Runs a verified command; tries again where the connection was cut under it. */
async function ask(client: TestClient): Promise<string> {
  for (let tries = 0; ; tries++) {
    try {
      return (await client.execute('lobby.game.list', {})).resultCode;
    } catch (error) {
      const unavailable = error instanceof Error && 'grpcCode' in error && error.grpcCode === 14;
      if (!unavailable || tries === 20) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

const keyIdOfResponse = async (client: TestClient) =>
  (await client.send(client.signCommand('lobby.game.list', {}))).keyId;

describe('while the response key is being changed', () => {
  test('a client that knew the next key before verifies responses of both, and need not fetch the keys again', async () => {
    const [first, second] = [new Key(), new Key()];
    const platform = await startPlatform();
    const old = await platform.replica(first, [second.next]);
    const balancer = await Balancer.start(old);
    const client = platform.client(balancer);
    expect(await ask(client)).toBe('ok');
    balancer.cutHttp();

    const switched = await platform.replica(second, [first.retired]);
    const seen: string[] = [];
    for (const replica of [switched, old, switched]) {
      balancer.point({ grpc: replica });
      expect(await ask(client)).toBe('ok');
      seen.push(await keyIdOfResponse(client));
    }
    expect(seen).toEqual([second.id, first.id, second.id]);
  });

  test('a client that did not know the next key asks again, at whichever replica', async () => {
    const [first, second] = [new Key(), new Key()];
    const platform = await startPlatform();
    const before = await platform.replica(first);
    const balancer = await Balancer.start(before);
    const [one, other] = [platform.client(balancer), platform.client(balancer)];
    for (const client of [one, other]) expect(await ask(client)).toBe('ok');

    const published = await platform.replica(first, [second.next]);
    const switched = await platform.replica(second, [first.retired]);
    balancer.point({ grpc: switched, http: published });
    expect(await ask(one)).toBe('ok');
    balancer.point({ http: switched });
    expect(await ask(other)).toBe('ok');
  });

  test('a client follows its events from one replica to the next without a gap', async () => {
    const [first, second] = [new Key(), new Key()];
    const platform = await startPlatform();
    const old = await platform.replica(first, [second.next]);
    const balancer = await Balancer.start(old);
    const client = platform.client(balancer);
    const stop = new AbortController();
    const got: string[] = [];
    const hellos: boolean[] = [];
    const following = (async () => {
      for await (const item of client.events({ signal: stop.signal })) {
        if (item.kind === 'hello') hellos.push(item.resumed);
        else got.push(item.eventId);
      }
    })();
    closers.push(async () => {
      stop.abort();
      await following;
    });
    await expect.poll(() => hellos.length, { timeout: 15_000 }).toBe(1);
    const { userId } = platform.session;
    const expected = [(await testLog.append(userId)).eventId];
    await expect.poll(() => got, { timeout: 15_000 }).toEqual(expected);

    const switched = await platform.replica(second, [first.retired]);
    balancer.point({ grpc: switched });
    await old.stop();
    expected.push((await testLog.append(userId)).eventId);
    await expect.poll(() => got, { timeout: 15_000 }).toEqual(expected);
    expected.push((await testLog.append(userId)).eventId);
    await expect.poll(() => got, { timeout: 15_000 }).toEqual(expected);
    expect(hellos.length).toBeGreaterThan(1);
    expect(hellos.slice(1).every((resumed) => resumed)).toBe(true);
  });
});

describe('when a response key is published no more', () => {
  test('a response that it signed is refused', async () => {
    const [removed, active] = [new Key(), new Key()];
    const platform = await startPlatform();
    const [thief, honest] = [await platform.replica(removed), await platform.replica(active)];
    const balancer = await Balancer.start(honest);
    balancer.point({ grpc: thief });
    await expect(ask(platform.client(balancer))).rejects.toThrow(removed.id);
  });

  test('a client that knew it trusts it no more once it has fetched the keys again', async () => {
    const [removed, active] = [new Key(), new Key()];
    const platform = await startPlatform();
    const [thief, honest] = [await platform.replica(removed), await platform.replica(active)];
    const balancer = await Balancer.start(thief);
    const client = platform.client(balancer);
    expect(await ask(client)).toBe('ok');
    balancer.point({ http: honest, grpc: honest });
    expect(await ask(client)).toBe('ok');
    balancer.point({ grpc: thief });
    await expect(ask(client)).rejects.toThrow(removed.id);
  });
});
