// Events that are written past grpc-js, on real connections: a client sees the same bytes as when grpc-js writes them. These
// tests fail when grpc-js changes what lib/gateway/grpc/grpc-event-sink.ts relies on.
import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { edgeGatewayDefinition } from '../../../lib/gateway/grpc/edge-gateway-service.ts';
import { type EventCall, GrpcEventSink } from '../../../lib/gateway/grpc/grpc-event-sink.ts';
import { explainRefusals } from '../../../lib/gateway/grpc/refusals.ts';
import { frameOf } from '../../../lib/gateway/push/event-frame.ts';

const rejection = { reason: 'DRAINING', message: 'This gateway is stopping.' } as const;

let server: Server;
let session: ClientHttp2Session;
let calls: EventCall[];

beforeEach(async () => {
  calls = [];
  server = new Server({ interceptors: [explainRefusals] });
  server.addService(edgeGatewayDefinition, { subscribeEvents: (call: EventCall) => void calls.push(call) });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  session = connect(`http://127.0.0.1:${port}`);
});
afterEach(() => {
  session.destroy();
  server.forceShutdown();
});

/** Opens a stream. @returns both of its ends. */
async function open(
  direct: boolean,
): Promise<{ sink: GrpcEventSink; call: EventCall; stream: ClientHttp2Stream }> {
  const before = calls.length;
  const stream = session.request({
    ':method': 'POST',
    ':path': edgeGatewayDefinition.subscribeEvents.path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.on('error', () => undefined);
  stream.end(frameOf(Buffer.alloc(0)));
  await vi.waitFor(() => expect(calls.length).toBe(before + 1), { interval: 2 });
  const call = calls[before] ?? expect.unreachable('the call has come');
  return { sink: new GrpcEventSink(call, direct), call, stream };
}

const taken = (sink: GrpcEventSink, frame: Buffer) =>
  new Promise<void>((resolve, reject) => sink.write(frame, (error) => (error ? reject(error) : resolve())));

/** Everything that a client gets of a stream: head, bytes, trailers. */
async function everything(direct: boolean) {
  const { sink, stream } = await open(direct);
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const head = once(stream, 'response');
  const trailers = once(stream, 'trailers');
  const frames = [80, 300, 40_000, 300].map((length, index) => frameOf(Buffer.alloc(length, index + 1)));
  for (const frame of frames.slice(0, -1)) await taken(sink, frame);
  // The status has to wait for the event that is being written.
  sink.write(frames.at(-1) ?? Buffer.alloc(0), () => undefined);
  sink.end(rejection);
  await once(stream, 'close');
  const { date: _, ...headers } = (await head)[0];
  return {
    frames,
    bytes: Buffer.concat(chunks),
    headers,
    trailers: (await trailers)[0],
    taken: sink.bytesTaken(),
  };
}

test('a client gets the same head, events and status as from grpc-js', async () => {
  const direct = await everything(true);
  expect(direct.bytes).toEqual(Buffer.concat(direct.frames));
  expect(direct.trailers).toMatchObject({ 'grpc-status': '14' });
  expect(direct.taken).toBe(direct.bytes.length);
  expect(direct).toEqual(await everything(false));
});

test.each([true, false])(
  'past grpc-js: %s: only the first event goes through the call, or all do',
  async (direct) => {
    const { sink, call } = await open(direct);
    const write = vi.spyOn(call, 'write');
    for (let count = 0; count < 3; count += 1) await taken(sink, frameOf(Buffer.alloc(100)));
    expect(write).toHaveBeenCalledTimes(direct ? 1 : 3);
  },
);

test.each([true, false])(
  'past grpc-js: %s: a client that has gone is reported, and written to no more',
  async (direct) => {
    const { sink, stream } = await open(direct);
    const gone = vi.fn();
    sink.onGone(gone);
    await taken(sink, frameOf(Buffer.alloc(100)));
    // More than the client's window holds.
    const onTaken = vi.fn();
    sink.write(frameOf(Buffer.alloc(1024 * 1024)), (error) => onTaken(error ?? 'taken'));
    stream.close();
    await vi.waitFor(() => expect(gone).toHaveBeenCalledOnce(), { interval: 2 });
    sink.write(frameOf(Buffer.alloc(100)), (error) => onTaken(error ?? 'taken'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(onTaken).not.toHaveBeenCalledWith('taken');
  },
);
