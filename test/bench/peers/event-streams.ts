// Many open event streams of a load process. Counts the messages that come, looks into some of them, and fails as soon
// as a stream ends.
import type { Readable } from 'node:stream';
import { type BytesConnection, GrpcConnection, subscribeEventsPath } from './grpc-bytes.ts';

const prefixBytes = 5;
const none = Buffer.alloc(0);

export class EventStreams {
  readonly #connections: BytesConnection[];
  readonly #onMessage: (stream: number, message: Buffer) => void;
  #failure: Error | undefined;
  #onFailure: ((error: Error) => void) | undefined;
  #opened = 0;

  private constructor(connections: BytesConnection[], onMessage: (stream: number, message: Buffer) => void) {
    this.#connections = connections;
    this.#onMessage = onMessage;
  }

  /** @param onMessage called with every message but the first of each stream. */
  static async connect(
    addr: string,
    connections: number,
    onMessage: (stream: number, message: Buffer) => void,
    open: (addr: string) => Promise<BytesConnection> = GrpcConnection.open,
  ): Promise<EventStreams> {
    const opened: BytesConnection[] = [];
    for (let index = 0; index < connections; index += 1) opened.push(await open(addr));
    return new EventStreams(opened, onMessage);
  }

  /** Opens a stream for every request, evenly over the connections, and waits for its first message. */
  async open(
    requests: readonly Buffer[],
    atATime: number,
    onFirst: (index: number, message: Buffer) => void,
  ): Promise<void> {
    const before = this.#opened;
    this.#opened += requests.length;
    const waiting = requests.entries();
    const opener = async () => {
      for (const [index, request] of waiting) {
        const number = before + index;
        const connection = this.#connections[number % this.#connections.length];
        if (connection !== undefined) onFirst(index, await this.#openOne(connection, number, request));
      }
    };
    await Promise.all(Array.from({ length: atATime }, opener));
  }

  /** Rejects when a stream has ended or ends. */
  failed(): Promise<never> {
    return new Promise((_, reject) => {
      if (this.#failure !== undefined) reject(this.#failure);
      this.#onFailure = reject;
    });
  }

  /** Rejects the promises of callers that wait for events. */
  fail(error: Error): void {
    this.#failure ??= error;
    this.#onFailure?.(error);
  }

  async close(): Promise<void> {
    this.#onFailure = undefined;
    await Promise.all(this.#connections.map((connection) => connection.close()));
  }

  async #openOne(connection: BytesConnection, number: number, request: Buffer): Promise<Buffer> {
    const { messages, ended } = await connection.start(subscribeEventsPath, request);
    return new Promise((resolve, reject) => {
      let first = true;
      readMessages(messages, (message) => {
        if (first) resolve(message);
        // Without bytes: a heartbeat of the web listener.
        else if (message.length > 0) this.#onMessage(number, message);
        first = false;
      });
      const fail = (why: string) => {
        const error = new Error(`stream ${number} ended: ${why}`);
        reject(error);
        this.fail(error);
      };
      ended.then(fail, (error) => fail(String(error)));
    });
  }
}

function readMessages(stream: Readable, onMessage: (message: Buffer) => void): void {
  let rest: Buffer = none;
  stream.on('data', (chunk: Buffer) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let offset = 0;
    while (bytes.length - offset >= prefixBytes) {
      const end = offset + prefixBytes + bytes.readUInt32BE(offset + 1);
      if (end > bytes.length) break;
      onMessage(bytes.subarray(offset + prefixBytes, end));
      offset = end;
    }
    rest = offset === bytes.length ? none : bytes.subarray(offset);
  });
}
