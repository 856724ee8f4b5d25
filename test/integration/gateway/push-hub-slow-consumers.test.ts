// What a client that stops reading costs the gateway. The hub is behind a real server in the test's own process, for
// gRPC or for browsers, so that what waits where can be counted; its log is the test's.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { edgeGatewayDefinition } from '../../../lib/gateway/grpc/edge-gateway-service.ts';
import { type EventCall, GrpcEventSink } from '../../../lib/gateway/grpc/grpc-event-sink.ts';
import type { EventSink } from '../../../lib/gateway/push/event-sink.ts';
import type { EventStream } from '../../../lib/gateway/push/event-stream.ts';
import type { HubLimits, PushHub } from '../../../lib/gateway/push/hub.ts';
import { Heartbeats } from '../../../lib/gateway/web/heartbeats.ts';
import { HttpEventSink } from '../../../lib/gateway/web/http-event-sink.ts';
import { onlyMessage } from '../../../lib/gateway/web/stream-frames.ts';
import { streamOfCall } from '../../../lib/node/http2-progress.ts';
import { SubscribeEventsRequest } from '../../../lib/protocol/generated/galaxy/gateway/v1/gateway.ts';
import { EventReader } from '../../support/gateway/event-reader.ts';
import { createTestHub, FakeUserLog } from '../../support/gateway/event-streams.ts';
import { openClient } from '../../support/gateway/transports.ts';

const userId = '0193b3c0-0000-7000-8000-000000000001';
const payloadBytes = Buffer.alloc(16 * 1024, 'x');

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0).reverse()) close();
});

/** gRPC with events written to the HTTP/2 stream, and with grpc-js writing them; Connect. */
type Transport = 'gRPC' | 'gRPC of grpc-js' | 'Connect';

/** A stream as both of its ends see it. */
type Opened = {
  reader: EventReader;
  stream: EventStream;
  /** What the transport has that the network has not taken: messages of grpc-js, bytes otherwise. */
  inTransport: () => number;
};

class TestServer {
  readonly log = new FakeUserLog(userId, 200);
  readonly hub: PushHub;
  pagesRead = 0;
  readonly #transport: Transport;
  readonly #streams: Omit<Opened, 'reader'>[] = [];
  readonly #address: Promise<string>;
  #sessions = 0;

  constructor(transport: Transport, limits: Partial<HubLimits>) {
    this.hub = createTestHub(async (_userId, after) => {
      this.pagesRead += 1;
      const page = this.log.page(after);
      return { ...page, events: page.events.map((event) => ({ ...event, payloadBytes })) };
    }, limits).hub;
    this.#transport = transport;
    this.#address = transport === 'Connect' ? this.#listenHttp() : this.#listenGrpc();
  }

