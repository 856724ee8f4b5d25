import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ChannelOptions,
  Client,
  credentials,
  Metadata,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServiceError,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type GrpcListenerPlan, listenGrpc } from '../../lib/node/grpc-listener.ts';
import type { Listener } from '../../lib/node/http-listener.ts';
import { TlsCertificate } from '../../lib/node/tls-certificate.ts';
import { type Certificate, selfSigned } from '../support/network/certificate.ts';
import {
  callHeaders,
  endHeaders,
  endStream,
  frame,
  frameType,
  message,
  preface,
  RawHttp2,
  repeatedHeader,
} from '../support/network/raw-http2.ts';

const bytes = (value: Buffer) => value;
const unary = {
  requestStream: false,
  responseStream: false,
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
};
const echoPath = '/test.Echo/Echo';
const service = {
  echo: { ...unary, path: echoPath },
  hang: { ...unary, path: '/test.Echo/Hang' },
  follow: { ...unary, path: '/test.Echo/Follow', requestStream: true, responseStream: true },
};

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0).toReversed()) await step();
});

type Echo = { addr: string; listener: Listener; stopping: AbortController; warnings: unknown[] };

async function startEcho(plan: Partial<GrpcListenerPlan> = {}): Promise<Echo> {
  const stopping = new AbortController();
  const warnings: unknown[] = [];
  const listener = await listenGrpc({
    address: { host: '127.0.0.1', port: 0 },
    addServices: (server) =>
      server.addService(service, {
        echo: (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) =>
          callback(null, call.request.length === 0 ? Buffer.from(call.getPeer()) : call.request),
        hang: () => undefined,
        follow: (call: ServerDuplexStream<Buffer, Buffer>) => call.write(Buffer.alloc(1024 * 1024)),
      }),
    healthOf: ['test.Echo'],
    options: { 'grpc.max_concurrent_streams': 16 },
    connections: { max: 100, handshakeTimeoutMs: 5_000 },
    streams: {
      maxHeaderBytes: 16 * 1024,
      requestTimeoutMs: 5_000,
      maxUnfinishedRequests: 8,
      stallTimeoutMs: 5_000,
    },
    stopping: stopping.signal,
    log: { warn: (...line: unknown[]) => warnings.push(line) },
    ...plan,
  });
  cleanUp.push(() => listener.close(0));
  return { addr: `127.0.0.1:${listener.port}`, listener, stopping, warnings };
}

function call(
  addr: string,
  path = echoPath,
  request = Buffer.from('hello'),
  options: ChannelOptions = {},
): Promise<Buffer> {
  const client = new Client(addr, credentials.createInsecure(), options);
  cleanUp.push(() => client.close());
  return callWith(client, path, request);
}

function callWith(client: Client, path = echoPath, request = Buffer.from('hello')): Promise<Buffer> {
  const deadline = Date.now() + 8_000;
  return new Promise((resolve, reject) => {
    const answered = (error: ServiceError | null, answer?: Buffer) =>
      answer === undefined ? reject(error) : resolve(answer);
    client.makeUnaryRequest(path, bytes, bytes, request, new Metadata(), { deadline }, answered);
  });
}

async function raw(open: Promise<RawHttp2>): Promise<RawHttp2> {
  const connection = await open;
  cleanUp.push(() => connection.destroy());
  return connection;
}

const untilClosed = (connection: RawHttp2) =>
  vi.waitFor(() => expect(connection.closed).toBe(true), { timeout: 15_000 });

/** The gRPC status in a trailers-only answer; its headers are Huffman-coded, so only the size tells it from others. */
const untilResponse = (connection: RawHttp2, streamId: number) =>
  vi.waitFor(
    () => {
      const answer = connection.received(frameType.HEADERS).find((one) => one.streamId === streamId);
      if (answer === undefined) throw new Error('no answer yet');
      return answer;
    },
    { timeout: 15_000 },
  );

