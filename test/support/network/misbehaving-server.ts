// A bare TCP server instead of an HTTP service, for behaviour that no HTTP server can be made to show.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';

/** Writes anything to the socket; `head` is the request's first line and headers. */
export type Behaviour = (socket: Socket, head: string) => void;

export type MisbehavingServer = {
  readonly url: string;
  /** The heads of all received requests. */
  readonly heads: string[];
  /** Changes its behaviour. */
  behave(behaviour: Behaviour): void;
  close(): Promise<void>;
};

export async function startMisbehavingServer(first: Behaviour): Promise<MisbehavingServer> {
  let behaviour = first;
  const heads: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // The client has closed the connection, which most of these tests provoke.
    socket.on('error', () => socket.destroy());
    let received = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      received += text;
      const end = received.indexOf('\r\n\r\n');
      if (end === -1) return;
      const head = received.slice(0, end);
      received = '';
      heads.push(head);
      behaviour(socket, head);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heads,
    behave: (next) => {
      behaviour = next;
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** A complete response, after which the connection ends. */
export function respond(status: number, body: string, headers: Record<string, string> = {}): Behaviour {
  const fields = Object.entries({ 'content-type': 'application/json', ...headers });
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const length = Buffer.byteLength(body);
  return (socket) => {
    socket.end(
      `HTTP/1.1 ${status} Whatever\r\n${lines}content-length: ${length}\r\nconnection: close\r\n\r\n${body}`,
    );
  };
}

/** A valid response body for the request with this head. */
export type GoodBody = (head: string) => string;

/** Statuses of every class but 2xx. A redirect leads to a valid response, but must not be followed. */
export function refusals(good: GoodBody): [string, Behaviour][] {
  const statuses = [
    300, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 409, 429, 499, 500, 502, 503, 504, 599,
  ];
  return statuses.map((status) => [
    `responds ${status}`,
    (socket, head) => {
      const followed = head.split('\r\n', 1)[0]?.includes('/elsewhere') === true;
      respond(followed ? 200 : status, status === 304 ? '' : good(head), { location: '/elsewhere' })(
        socket,
        head,
      );
    },
  ]);
}

const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

/** Writes `text` repeatedly until the connection ends. */
function repeat(socket: Socket, text: string, everyMs: number): void {
  const timer = setInterval(() => socket.write(text), everyMs);
  socket.once('close', () => clearInterval(timer));
}

/** Everything that prevents a complete response in time. */
export function brokenResponses(good: GoodBody): [string, Behaviour][] {
  const ok = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';
  return [
    ['ends the connection', (socket) => socket.end()],
    ['resets the connection', (socket) => socket.resetAndDestroy()],
    ['responds with something that is not HTTP', (socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n')],
    ['sends nothing', () => {}],
    [
      'never ends its headers',
      (socket) => {
        socket.write(ok);
        repeat(socket, 'x-more: and more\r\n', 20);
      },
    ],
    ['only ever announces a response', (socket) => repeat(socket, 'HTTP/1.1 103 Early Hints\r\n\r\n', 20)],
    [
      'begins its body and stops',
      (socket, head) => {
        socket.write(`${ok}content-length: 1000\r\n\r\n${good(head)}`);
      },
    ],
    [
      'never ends its body',
      (socket, head) => {
        socket.write(`${ok}transfer-encoding: chunked\r\n\r\n${chunk(good(head))}`);
        repeat(socket, chunk(' '), 20);
      },
    ],
    [
      'ends the connection within its body',
      (socket, head) => {
        socket.end(`${ok}content-length: 1000\r\n\r\n${good(head)}`);
      },
    ],
    [
      'resets the connection within its body',
      (socket, head) => {
        socket.write(`${ok}content-length: 1000\r\n\r\n${good(head)}`, () => socket.resetAndDestroy());
      },
    ],
    [
      'sends far too much',
      (socket, head) => {
        socket.write(`${ok}content-length: 1000000000\r\n\r\n${good(head)}`);
        repeat(socket, ' '.repeat(32_768), 1);
      },
    ],
    [
      'sends far too much without a content-length',
      (socket, head) => {
        socket.write(`${ok}transfer-encoding: chunked\r\n\r\n${chunk(good(head))}`);
        repeat(socket, chunk(' '.repeat(32_768)), 1);
      },
    ],
    [
      'compresses its response wrongly',
      (socket, head) => respond(200, good(head), { 'content-encoding': 'gzip' })(socket, head),
    ],
  ];
}

/** Complete, valid responses that are larger than a client may accept. */
export function tooLargeResponses(good: GoodBody): [string, Behaviour][] {
  const large = (head: string) => good(head) + ' '.repeat(70_000);
  return [
    ['sends far too much at once', (socket, head) => respond(200, large(head))(socket, head)],
    [
      'sends far too much once it is decompressed',
      (socket, head) => {
        const compressed = gzipSync(large(head));
        const fields = `content-encoding: gzip\r\ncontent-length: ${compressed.length}\r\nconnection: close`;
        socket.write(`HTTP/1.1 200 OK\r\n${fields}\r\n\r\n`);
        socket.end(compressed);
      },
    ],
  ];
}
