// HTTP/2 by hand, for what no client library sends: frames, headers without compression, half conversations.
import { connect, type Socket } from 'node:net';

export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

export const frameType = {
  DATA: 0,
  HEADERS: 1,
  RST_STREAM: 3,
  SETTINGS: 4,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
};
export const endStream = 1;
export const endHeaders = 4;

export type Frame = { type: number; flags: number; streamId: number; payload: Buffer };

export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array = Buffer.alloc(0),
): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(streamId, 5);
  return Buffer.concat([header, payload]);
}

/** Headers of a gRPC call, every one as a literal without indexing (RFC 7541, section 6.2.2). */
export function callHeaders(path: string, more: Record<string, string> = {}): Buffer {
  const all = { ':method': 'POST', ':scheme': 'http', ':path': path, ':authority': 'gateway.test' };
  const grpc = { 'content-type': 'application/grpc', te: 'trailers', ...more };
  return Buffer.concat(
    Object.entries({ ...all, ...grpc }).map(([name, value]) => literal(0x00, name, value)),
  );
}

/** A header that is sent once and then repeated by a byte each: a little on the wire, a lot in memory. */
export function repeatedHeader(name: string, value: string, times: number): Buffer {
  const firstOfDynamicTable = 62;
  return Buffer.concat([literal(0x40, name, value), Buffer.alloc(times, 0x80 | firstOfDynamicTable)]);
}

function literal(kind: number, name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([kind]), text(name), text(value)]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  return Buffer.concat([length(bytes.length), bytes]);
}

function length(value: number): Buffer {
  if (value < 127) return Buffer.from([value]);
  const bytes = [127];
  let rest = value - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

/** A gRPC message with its prefix. */
export function message(content: Uint8Array, compressed = false): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = compressed ? 1 : 0;
  prefix.writeUInt32BE(content.length, 1);
  return Buffer.concat([prefix, content]);
}

export class RawHttp2 {
  readonly socket: Socket;
  #received = Buffer.alloc(0);
  closed = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes]);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
    });
  }

  /** Opens a connection and sends nothing. */
  static async connect(addr: string, localAddress?: string): Promise<RawHttp2> {
    const [host, port] = addr.split(':');
    const socket = connect({ port: Number(port), host: host ?? '', ...(localAddress && { localAddress }) });
    const raw = new RawHttp2(socket);
    // A server at its connection limit may reset the connection before this side knows that it is open.
    await new Promise<void>((resolve) => {
      socket.once('connect', () => resolve()).once('close', () => resolve());
    });
    return raw;
  }

  /** Opens a connection and sends preface and SETTINGS. */
  static async open(addr: string): Promise<RawHttp2> {
    const raw = await RawHttp2.connect(addr);
    raw.send(preface, frame(frameType.SETTINGS, 0, 0));
    return raw;
  }

  send(...parts: Uint8Array[]): void {
    if (!this.closed && this.socket.writable) this.socket.write(Buffer.concat(parts));
  }

  /** The complete frames received so far. */
  frames(): Frame[] {
    const frames: Frame[] = [];
    for (let rest = this.#received; rest.length >= 9; ) {
      const size = rest.readUIntBE(0, 3);
      if (rest.length < 9 + size) break;
      frames.push({
        type: rest.readUInt8(3),
        flags: rest.readUInt8(4),
        streamId: rest.readUInt32BE(5),
        payload: rest.subarray(9, 9 + size),
      });
      rest = rest.subarray(9 + size);
    }
    return frames;
  }

  received(type: number): Frame[] {
    return this.frames().filter((one) => one.type === type);
  }

  /** Waits until the connection is closed, or nothing has arrived for this time. */
  async untilQuiet(ms: number): Promise<void> {
    if (this.closed) return;
    await new Promise<void>((resolve) => {
      const quiet = setTimeout(resolve, ms);
      this.socket.on('data', () => quiet.refresh());
      this.socket.once('close', () => {
        clearTimeout(quiet);
        resolve();
      });
    });
  }

  destroy(): void {
    this.socket.destroy();
  }
}