describe('a gRPC listener', () => {
  it('serves, and knows who called', async () => {
    const { addr } = await startEcho();
    expect((await call(addr)).toString()).toBe('hello');
    expect((await call(addr, echoPath, Buffer.alloc(0))).toString()).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  it('serves a client whose preface arrives byte by byte', async () => {
    const { addr } = await startEcho();
    const slow = await raw(RawHttp2.connect(addr));
    slow.socket.setNoDelay(true);
    for (const byte of preface) {
      slow.send(Buffer.from([byte]));
      await new Promise(setImmediate);
    }
    slow.send(
      frame(frameType.SETTINGS, 0, 0),
      frame(frameType.HEADERS, endHeaders, 1, callHeaders(echoPath)),
      frame(frameType.DATA, endStream, 1, message(Buffer.from('x'))),
    );
    await vi.waitFor(
      () =>
        expect(slow.received(frameType.DATA).map(({ payload }) => payload.subarray(5).toString())).toEqual([
          'x',
        ]),
      { timeout: 10_000 },
    );
  });

  it('cuts whoever speaks another protocol, and whoever says nothing in time', async () => {
    const { addr } = await startEcho({ connections: { max: 100, handshakeTimeoutMs: 3_000 } });
    const [silent, half, other] = [
      await raw(RawHttp2.connect(addr)),
      await raw(RawHttp2.connect(addr)),
      await raw(RawHttp2.connect(addr)),
    ];
    const startedAt = performance.now();
    half.send(preface.subarray(0, 20));
    other.send(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    await untilClosed(other);
    expect([silent.closed, half.closed]).toEqual([false, false]);
    expect(performance.now() - startedAt).toBeLessThan(2_750);
    await Promise.all([untilClosed(silent), untilClosed(half)]);
    expect(performance.now() - startedAt).toBeGreaterThan(2_750);
    expect((await call(addr)).toString()).toBe('hello');
  });

  it('holds no more connections than it may, and gives the place of a silent one to a new one', async () => {
    const { addr } = await startEcho({ connections: { max: 3, handshakeTimeoutMs: 60_000 } });
    const speaking = await raw(RawHttp2.open(addr));
    const silent = await raw(RawHttp2.connect(addr));
    const second = await raw(RawHttp2.open(addr));
    await vi.waitFor(() => expect(second.received(frameType.SETTINGS)).not.toEqual([]), { timeout: 10_000 });
    const third = await raw(RawHttp2.open(addr));
    await untilClosed(silent);
    await vi.waitFor(() => expect(third.received(frameType.SETTINGS)).not.toEqual([]), { timeout: 10_000 });
    const tooMany = await raw(RawHttp2.open(addr));
    await untilClosed(tooMany);
    expect([speaking.closed, second.closed, third.closed]).toEqual([false, false, false]);
    speaking.destroy();
    await vi.waitFor(async () => expect((await call(addr)).toString()).toBe('hello'), { timeout: 15_000 });
  });

  // Other systems have one loopback address only.
  it.runIf(process.platform === 'linux')('holds no more connections of one address than it may', async () => {
    const { addr } = await startEcho({
      connectionsPerAddress: { max: 2, keyOf: (address) => (address === '127.0.0.9' ? undefined : address) },
    });
    const [one, two] = [await raw(RawHttp2.connect(addr)), await raw(RawHttp2.connect(addr))];
    const three = await raw(RawHttp2.connect(addr));
    await untilClosed(three);
    const others = await Promise.all([1, 2, 3].map(() => raw(RawHttp2.connect(addr, '127.0.0.9'))));
    expect([one, two, ...others].map(({ closed }) => closed)).toEqual([false, false, false, false, false]);
  });

  it('ends connections that are idle, too old, or dead', async () => {
    const { addr } = await startEcho({
      options: { 'grpc.max_connection_idle_ms': 200 },
    });
    await untilClosed(await raw(RawHttp2.open(addr)));

    const aging = await startEcho({
      options: { 'grpc.max_connection_age_ms': 200, 'grpc.max_connection_age_grace_ms': 200 },
    });
    const startedAt = performance.now();
    const hanging = call(aging.addr, '/test.Echo/Hang');
    await expect(hanging).rejects.toMatchObject({ code: status.UNAVAILABLE });
    expect(performance.now() - startedAt).toBeGreaterThan(350);
    expect((await call(aging.addr)).toString()).toBe('hello');

    const pinging = await startEcho({
      options: { 'grpc.keepalive_time_ms': 100, 'grpc.keepalive_timeout_ms': 100 },
    });
    const dead = await raw(RawHttp2.open(pinging.addr));
    await untilClosed(dead);
    expect(dead.received(frameType.PING)).toHaveLength(1);
  });
});

describe('a gRPC listener with a certificate', () => {
  it('takes a renewed one for new connections, and lets open ones be', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'galaxy-test-tls-'));
    cleanUp.push(() => rm(folder, { recursive: true, force: true }));
    const paths = { certPath: join(folder, 'cert.pem'), keyPath: join(folder, 'key.pem') };
    const put = async ({ cert, key }: Certificate) => {
      await Promise.all([writeFile(paths.certPath, cert), writeFile(paths.keyPath, key)]);
    };
    const [first, second] = [selfSigned(), selfSigned()];
    await put(first);
    const certificate = await TlsCertificate.load({ ...paths, certVariable: 'CERT', keyVariable: 'KEY' });
    const { addr } = await startEcho({ certificate });
    const trusting = ({ cert }: Certificate) => {
      const options = { 'grpc.ssl_target_name_override': 'localhost', 'grpc.use_local_subchannel_pool': 1 };
      const client = new Client(addr, credentials.createSsl(Buffer.from(cert)), options);
      cleanUp.push(() => client.close());
      return () => callWith(client).then(String, ({ code }: ServiceError) => code);
    };
    const early = trusting(first);
    expect(await early()).toBe('hello');
    await put(second);
    expect(await certificate.reload()).toBe(true);
    expect(await trusting(second)()).toBe('hello');
    expect(await trusting(first)()).toBe(status.UNAVAILABLE);
    expect(await early()).toBe('hello');
  });
});

