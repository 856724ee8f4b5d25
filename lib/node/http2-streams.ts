// What grpc-js and node:http2 leave unbounded in the streams of a gRPC server: requests that never arrive wholly, answers
// that nobody reads, compressed requests (25 bytes of a client make the server allocate a decompressor, thousands of
// them in one frame), and header lists (node:http2 enforces its setting only for clients that acknowledged it).
// Every stream passes here before grpc-js sees it; a sweep looks at the open ones.
import { EventEmitter } from 'node:events';
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { type Server, status } from '@grpc/grpc-js';
import { bytesTaken, countTaken, Progress } from './http2-progress.ts';

export type StreamBounds = {
  /** Names and values of a request's headers together. */
  readonly maxHeaderBytes: number;
  /** For a request to arrive wholly. Unset where clients stream requests for as long as they like. */
  readonly requestTimeoutMs: number | undefined;
  /** Requests that have not arrived wholly, of all clients together; the oldest gives way to a new one. */
  readonly maxUnfinishedRequests: number;
  /** For a client to take something of what was written to it. */
  readonly stallTimeoutMs: number;
};

/** What gRPC allows; pseudo-headers begin with a colon, and node:http2 has checked them. */
const metadataName = /^:?[a-z0-9_.-]+$/;
const metadataValue = /^[ -~]*$/;

const refusedStreamsEndAfterMs = 1_000;

type OpenStream = { readonly openedAt: number; readonly progress: Progress };

/** Puts the bounds before the one HTTP/2 server of `server`; the returned function ends the sweep. */
export function boundStreams(server: Server, bounds: StreamBounds): () => void {
  const http2Server = http2ServerOf(server);
  const handlers = http2Server.listeners('stream');
  const open = new Map<ServerHttp2Stream, OpenStream>();
  const unfinished = new Set<ServerHttp2Stream>();

  const watch = (stream: ServerHttp2Stream) => {
    countTaken(stream);
    open.set(stream, { openedAt: performance.now(), progress: new Progress() });
    unfinished.add(stream);
    stream.once('end', () => unfinished.delete(stream));
    stream.once('close', () => {
      unfinished.delete(stream);
      open.delete(stream);
    });
    const [oldest] = unfinished;
    if (unfinished.size > bounds.maxUnfinishedRequests && oldest !== undefined) {
      unfinished.delete(oldest);
      oldest.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    }
  };

  http2Server.removeAllListeners('stream');
  http2Server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, ...rest: unknown[]) => {
    // A stream may have broken before it is told of. Its error needs someone who listens, and grpc-js would answer it
    // all the same, which throws: both would end the process.
    stream.on('error', () => undefined);
    if (stream.destroyed || stream.closed) return;
    const refusal = refusalOf(headers, bounds);
    if (refusal !== undefined) {
      refuse(stream, refusal.code, refusal.message);
      return;
    }
    watch(stream);
    for (const handler of handlers) handler.call(http2Server, stream, headers, ...rest);
  });

  const sweep = setInterval(() => {
    const now = performance.now();
    for (const [stream, state] of open) sweepOne(stream, state, unfinished.has(stream), bounds, now);
  }, 1_000).unref();
  return () => clearInterval(sweep);
}

function refusalOf(headers: IncomingHttpHeaders, bounds: StreamBounds) {
  const encoding = headers['grpc-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    return {
      code: status.UNIMPLEMENTED,
      message: 'Compressed requests are not taken; send them as they are.',
    };
  }
  let bytes = 0;
  for (const name in headers) {
    const value = String(headers[name]);
    bytes += name.length + value.length;
    if (!metadataName.test(name) || !metadataValue.test(value)) {
      // grpc-js would leave it out, and write a line about it to standard error for every such call.
      return {
        code: status.INVALID_ARGUMENT,
        message: 'Names of metadata hold a-z 0-9 _ . -, values ASCII.',
      };
    }
  }
  if (bytes > bounds.maxHeaderBytes) {
    const message = `The metadata is larger than ${bounds.maxHeaderBytes} bytes.`;
    return { code: status.RESOURCE_EXHAUSTED, message };
  }
  return undefined;
}

function sweepOne(
  stream: ServerHttp2Stream,
  state: OpenStream,
  unfinished: boolean,
  { requestTimeoutMs, stallTimeoutMs }: StreamBounds,
  now: number,
): void {
  if (unfinished && requestTimeoutMs !== undefined && now - state.openedAt > requestTimeoutMs) {
    // Which gRPC clients read as RESOURCE_EXHAUSTED.
    stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    return;
  }
  const stalledMs = state.progress.stalledMs(bytesTaken(stream), stream.writableLength > 0, now);
  if (stalledMs > stallTimeoutMs) stream.close(constants.NGHTTP2_CANCEL);
}

/** Answers with a status in place of grpc-js, which never hears of the stream. */
function refuse(stream: ServerHttp2Stream, code: status, message: string): void {
  stream.respond(
    {
      ':status': 200,
      'content-type': 'application/grpc+proto',
      'grpc-status': String(code),
      'grpc-message': encodeURI(message),
      'grpc-accept-encoding': 'identity',
    },
    { endStream: true },
  );
  // What still comes of the request is thrown away, for a moment: a client that hears of the end of its stream
  // together with the status may take the end for a fault.
  stream.resume();
  const end = setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), refusedStreamsEndAfterMs);
  stream.once('close', () => clearTimeout(end));
}

/** grpc-js makes its HTTP/2 server itself and has no public way to it. */
function http2ServerOf(server: Server): EventEmitter {
  const servers: unknown = Reflect.get(server, 'http2Servers');
  const found: unknown[] = servers instanceof Map ? [...servers.keys()] : [];
  const [http2Server] = found;
  if (found.length === 1 && http2Server instanceof EventEmitter) return http2Server;
  throw new TypeError(
    'this version of grpc-js keeps its HTTP/2 server where the bounds of streams cannot find it',
  );
}
