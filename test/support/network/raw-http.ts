// HTTP as bytes on a socket, for what no well-behaved client sends.
import { connect, type Socket } from 'node:net';

export type RawConnection = {
  readonly socket: Socket;
  /** Everything received so far. */
  received(): string;
  /** Resolves with everything received when the other side has ended the connection in any way. */
  readonly ended: Promise<string>;
};

/** @param url of the listener. */
export async function openRaw(url: string, from?: string): Promise<RawConnection> {
  const { hostname: host, port } = new URL(url);
  const socket = connect({ host, port: Number(port), ...(from === undefined ? {} : { localAddress: from }) });
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  // A reset ends the connection, too; 'close' follows.
  socket.on('error', () => undefined);
  const ended = new Promise<string>((resolve) => socket.once('close', () => resolve(text)));
  const connected = new Promise<void>((resolve) => socket.once('connect', resolve));
  await Promise.race([connected, ended]);
  return { socket, received: () => text, ended };
}

/** Sends bytes on a new connection and waits for its end. */
export async function exchangeRaw(url: string, bytes: string): Promise<string> {
  const connection = await openRaw(url);
  connection.socket.write(bytes);
  return connection.ended;
}
