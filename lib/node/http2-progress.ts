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
const takenBytes = new WeakMap<ServerHttp2Stream, number>();

/** Counts what the peer takes of the stream from now on; call it before anything is written. */
export function countTaken(stream: ServerHttp2Stream): void {
  if (takenBytes.has(stream)) return;
  takenBytes.set(stream, 0);
  const write = stream._write.bind(stream);
  const writeFrom = (chunk: Buffer, at: number, encoding: BufferEncoding, done: Written): void => {
    const part = chunk.subarray(at, at + frameBytes);
    write(part, encoding, (error) => {
      if (!error) takenBytes.set(stream, (takenBytes.get(stream) ?? 0) + part.length);
      const next = at + part.length;
      if (error || next >= chunk.length) done(error);
      else writeFrom(chunk, next, encoding, done);
    });
  };
  stream._write = (chunk: unknown, encoding, done) => {
    if (Buffer.isBuffer(chunk)) writeFrom(chunk, 0, encoding, done);
    else write(chunk, encoding, done);
  };
  // Several chunks that wait are otherwise written as one, past `_write`.
  Object.defineProperty(stream, '_writev', { value: null });
}

/** How many bytes the peer has taken since `countTaken`. */
export function bytesTaken(stream: ServerHttp2Stream): number {
  return takenBytes.get(stream) ?? 0;
}

/** The same of the stream that carries a grpc-js call; call it before anything is written. */
export function bytesTakenOfCall(call: object): () => number {
  const stream = streamOf(call);
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

/** grpc-js has no public way from a call to its stream: it lies behind the interceptors of the server. */
function streamOf(call: object): ServerHttp2Stream {
  let inner: unknown = Reflect.get(call, 'call');
  while (typeof inner === 'object' && inner !== null) {
    const stream: unknown = Reflect.get(inner, 'stream');
    if (isHttp2(stream)) return stream;
    inner = Reflect.get(inner, 'nextCall');
  }
  throw new TypeError(
    'this version of grpc-js keeps the HTTP/2 stream of a call where its progress cannot be seen',
  );
}

/** Node does not export the class. */
function isHttp2(value: unknown): value is ServerHttp2Stream {
  return value instanceof Duplex && 'rstCode' in value && 'sentTrailers' in value;
}
