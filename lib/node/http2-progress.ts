// Whether a peer takes what is written to its HTTP/2 stream: the one definition for all who end peers that do not.
//
// Node says of a chunk only that all of it was taken, so a large message to a slow peer would look like a stall, and so
// would the backlog of a stream that always has another message of the same size. So chunks are passed on in the size
// of an HTTP/2 frame, and the bytes of each are counted once they were sent within the windows that the peer has opened.
import type { ServerHttp2Stream } from 'node:http2';
import { Duplex } from 'node:stream';

/** HTTP/2 sends no larger frames unless a peer allows them. */
const frameBytes = 16 * 1024;

type Written = (error?: Error | null) => void;

/** By streams whose bytes are counted. */
const counts = new WeakMap<ServerHttp2Stream, { taken: number }>();

/** Counts what the peer takes of the stream from now on; call it before anything is written. */
export function countTaken(stream: ServerHttp2Stream): void {
  if (counts.has(stream)) return;
  const count = { taken: 0 };
  counts.set(stream, count);
  const write = stream._write.bind(stream);
  // A stream writes one chunk at a time, so all of its chunks share these.
  let writing = 0;
  let rest: Buffer | undefined;
  let encoding: BufferEncoding;
  let done: Written;
  const writePart = (chunk: Buffer): void => {
    const part = chunk.length <= frameBytes ? chunk : chunk.subarray(0, frameBytes);
    writing = part.length;
    rest = chunk.length <= frameBytes ? undefined : chunk.subarray(frameBytes);
    write(part, encoding, onTaken);
  };
  const onTaken: Written = (error) => {
    if (!error) count.taken += writing;
    if (error || rest === undefined) done(error);
    else writePart(rest);
  };
  stream._write = (chunk: unknown, chunkEncoding, onWritten) => {
    if (!Buffer.isBuffer(chunk)) {
      write(chunk, chunkEncoding, onWritten);
      return;
    }
    encoding = chunkEncoding;
    done = onWritten;
    writePart(chunk);
  };
  // Several chunks that wait are otherwise written as one, past `_write`.
  Object.defineProperty(stream, '_writev', { value: null });
}

/** How many bytes the peer has taken since `countTaken`. */
export function bytesTaken(stream: ServerHttp2Stream): number {
  return counts.get(stream)?.taken ?? 0;
}

/** The same of the stream that carries a grpc-js call; call it before anything is written. */
export function bytesTakenOfCall(call: object): () => number {
  const stream = streamOfCall(call);
  countTaken(stream);
  return () => bytesTaken(stream);
}

/** Finds out, by looks at intervals, how long a peer has taken nothing although something waited for it. */
export class Progress {
  #taken = 0;
  #waiting = false;
  #since = 0;

  /**
   * @param taken how many bytes the peer has taken so far.
   * @param waiting whether something is written that it has not taken.
   * @param now on the scale of `performance.now()`.
   * @returns for how many milliseconds it has taken nothing: up to an interval too few, and never too many.
   */
  stalledMs(taken: number, waiting: boolean, now: number): number {
    if (!waiting || !this.#waiting || taken !== this.#taken) this.#since = now;
    this.#taken = taken;
    this.#waiting = waiting;
    return now - this.#since;
  }
}

/**
 * The HTTP/2 stream that carries a grpc-js call. grpc-js has no public way to it: it lies behind the interceptors of the
 * server.
 */
export function streamOfCall(call: object): ServerHttp2Stream {
  let inner: unknown = Reflect.get(call, 'call');
  while (typeof inner === 'object' && inner !== null) {
    const stream: unknown = Reflect.get(inner, 'stream');
    if (isHttp2(stream)) return stream;
    inner = Reflect.get(inner, 'nextCall');
  }
  throw new TypeError('this version of grpc-js keeps the HTTP/2 stream of a call where it cannot be found');
}

/** Node does not export the class. */
function isHttp2(value: unknown): value is ServerHttp2Stream {
  return value instanceof Duplex && 'rstCode' in value && 'sentTrailers' in value;
}