describe('closing a gRPC listener', () => {
  it('finishes at once when nothing runs, whatever is connected', async () => {
    const { addr, listener } = await startEcho();
    await call(addr);
    const [silent, idle] = [await raw(RawHttp2.connect(addr)), await raw(RawHttp2.open(addr))];
    await vi.waitFor(() => expect(idle.received(frameType.SETTINGS)).not.toEqual([]), { timeout: 10_000 });
    const startedAt = performance.now();
    await listener.close(60_000);
    expect(performance.now() - startedAt).toBeLessThan(6_000);
    await Promise.all([untilClosed(silent), untilClosed(idle)]);
    const late = connect(Number(addr.split(':')[1]), '127.0.0.1');
    await expect(once(late, 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('lets a running call finish', async () => {
    const { addr, listener } = await startEcho();
    const running = await raw(RawHttp2.open(addr));
    running.send(frame(frameType.HEADERS, endHeaders, 1, callHeaders(echoPath)));
    await vi.waitFor(() => expect(running.received(frameType.SETTINGS)).toHaveLength(2), { timeout: 10_000 });
    const closing = listener.close(10_000);
    running.send(frame(frameType.DATA, endStream, 1, message(Buffer.from('late'))));
    await closing;
    expect(running.received(frameType.DATA).map(({ payload }) => payload.subarray(5).toString())).toEqual([
      'late',
    ]);
  });

  it('cuts what is left when the time is over, and no sooner', async () => {
    const { addr, listener } = await startEcho();
    const hanging = call(addr, '/test.Echo/Hang').catch((error: ServiceError) => error.code);
    const running = await raw(RawHttp2.open(addr));
    running.send(frame(frameType.HEADERS, endHeaders, 1, callHeaders('/test.Echo/Follow')));
    await untilResponse(running, 1);
    const startedAt = performance.now();
    await listener.close(300);
    const took = performance.now() - startedAt;
    expect(took).toBeGreaterThan(280);
    expect(took).toBeLessThan(5_000);
    expect(await hanging).toBe(status.UNAVAILABLE);
    await untilClosed(running);
  });
});

describe('the streams of a gRPC listener', () => {
  it('refuse compressed requests, before they are decompressed', async () => {
    const { addr } = await startEcho();
    const compressing = call(addr, echoPath, Buffer.alloc(2_000), {
      'grpc.default_compression_algorithm': 2,
    });
    await expect(compressing).rejects.toMatchObject({
      code: status.UNIMPLEMENTED,
      details: expect.stringContaining('Compressed requests are not accepted'),
    });
    const flooding = await raw(RawHttp2.open(addr));
    const decompressors = Buffer.concat(Array<Buffer>(3_000).fill(message(Buffer.alloc(0), true)));
    const before = process.memoryUsage().external;
    for (let id = 1; id < 30; id += 2) {
      flooding.send(
        frame(frameType.HEADERS, endHeaders, id, callHeaders(echoPath, { 'grpc-encoding': 'gzip' })),
        frame(frameType.DATA, 0, id, decompressors),
      );
    }
    await untilResponse(flooding, 29);
    expect(process.memoryUsage().external - before).toBeLessThan(20 * 1024 * 1024);
  });

  it('refuse more metadata than they may hold, also of a client that acknowledges no settings', async () => {
    const { addr } = await startEcho();
    const many = new Metadata();
    many.set('x-much', 'a'.repeat(10_000));
    many.set('x-more', 'a'.repeat(10_000));
    const client = new Client(addr, credentials.createInsecure());
    cleanUp.push(() => client.close());
    const refused = new Promise((resolve) => {
      client.makeUnaryRequest(echoPath, bytes, bytes, Buffer.from('x'), many, {}, (error) =>
        resolve(error?.code),
      );
    });
    expect(await refused).toBe(status.RESOURCE_EXHAUSTED);

    const bomb = await raw(RawHttp2.open(addr));
    const block = Buffer.concat([callHeaders(echoPath), repeatedHeader('x-a', 'a'.repeat(3_900), 100)]);
    bomb.send(frame(frameType.HEADERS, endHeaders, 1, block));
    await untilResponse(bomb, 1);
    await vi.waitFor(() => expect(bomb.received(frameType.RST_STREAM)).toHaveLength(1), { timeout: 15_000 });
  });

  it.each([
    ['|%', 'x'],
    ['x-a', 'caf\u00e9'],
  ])('refuse metadata that gRPC does not allow: %s: %s', async (name, value) => {
    const { addr } = await startEcho();
    const odd = await raw(RawHttp2.open(addr));
    const block = callHeaders('/test.Echo/Hang', { [name]: value });
    odd.send(
      frame(frameType.HEADERS, endHeaders, 1, block),
      frame(frameType.DATA, endStream, 1, message(Buffer.alloc(0))),
    );
    await untilResponse(odd, 1);
  });

  it('that break before they are handled, unknown ones too, do no harm', async () => {
    const { addr } = await startEcho();
    const broken = await raw(RawHttp2.connect(addr));
    broken.send(
      preface,
      frame(frameType.SETTINGS, 0, 0),
      frame(frameType.HEADERS, endHeaders, 1, callHeaders('/test.Unknown/Method')),
      frame(frameType.DATA, 0, 0, Buffer.from('DATA of no stream is a protocol error')),
    );
    await untilClosed(broken);
    expect((await call(addr)).toString()).toBe('hello');
  });

  it('end requests that do not arrive wholly in time', async () => {
    const { addr } = await startEcho({
      streams: {
        maxHeaderBytes: 1_000,
        requestTimeoutMs: 300,
        maxUnfinishedRequests: 8,
        stallTimeoutMs: 60_000,
      },
    });
    const slow = await raw(RawHttp2.open(addr));
    slow.send(
      frame(frameType.HEADERS, endHeaders, 1, callHeaders(echoPath)),
      frame(frameType.DATA, 0, 1, message(Buffer.alloc(100)).subarray(0, 50)),
    );
    await vi.waitFor(() => expect(slow.received(frameType.RST_STREAM)).toHaveLength(1), { timeout: 15_000 });
    expect(slow.closed).toBe(false);
    expect((await call(addr)).toString()).toBe('hello');
  });

  it('let the oldest unfinished request give way, so that whole ones are always served', async () => {
    const { addr } = await startEcho();
    const slow = await raw(RawHttp2.open(addr));
    for (let id = 1; id < 2 * 12; id += 2) {
      slow.send(frame(frameType.HEADERS, endHeaders, id, callHeaders(echoPath)));
    }
    await vi.waitFor(
      () => expect(slow.received(frameType.RST_STREAM).map(({ streamId }) => streamId)).toEqual([1, 3, 5, 7]),
      { timeout: 10_000 },
    );
    expect((await call(addr)).toString()).toBe('hello');
  });

  it('let a client read on that takes a little at a time, of messages of one size', async () => {
    const size = 1024 * 1024;
    const { addr } = await startEcho({
      addServices: (server) =>
        server.addService(service, {
          echo: () => undefined,
          hang: () => undefined,
          follow: (call: ServerDuplexStream<Buffer, Buffer>) => {
            const next = () => call.write(Buffer.alloc(size), next);
            next();
          },
        }),
      streams: {
        maxHeaderBytes: 1_000,
        requestTimeoutMs: undefined,
        maxUnfinishedRequests: 8,
        stallTimeoutMs: 1_000,
      },
    });
    const slow = await raw(RawHttp2.open(addr));
    slow.send(frame(frameType.HEADERS, endHeaders, 1, callHeaders('/test.Echo/Follow')));
    const granted = Buffer.alloc(4);
    granted.writeUInt32BE(16 * 1024);
    // A message takes three times the time-out, and the next one waits as soon as it was taken.
    await vi.waitFor(
      () => {
        expect(slow.received(frameType.RST_STREAM)).toEqual([]);
        const taken = slow.received(frameType.DATA).reduce((sum, { payload }) => sum + payload.length, 0);
        slow.send(
          frame(frameType.WINDOW_UPDATE, 0, 0, granted),
          frame(frameType.WINDOW_UPDATE, 0, 1, granted),
        );
        expect(taken).toBeGreaterThan(size + 256 * 1024);
      },
      { timeout: 15_000, interval: 50 },
    );
    // It stops.
    await vi.waitFor(() => expect(slow.received(frameType.RST_STREAM)).toHaveLength(1), { timeout: 10_000 });
  });

  it('end a call whose client takes nothing of the answer', async () => {
    const { addr } = await startEcho({
      streams: {
        maxHeaderBytes: 1_000,
        requestTimeoutMs: undefined,
        maxUnfinishedRequests: 8,
        stallTimeoutMs: 1_500,
      },
    });
    const stalled = await raw(RawHttp2.open(addr));
    stalled.send(frame(frameType.HEADERS, endHeaders, 1, callHeaders('/test.Echo/Follow')));
    await vi.waitFor(() => expect(stalled.received(frameType.RST_STREAM)).toHaveLength(1), {
      timeout: 15_000,
    });
  });
});

describe('an HTTP/2 flood ends the connection and nothing else:', () => {
  const repeat = (part: Buffer, times: number) => Buffer.concat(Array<Buffer>(times).fill(part));
  const floods: Record<string, (step: number) => Buffer> = {
    'PING that is never read': () => repeat(frame(frameType.PING, 0, 0, Buffer.alloc(8)), 1_000),
    'SETTINGS that are never read': () => repeat(frame(frameType.SETTINGS, 0, 0), 1_000),
    'CONTINUATION without end': (step) =>
      step === 0
        ? frame(frameType.HEADERS, 0, 1, callHeaders(echoPath))
        : repeat(frame(frameType.CONTINUATION, 0, 1, Buffer.from([0, 1, 97, 1, 98])), 20),
    'empty DATA': (step) =>
      step === 0
        ? frame(frameType.HEADERS, endHeaders, 1, callHeaders(echoPath))
        : repeat(frame(frameType.DATA, 0, 1), 1_000),
    'streams that are reset at once': (step) =>
      Buffer.concat(
        Array.from({ length: 100 }, (_, index) => {
          const id = 1 + 2 * (100 * step + index);
          return Buffer.concat([
            frame(frameType.HEADERS, endHeaders, id, callHeaders(echoPath)),
            frame(frameType.RST_STREAM, 0, id, Buffer.from([0, 0, 0, 8])),
          ]);
        }),
      ),
    'more streams than are allowed, without an end': (step) =>
      Buffer.concat(
        Array.from({ length: 100 }, (_, index) =>
          frame(frameType.HEADERS, endHeaders, 1 + 2 * (100 * step + index), callHeaders(echoPath)),
        ),
      ),
  };

  it.each(Object.keys(floods))('%s', async (name) => {
    const { addr } = await startEcho();
    const flooding = await raw(RawHttp2.connect(addr));
    flooding.send(preface, frame(frameType.SETTINGS, 0, 0), frame(frameType.SETTINGS, 1, 0));
    if (name.includes('never read')) flooding.socket.pause();
    for (let step = 0; step < 2_000 && !flooding.closed; step += 1) {
      flooding.send(floods[name]?.(step) ?? expect.unreachable());
      await new Promise(setImmediate);
    }
    flooding.socket.resume();
    await untilClosed(flooding);
    expect((await call(addr)).toString()).toBe('hello');
  });
});
