// A gRPC client of bytes on node:http2. It costs about half of a grpc-js client, so that the load process is not what
// limits a benchmark, and it reports every status: only OK counts as a response.
import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import type { Readable } from 'node:stream';

const { NGHTTP2_CANCEL } = constants;
const windowBytes = 16 * 1024 * 1024;

export const executeCommandPath = '/galaxy.gateway.v1.EdgeGateway/ExecuteCommand';
export const subscribeEventsPath = '/galaxy.gateway.v1.EdgeGateway/SubscribeEvents';
/** Of the floor's alone: one event to every stream. */
export const waveOfFloorPath = '/galaxy.bench.Floor/Wave';

/** A message as gRPC frames it: uncompressed, with its length. */
export function framed(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  return frame;
}

/** A stream that a server has accepted or will refuse. */
export type OpenStream = {
  /** Framed. */
  readonly messages: Readable;
  /** Why it ended, once it has. */
  readonly ended: Promise<string>;
};

/** One connection to a server, whatever it speaks. */
export type BytesConnection = {
  /** Opens a stream with its one request. */
  start(path: string, frame: Uint8Array): Promise<OpenStream>;
  /** @returns the response without its frame. */
  unary(path: string, frame: Uint8Array): Promise<Buffer>;
  close(): Promise<void>;
};

export class GrpcConnection implements BytesConnection {
  readonly #session: ClientHttp2Session;

  private constructor(session: ClientHttp2Session) {
    this.#session = session;
  }

  static async open(addr: string): Promise<GrpcConnection> {
    const session = connect(`http://${addr}`, { settings: { initialWindowSize: windowBytes } });
    await once(session, 'connect');
    session.setLocalWindowSize(windowBytes);
    // Every open stream ends with the error of its own.
    session.on('error', () => undefined);
    return new GrpcConnection(session);
  }

  async start(path: string, frame: Uint8Array): Promise<OpenStream> {
    const messages = this.#request(path, frame);
    return { messages, ended: statusOf(messages).then(({ code, message }) => `${code} ${message}`) };
  }

  #request(path: string, frame: Uint8Array): ClientHttp2Stream {
    const stream = this.#session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.end(frame);
    return stream;
  }

  /** @throws Error on every status but OK. @returns the response without its frame. */
  unary(path: string, frame: Uint8Array): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const stream = this.#request(path, frame);
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      statusOf(stream).then((status) => {
        const bytes = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
        if (status.code !== 0) reject(new Error(`gRPC status ${status.code}: ${status.message}`));
        else if (bytes.length < 5 || bytes.readUInt32BE(1) !== bytes.length - 5)
          reject(new Error('the response is not a single message'));
        else resolve(bytes.subarray(5));
      }, reject);
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      // Its server may have ended before.
      if (this.#session.destroyed) return resolve();
      this.#session.once('close', resolve);
      this.#session.destroy(undefined, NGHTTP2_CANCEL);
    });
  }
}

export type GrpcStatus = { code: number; message: string };

/** The status of a stream once it has ended. */
export function statusOf(stream: ClientHttp2Stream): Promise<GrpcStatus> {
  return new Promise((resolve, reject) => {
    let status: GrpcStatus | undefined;
    const remember = (headers: Record<string, unknown>) => {
      if (headers['grpc-status'] === undefined) return;
      const message = decodeURIComponent(String(headers['grpc-message'] ?? ''));
      status = { code: Number(headers['grpc-status']), message };
    };
    stream.on('response', remember);
    stream.on('trailers', remember);
    stream.once('error', reject);
    stream.once('close', () => {
      if (status === undefined) reject(new Error('the stream ended without a status'));
      else resolve(status);
    });
  });
}
