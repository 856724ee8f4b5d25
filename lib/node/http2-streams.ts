// Bounds what grpc-js and node:http2 leave unbounded in the streams of a gRPC server: requests that never arrive
// completely, responses that the client does not read, compressed requests (25 bytes of a client make the server
// allocate a decompressor, thousands of them in one frame), and header lists (node:http2 enforces its setting only for
// clients that acknowledged it). Every stream passes here before grpc-js; a sweep checks the open ones.
import { EventEmitter } from 'node:events';
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { type Server, status } from '@grpc/grpc-js';
import { bytesTaken, countTaken, Progress } from './http2-progress.ts';
import { UnfinishedRequests } from './unfinished-requests.ts';

export type StreamBounds = {
  /** Names and values of a request's headers together. */
  readonly maxHeaderBytes: number;
  /** For a request to arrive completely. Unset where clients may stream requests without a time limit. */
  readonly requestTimeoutMs: number | undefined;
  /** Requests that have not arrived completely, of all clients together; see lib/node/unfinished-requests.ts. */
  readonly maxUnfinishedRequests: number;
  /** Tells the clients of such requests apart; unset where all count as one. */
  readonly clientOf?: (socketAddress: string | undefined, headers: IncomingHttpHeaders) => string;
  /** For a client to read some of what was written to it. */
  readonly stallTimeoutMs: number;
};

/** What gRPC allows; pseudo-headers begin with a colon, and node:http2 has checked them. */
const metadataName = /^:?[a-z0-9_.-]+$/;
const metadataValue = /^[ -~]*$/;

const refusedStreamsEndAfterMs = 1_000;

type OpenStream = { readonly openedAt: number; readonly progress: Progress };

/** Applies the bounds to the one HTTP/2 server of `server`; the returned function ends the sweep. */
export function boundStreams(server: Server, bounds: StreamBounds): () => void {
  const http2Server = http2ServerOf(server);
  const handlers = http2Server.listeners('stream');
  const open = new Map<ServerHttp2Stream, OpenStream>();
  const unfinished = new UnfinishedRequests<ServerHttp2Stream>(bounds.maxUnfinishedRequests);

  const watch = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    countTaken(stream);
    open.set(stream, { openedAt: performance.now(), progress: new Progress() });
    const client = bounds.clientOf?.(stream.session?.socket.remoteAddress, headers) ?? '';
    unfinished.add(stream, client)?.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    // Not `once`, which costs every open stream a closure more; neither comes twice.
    stream.on('end', () => unfinished.delete(stream));
    stream.on('close', () => {
      unfinished.delete(stream);
      open.delete(stream);
    });
  };

  http2Server.removeAllListeners('stream');
  http2Server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, ...rest: unknown[]) => {
    // A stream may break before this event. Its error needs a listener, and grpc-js would still respond to it, which
    // throws: both would end the process.
    stream.on('error', () => undefined);
    if (stream.destroyed || stream.closed) return;
    const refusal = refusalOf(headers, bounds);
    if (refusal !== undefined) {
      refuse(stream, refusal.code, refusal.message);
      return;
    }
    watch(stream, headers);
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
      message: 'Compressed requests are not accepted; send them uncompressed.',
    };
  }
  let bytes = 0;
  for (const name in headers) {
    const value = String(headers[name]);
    bytes += name.length + value.length;
    if (!metadataName.test(name) || !metadataValue.test(value)) {
      // grpc-js would ignore it, and write a line about it to standard error for every such call.
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
    // gRPC clients map it to RESOURCE_EXHAUSTED.
    stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    return;
  }
  const stalledMs = state.progress.stalledMs(bytesTaken(stream), stream.writableLength > 0, now);
  if (stalledMs > stallTimeoutMs) stream.close(constants.NGHTTP2_CANCEL);
}

/** Responds with a status instead of grpc-js, which never sees the stream. */
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
  // Discards the rest of the request for a moment: a client that gets the end of its stream together with the status
  // may report the end as a fault.
  stream.resume();
  const end = setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), refusedStreamsEndAfterMs);
  stream.once('close', () => clearTimeout(end));
}

/** grpc-js creates its HTTP/2 server itself and has no public access to it. */
function http2ServerOf(server: Server): EventEmitter {
  const servers: unknown = Reflect.get(server, 'http2Servers');
  const found: unknown[] = servers instanceof Map ? [...servers.keys()] : [];
  const [http2Server] = found;
  if (found.length === 1 && http2Server instanceof EventEmitter) return http2Server;
  throw new TypeError(
    'the HTTP/2 server of this version of grpc-js cannot be found, so its streams cannot be bounded',
  );
}