  #listenGrpc(): Promise<string> {
    const server = new Server();
    const direct = this.#transport === 'gRPC';
    server.addService(edgeGatewayDefinition, {
      subscribeEvents: (call: EventCall) =>
        this.#serve(call.request, new GrpcEventSink(call, direct), () =>
          direct ? streamOfCall(call).writableLength : call.writableLength,
        ),
    });
    closers.push(() => server.forceShutdown());
    return new Promise((resolve, reject) => {
      const bound = (error: Error | null, port: number) =>
        error ? reject(error) : resolve(`127.0.0.1:${port}`);
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), bound);
    });
  }

  #listenHttp(): Promise<string> {
    const heartbeats = new Heartbeats();
    const server = createServer(async (request, response) => {
      const body = await buffer(request);
      const call = {
        request,
        response,
        protocol: { name: 'connect', timeoutHeader: 'connect-timeout-ms' },
        received: { body, timeoutMs: undefined },
        clientAddress: '127.0.0.1',
        traceHeaders: {},
        stopping: new AbortController().signal,
      } as const;
      const subscription = SubscribeEventsRequest.decode(onlyMessage(body) ?? Buffer.alloc(0));
      this.#serve(subscription, new HttpEventSink(call, heartbeats), () => response.writableLength);
    });
    closers.push(() => {
      server.closeAllConnections();
      server.close();
    });
    return new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve(`127.0.0.1:${(server.address() as AddressInfo).port}`));
    });
  }

  #serve(request: SubscribeEventsRequest, sink: EventSink, inTransport: () => number): void {
    const stream = this.hub.register(request, sink);
    this.#streams.push({ stream, inTransport });
    // The request id carries where to resume.
    const lastEventId = request.requestId || undefined;
    void this.hub.open(stream, userId, { requestHash: Buffer.alloc(32), lastEventId });
  }

  /** Opens a stream on a connection of its own, as one that is not read fills the window of its connection. */
  async open(options: { lastEventId?: string; paused?: boolean } = {}): Promise<Opened> {
    const address = await this.#address;
    const client = openClient(this.#transport === 'Connect' ? 'Connect' : 'gRPC', {
      httpUrl: 'http://127.0.0.1:1',
      grpcAddr: address,
      webUrl: `http://${address}`,
    });
    closers.push(() => client.close());
    this.#sessions += 1;
    const empty = Buffer.alloc(0);
    const request: SubscribeEventsRequest = {
      protocolVersion: 'v1',
      deviceSessionId: `session-${this.#sessions}`,
      messageType: 'gateway.events.subscribe',
      timestampMs: 1n,
      requestId: options.lastEventId ?? '',
      payloadBytes: empty,
      payloadHash: empty,
      signature: empty,
    };
    const reader = new EventReader(client, request);
    if (options.paused) reader.pause();
    const number = this.#streams.length;
    await reader.until(
      () => this.#streams.length > number && this.#streams[number]?.stream.lastEventId !== '',
    );
    const opened = this.#streams[number];
    if (opened === undefined) throw new Error('the stream came to the server');
    return { reader, ...opened };
  }

  async publish(): Promise<void> {
    this.hub.publish({ ...this.log.append(), payloadBytes });
    await turn();
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe.each(['gRPC', 'gRPC of grpc-js', 'Connect'] as const)('over %s', (transport) => {
  test('a client that stops reading costs its bounds and no more; others get everything', async () => {
    const server = new TestServer(transport, { queueEvents: 64, queueBytes: 512 * 1024 });
    const fast = await server.open();
    const slow = await server.open({ paused: true });
    const most = { bytes: 0, events: 0, inTransport: 0 };
    // What the kernel takes of a connection without HTTP/2 is megabytes, and has no bound of the gateway's.
    const count = transport === 'Connect' ? 2_000 : 400;
    for (let published = 0; published < count; published += 1) {
      await server.publish();
      const { bytes, events } = slow.stream.waiting;
      most.bytes = Math.max(most.bytes, bytes);
      most.events = Math.max(most.events, events);
      if (slow.stream.endReason === undefined)
        most.inTransport = Math.max(most.inTransport, slow.inTransport());
      // It is cut some seconds after its end, which may be before all is published.
      else slow.reader.resume();
      if (fast.stream.waiting.events > 16) await fast.reader.until(() => fast.stream.waiting.events === 0);
    }
    expect(slow.stream.endReason).toBe('SLOW_CONSUMER');
    // 16 KiB each: the bound on bytes comes first.
    expect(most.bytes).toBeGreaterThan(450 * 1024);
    expect(most.bytes).toBeLessThanOrEqual(512 * 1024);
    expect(most.events).toBeLessThanOrEqual(64);
    if (transport === 'gRPC of grpc-js') expect(most.inTransport).toBe(1);
    else expect(most.inTransport).toBeLessThan(20 * 1024);
    expect(slow.stream.waiting).toEqual({ events: 0, bytes: 0 });

    const all = server.log.events.map(({ eventId }) => eventId);
    await fast.reader.until(({ eventIds }) => eventIds.length === count);
    expect(fast.reader.eventIds).toEqual(all);
    expect(fast.stream.endReason).toBeUndefined();
    // What it has is a beginning without a gap, and it hears why that was all.
    expect(await slow.reader.untilEnded()).toBe('SLOW_CONSUMER');
    expect(slow.reader.eventIds).toEqual(all.slice(0, slow.reader.eventIds.length));
  });

  test('clients that stop reading leave nothing behind in the memory but what HTTP/2 holds', async () => {
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    const heldBytes = () => {
      collect();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return heapUsed + arrayBuffers;
    };
    const server = new TestServer(transport, { queueEvents: 64, queueBytes: 512 * 1024 });
    const slow: Opened[] = [];
    while (slow.length < 16) slow.push(await server.open({ paused: true }));
    const before = heldBytes();
    // 64 MiB, which all streams share: that much would be held for as long as one of them holds what it was given.
    for (let count = 0; count < 4_000; count += 1) await server.publish();
    for (const { stream } of slow) expect(stream.endReason).toBe('SLOW_CONSUMER');
    // At both ends of each connection: what the client had received before it stopped, the windows of HTTP/2, and the
    // event that was being written.
    // Buffers are given back a little after the collection that found them.
    await vi.waitFor(() => expect(heldBytes() - before).toBeLessThan(16 * 1024 * 1024), { timeout: 10_000 });
  });

  test('a client that takes nothing for long is ended though few events wait for it', async () => {
    const server = new TestServer(transport, { stallTimeoutMs: 400 });
    const [stalled, idle] = [await server.open({ paused: true }), await server.open()];
    while (stalled.stream.waiting.events < 3) await server.publish();
    await idle.reader.until(({ eventIds }) => eventIds.length === server.log.events.length);
    await stalled.reader.until(() => stalled.stream.endReason !== undefined);
    expect(stalled.stream.endReason).toBe('SLOW_CONSUMER');
    expect(idle.stream.endReason).toBeUndefined();
  });

  test('a client that is far behind is not ended for it: its log is read as fast as it takes events', async () => {
    const server = new TestServer(transport, { queueEvents: 64, queueBytes: 512 * 1024 });
    const behind = transport === 'Connect' ? 3_000 : 1_000;
    for (let count = 0; count < behind; count += 1) server.log.append();
    const [first, ...following] = server.log.events.map(({ eventId }) => eventId);
    const { reader, stream } = await server.open({ lastEventId: first ?? '', paused: true });
    for (let count = 0; count < 100; count += 1) await turn();
    // Of 200 events each; the kernel takes some pages of a connection without HTTP/2, and not all.
    if (transport === 'Connect') expect(server.pagesRead).toBeLessThan(12);
    else expect(server.pagesRead).toBe(1);
    expect(stream.waiting.events).toBe(0);
    reader.resume();
    await reader.until(({ eventIds }) => eventIds.length === behind - 1);
    expect(reader.eventIds).toEqual(following);
    expect(stream.live).toBe(true);
  });
});
