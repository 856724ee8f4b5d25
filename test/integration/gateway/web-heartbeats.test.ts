// The frames by which a browser sees that a stream is alive, on a real connection whose clock the test moves.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { frameOf } from '../../../lib/gateway/push/event-frame.ts';
import { Heartbeats } from '../../../lib/gateway/web/heartbeats.ts';
import { HttpEventSink } from '../../../lib/gateway/web/http-event-sink.ts';
import { GatewayEvent } from '../../../lib/protocol/generated/galaxy/gateway/v1/gateway.ts';

let server: Server;
let sink: HttpEventSink;
let response: Response;
/** The messages that have come, as the bytes behind the heads of their frames. */
let messages: Buffer[];
let reading: ReadableStreamDefaultReader<Uint8Array>;
let received: Buffer;

const heartbeats = new Heartbeats();
const event = (bytes: number) => Buffer.alloc(bytes, 1);
const tick = (ms: number) => vi.advanceTimersByTime(ms);

/** Reads until so many messages have come, or to the end of the stream. */
async function read(count = Number.POSITIVE_INFINITY): Promise<void> {
  while (messages.length < count) {
    const chunks = [received];
    do {
      const { value, done } = await reading.read();
      if (done) count = 0;
      else chunks.push(Buffer.from(value));
    } while (count === Number.POSITIVE_INFINITY);
    received = Buffer.concat(chunks);
    takeMessages();
  }
}

function takeMessages(): void {
  while (received.length >= 5 && received.length >= 5 + received.readUInt32BE(1)) {
    const end = 5 + received.readUInt32BE(1);
    messages.push(received.subarray(5, end));
    received = received.subarray(end);
  }
}

const write = (bytes: Buffer) => new Promise<void>((resolve) => sink.write(frameOf(bytes), () => resolve()));

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
  messages = [];
  received = Buffer.alloc(0);
  const opened = Promise.withResolvers<HttpEventSink>();
  server = createServer((request, outgoing) => {
    request.resume();
    const call = {
      request,
      response: outgoing,
      protocol: { name: 'connect', timeoutHeader: 'connect-timeout-ms' },
      received: { body: Buffer.alloc(0), timeoutMs: undefined },
      clientAddress: '127.0.0.1',
      traceHeaders: {},
      stopping: new AbortController().signal,
    } as const;
    opened.resolve(new HttpEventSink(call, heartbeats));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const answer = fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  sink = await opened.promise;
  tick(60_000);
  sink.write(frameOf(event(10)), () => undefined);
  response = await answer;
  reading = (response.body ?? expect.unreachable('a stream has a body')).getReader();
  await read(1);
});
afterEach(async () => {
  vi.useRealTimers();
  await reading.cancel().catch(() => undefined);
  server.closeAllConnections();
  server.close();
});

test('a stream begins with its first event, however long that takes, and is not compressed or held up', () => {
  expect(messages).toEqual([event(10)]);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': 'application/connect+proto',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  expect(response.headers.get('content-encoding')).toBeNull();
});

test('an idle stream has an empty event at least every 15 s', async () => {
  for (let beats = 1; beats <= 5; beats += 1) {
    tick(15_000);
    await read(1 + beats);
  }
  expect(messages.slice(1).map((message) => message.length)).toEqual(messages.slice(1).map(() => 0));
  expect(messages.length).toBeLessThanOrEqual(1 + 8);
  expect(GatewayEvent.decode(messages[1] ?? event(1))).toEqual(GatewayEvent.decode(Buffer.alloc(0)));
});

test('a stream with an event every few seconds has no other frames', async () => {
  for (let count = 0; count < 10; count += 1) {
    tick(8_000);
    await write(event(10));
  }
  await read(11);
  expect(messages).toEqual(Array.from({ length: 11 }, () => event(10)));
});

test('a client that takes nothing gets no heartbeat on top of what waits for it', async () => {
  // More than the kernel takes of a connection.
  const large = event(32 * 1024 * 1024);
  let taken = false;
  sink.write(frameOf(large), () => {
    taken = true;
  });
  for (let count = 0; count < 20; count += 1) {
    tick(15_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(taken).toBe(false);
  sink.end({ reason: 'SLOW_CONSUMER', message: 'too slow' });
  await read();
  expect(messages).toHaveLength(3);
  // What was being written comes whole, before the end.
  expect(messages[1]?.equals(large)).toBe(true);
  expect(messages[2]?.toString()).toContain('SLOW_CONSUMER');
});
