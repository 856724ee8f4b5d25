// A client of bytes for the web listener, over Connect: one connection, as GrpcConnection has it for gRPC.
import type { Readable } from 'node:stream';
import { Client } from 'undici';
import type { BytesConnection, OpenStream } from './grpc-bytes.ts';

const headBytes = 5;

export class WebConnection implements BytesConnection {
  readonly #client: Client;

  private constructor(addr: string) {
    // A stream has no time in which its next byte must come.
    this.#client = new Client(`http://${addr}`, { bodyTimeout: 0 });
  }

  static async open(addr: string): Promise<WebConnection> {
    return new WebConnection(addr);
  }

  /** @throws Error on every status but 200. */
  async unary(path: string, frame: Uint8Array): Promise<Buffer> {
    const body = await this.#post(path, 'application/proto', frame.subarray(headBytes));
    const chunks: Buffer[] = [];
    for await (const chunk of body) chunks.push(chunk);
    return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
  }

  async start(path: string, frame: Uint8Array): Promise<OpenStream> {
    const messages = await this.#post(path, 'application/connect+proto', frame);
    const ended = new Promise<string>((resolve, reject) => {
      messages.once('error', reject).once('close', () => resolve('the connection ended'));
    });
    return { messages, ended };
  }

  close(): Promise<void> {
    return this.#client.destroy();
  }

  async #post(path: string, contentType: string, bytes: Uint8Array): Promise<Readable> {
    const { statusCode, body } = await this.#client.request({
      method: 'POST',
      path,
      headers: { 'content-type': contentType },
      body: bytes,
    });
    if (statusCode !== 200) throw new Error(`HTTP status ${statusCode}: ${await body.text()}`);
    return body;
  }
}
