// What the web listener does with what no well-behaved client sends, and what is special to HTTP: CORS, deadlines, the
// drain. The checks of commands and streams are tested over every transport in execute-command and subscribe-events.
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { codeFromString } from '@connectrpc/connect/protocol-connect';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  ExecuteCommandRequest,
  SubscribeEventsRequest,
} from '../../../lib/protocol/generated/galaxy/gateway/v1/gateway.ts';
import { ErrorInfo, RetryInfo } from '../../../lib/protocol/generated/google/rpc/error_details.ts';
import { Status } from '../../../lib/protocol/generated/google/rpc/status.ts';
import { runGateway } from '../../../workers/gateway.ts';
import { type Answer, json } from '../../support/gateway/fake-upstream.ts';
import { startTestGateway, type TestGateway } from '../../support/gateway/gateway.ts';
import { exchangeRaw, openRaw } from '../../support/network/raw-http.ts';

const service = '/galaxy.gateway.v1.EdgeGateway';
const execute = `${service}/ExecuteCommand`;
const subscribe = `${service}/SubscribeEvents`;
const origin = 'https://play.example.com';
const kibibyte = 1024;

let gateway: TestGateway;
let knowsSessions: Answer;

beforeAll(async () => {
  gateway = await startTestGateway(
    {
      GATEWAY_PUBLIC_HTTP_CORS_ORIGINS: `${origin}, http://localhost:5173`,
      GATEWAY_WEB_HTTP_READ_TIMEOUT: '800ms',
      GATEWAY_WEB_HTTP_MAX_CONNECTIONS_PER_ADDRESS: '1000',
    },
    runGateway,
    'Connect',
  );
  knowsSessions = gateway.backend.answer;
});
afterAll(() => gateway[Symbol.asyncDispose]());
beforeEach(() => {
  gateway.backend.answer = knowsSessions;
  gateway.lobby.answer = json(200, { items: [] });
  gateway.lobby.received.length = 0;
  gateway.backend.received.length = 0;
});

const frame = (message: Uint8Array, flags = 0): Buffer => {
  const head = Buffer.alloc(5, flags);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
};

const command = (of = gateway): Buffer => {
  const request = of.newClient().signCommand('lobby.game.list', {});
  return Buffer.from(ExecuteCommandRequest.encode(request).finish());
};

function post(
  path: string,
  contentType: string,
  body: Uint8Array | string,
  headers: Record<string, string> = {},
  at = gateway,
): Promise<Response> {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  return fetch(at.webUrl + path, {
    method: 'POST',
    headers: { 'content-type': contentType, ...headers },
    body: new Uint8Array(bytes),
  });
}

type Refused = { code: number; reason: string; retryAfterMs: number | undefined };

function refusedBy(code: number, details: { typeUrl: string; value: Uint8Array }[]): Refused {
  const detail = (type: string) =>
    details.find(({ typeUrl }) => typeUrl.endsWith(`google.rpc.${type}`))?.value;
  const [info, retry] = [detail('ErrorInfo'), detail('RetryInfo')];
  const pause = retry && RetryInfo.decode(retry).retryDelay;
  return {
    code,
    reason: info === undefined ? '' : ErrorInfo.decode(info).reason,
    retryAfterMs: pause && Number(pause.seconds) * 1_000 + pause.nanos / 1_000_000,
  };
}

type ConnectJson = { code: string; details?: { type: string; value: string }[] };

function refusedByJson({ code, details = [] }: ConnectJson): Refused {
  const decoded = details.map(({ type, value }) => ({ typeUrl: type, value: Buffer.from(value, 'base64') }));
  return refusedBy(codeFromString(code) ?? -1, decoded);
}

/** How the end of a stream, or a whole response of gRPC-Web, says why it was refused. */
function refusedByFrames(body: Buffer): Refused {
  let at = 0;
  let last: { flags: number; message: Buffer } = { flags: -1, message: Buffer.alloc(0) };
  while (at < body.length) {
    const length = body.readUInt32BE(at + 1);
    last = { flags: body[at] ?? -1, message: body.subarray(at + 5, at + 5 + length) };
    at += 5 + length;
  }
  if (last.flags === 2) return refusedByJson(JSON.parse(last.message.toString('utf8')).error);
  expect(last.flags).toBe(0x80);
  const trailers = new Map(
    last.message
      .toString('utf8')
      .split('\r\n')
      .map((line): [string, string] => [line.split(':')[0] ?? '', line.slice(line.indexOf(':') + 1).trim()]),
  );
  const details = Buffer.from(trailers.get('grpc-status-details-bin') ?? '', 'base64');
  return refusedBy(Number(trailers.get('grpc-status')), Status.decode(details).details);
}

async function refused(response: Response): Promise<Refused> {
  const body = Buffer.from(await response.arrayBuffer());
  const json = response.headers.get('content-type') === 'application/json';
  return json ? refusedByJson(JSON.parse(body.toString('utf8'))) : refusedByFrames(body);
}

/** Every way in which a page may send a request, with the path and an empty body that can be read. */
const ways: [string, string, Buffer][] = [
  [execute, 'application/proto', Buffer.alloc(0)],
  [execute, 'application/json', Buffer.from('{}')],
  [execute, 'application/grpc-web+proto', frame(Buffer.alloc(0))],
  [execute, 'application/grpc-web+json', frame(Buffer.from('{}'))],
  [subscribe, 'application/connect+proto', frame(Buffer.alloc(0))],
  [subscribe, 'application/grpc-web', frame(Buffer.alloc(0))],
];

describe('a refusal', () => {
  it.each(ways)('of %s with %s is an error of its protocol, with its reason', async (path, type, empty) => {
    const response = await post(path, type, empty);
    expect(await refused(response)).toEqual({
      code: 9,
      reason: 'UNSUPPORTED_PROTOCOL_VERSION',
      retryAfterMs: undefined,
    });
  });

  it.each(ways)('of %s with %s says when to retry, and comes before the body is read', async (path, type) => {
    const limited = await startTestGateway({ GATEWAY_RATE_LIMIT_GRPC_ADDRESS: '1/h burst 1' });
    try {
      await post(path, type, '', {}, limited);
      // The rest of the body never comes.
      const connection = await openRaw(limited.webUrl);
      connection.socket.write(
        `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: 1000\r\n\r\nx`,
      );
      const text = await connection.ended;
      expect(text).toContain('RATE_LIMITED');
      expect(text.toLowerCase()).toContain('connection: close');
      const again = await post(path, type, '', {}, limited);
      if (path === execute && !type.includes('grpc')) {
        expect(again.status).toBe(429);
        expect(Number(again.headers.get('retry-after'))).toBeGreaterThan(3_000);
      }
      const { reason, retryAfterMs } = await refused(again);
      expect(reason).toBe('RATE_LIMITED');
      expect(retryAfterMs).toBeGreaterThan(3_000_000);
      expect(limited.backend.received).toEqual([]);
    } finally {
      await limited[Symbol.asyncDispose]();
    }
  });
});

describe('a body that is not a request', () => {
  const garbage: [string, Buffer][] = [
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('no request')],
    ['bytes', Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])],
    ['JSON of another form', Buffer.from('{"requestId":7}')],
    ['JSON without end', Buffer.from('[')],
    ['very deep JSON', Buffer.from('['.repeat(300_000))],
    ['a compressed frame', frame(Buffer.alloc(10), 1)],
    ['half a frame', frame(Buffer.alloc(100)).subarray(0, 50)],
    ['the head of a frame', frame(Buffer.alloc(100)).subarray(0, 3)],
    ['a frame that claims 4 GiB', Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 1])],
    ['two frames', Buffer.concat([frame(Buffer.alloc(0)), frame(Buffer.alloc(0))])],
    ['a frame of garbage', frame(Buffer.from([0xff, 0xff, 0xff]))],
    ['an end frame', frame(Buffer.from('{}'), 2)],
  ];
  it.each(garbage)('but %s is refused as such in every protocol', async (_, body) => {
    for (const [path, type] of ways) {
      const { code, reason } = await refused(await post(path, type, body));
      // An empty message is a request without a version.
      const known = reason === 'UNSUPPORTED_PROTOCOL_VERSION' && code === 9;
      if (!known) expect([type, code, reason]).toEqual([type, 3, 'MALFORMED_ENVELOPE']);
    }
    expect(gateway.backend.received).toEqual([]);
  });

  it.each([
    ['content-encoding', 'gzip'],
    ['connect-content-encoding', 'br'],
    ['grpc-encoding', 'gzip'],
    ['connect-timeout-ms', 'soon'],
    ['connect-timeout-ms', '-1'],
    ['grpc-timeout', '5 seconds'],
  ])('or has a header %s: %s is refused, too', async (name, value) => {
    for (const [path, type, empty] of ways) {
      const ofOther = name.endsWith('-ms') === type.includes('grpc') && /timeout/.test(name);
      const { reason } = await refused(await post(path, type, empty, { [name]: value }));
      expect(reason).toBe(ofOther ? 'UNSUPPORTED_PROTOCOL_VERSION' : 'MALFORMED_ENVELOPE');
    }
  });

  it('of a type that the method does not have gets 415 and the types that it has', async () => {
    const types: [string, string][] = [
      [execute, 'text/plain'],
      [execute, 'application/x-www-form-urlencoded'],
      [execute, 'application/grpc'],
      [execute, 'application/grpc-web-text'],
      [execute, 'application/connect+proto'],
      [subscribe, 'application/connect+json'],
      [subscribe, 'application/grpc-web+json'],
      [subscribe, 'application/json'],
      [subscribe, 'application/proto'],
    ];
    for (const [path, type] of types) {
      const response = await post(path, type, '{}');
      expect([type, response.status]).toEqual([type, 415]);
      expect(response.headers.get('accept-post')).toContain('application/grpc-web+proto');
    }
  });

  it('comes by no other method: a stream by GET is refused', async () => {
    for (const [path] of ways) {
      for (const method of ['GET', 'HEAD', 'PUT', 'DELETE']) {
        const response = await fetch(`${gateway.webUrl}${path}?connect=v1&encoding=json&message=%7B%7D`, {
          method,
        });
        expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
      }
    }
    expect(gateway.backend.received).toEqual([]);
  });

  it('for a method that does not exist gets 404', async () => {
    expect((await post(`${service}/ExecuteCommands`, 'application/json', '{}')).status).toBe(404);
    expect((await post('/grpc.health.v1.Health/Check', 'application/json', '{}')).status).toBe(404);
  });
});

describe('the size of a request', () => {
  it.each(ways)('to %s with %s may be 400 KiB, and is MESSAGE_TOO_LARGE over it', async (path, type) => {
    const body = (kibibytes: number) => Buffer.alloc(kibibytes * kibibyte, 0xff);
    expect((await refused(await post(path, type, body(400)))).reason).toBe('MALFORMED_ENVELOPE');
    const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\n`;
    const declared = await exchangeRaw(gateway.webUrl, `${head}Content-Length: ${401 * kibibyte}\r\n\r\n`);
    const chunk = `${kibibyte.toString(16)}\r\n${' '.repeat(kibibyte)}\r\n`;
    const chunked = await exchangeRaw(
      gateway.webUrl,
      `${head}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(401)}0\r\n\r\n`,
    );
    for (const text of [declared, chunked]) {
      expect(text).toContain('MESSAGE_TOO_LARGE');
      expect(text.toLowerCase()).toContain('connection: close');
    }
    expect(gateway.backend.received).toEqual([]);
  });

  it('that has no end is refused, and its connection ends', async () => {
    const connection = await openRaw(gateway.webUrl);
    connection.socket.write(
      `POST ${execute} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    const chunk = `${(16 * kibibyte).toString(16)}\r\n${' '.repeat(16 * kibibyte)}\r\n`;
    const timer = setInterval(() => connection.socket.write(chunk), 5);
    const text = await connection.ended.finally(() => clearInterval(timer));
    expect(text).toContain('MESSAGE_TOO_LARGE');
  });

  it('that does not come is given up by the read time-out', async () => {
    const connection = await openRaw(gateway.webUrl);
    connection.socket.write(
      `POST ${execute} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{`,
    );
    await connection.ended;
    expect(gateway.backend.received).toEqual([]);
  });

  it('counts before it is read: of too many that are not whole, the client with the most loses its oldest', async () => {
    const patient = await startTestGateway(
      {
        GATEWAY_WEB_HTTP_MAX_CONNECTIONS_PER_ADDRESS: '1000',
        GATEWAY_WEB_HTTP_READ_TIMEOUT: '60s',
      },
      runGateway,
      'Connect',
    );
    const half = `POST ${execute} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{`;
    try {
      const honest = await openRaw(patient.webUrl, '127.0.0.2');
      honest.socket.write(half);
      const flood: Awaited<ReturnType<typeof openRaw>>[] = [];
      for (let count = 0; count < 300; count += 1) {
        const connection = await openRaw(patient.webUrl);
        connection.socket.write(half);
        flood.push(connection);
      }
      const refusals = () => flood.filter(({ received }) => received().includes('OVERLOADED')).length;
      await vi.waitFor(() => expect(refusals()).toBe(300 - 255), { timeout: 10_000 });
      expect(flood[0]?.received()).toContain('503');
      expect(honest.received()).toBe('');
      expect((await patient.newClient().execute('lobby.game.list', {})).resultCode).toBe('ok');
      for (const { socket } of [honest, ...flood]) socket.destroy();
    } finally {
      await patient[Symbol.asyncDispose]();
    }
  });
});

describe('a page', () => {
  const preflight = (from: string, path = execute, at = gateway) =>
    fetch(at.webUrl + path, {
      method: 'OPTIONS',
      headers: {
        origin: from,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,connect-protocol-version',
      },
    });

  it('of a listed origin may call, without credentials, and read why it was refused', async () => {
    for (const path of [execute, subscribe]) {
      const { status, headers } = await preflight(origin, path);
      expect(status).toBe(204);
      expect(Object.fromEntries(headers)).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-allow-methods': 'POST',
        'access-control-allow-headers':
          'Content-Type, Connect-Protocol-Version, Connect-Timeout-Ms, X-Grpc-Web, X-User-Agent, Grpc-Timeout, X-Request-ID, traceparent',
        'access-control-max-age': '7200',
        vary: 'Origin',
      });
      expect(headers.get('access-control-allow-credentials')).toBeNull();
    }
    for (const [path, type, empty] of ways) {
      const { headers } = await post(path, type, empty, { origin });
      expect(headers.get('access-control-allow-origin')).toBe(origin);
      expect(headers.get('access-control-expose-headers')).toBe(
        'Grpc-Status, Grpc-Message, Grpc-Status-Details-Bin, Retry-After, X-Request-ID',
      );
    }
  });

  it.each([
    'https://evil.example.com',
    'null',
    '*',
    `${origin}.evil.example.com`,
    'http://play.example.com',
    '',
  ])('of %s may not', async (from) => {
    for (const response of [
      await preflight(from),
      await post(execute, 'application/proto', command(), { origin: from }),
    ]) {
      const names = [...response.headers.keys()].filter((name) => name.startsWith('access-control-'));
      expect(names).toEqual([]);
      expect(response.headers.get('vary')).toBe('Origin');
    }
  });

  it('gets nothing by cookies, a forged host, or what looks like another user', async () => {
    const body = command();
    const head = [
      `POST ${execute} HTTP/1.1`,
      'Host: evil.example.com:1@[::1',
      'X-Forwarded-Host: evil.example.com',
      'Cookie: session=stolen; __Host-admin=1',
      'Authorization: Bearer stolen',
      'X-User-ID: 01930f3c-7b1a-7000-8000-0000000000aa',
      'Content-Type: application/proto',
      `Content-Length: ${body.length}`,
      'Connection: close',
    ];
    const connection = await openRaw(gateway.webUrl);
    connection.socket.write(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]));
    const text = await connection.ended;
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expect(text.toLowerCase()).not.toContain('set-cookie');
    expect(text).not.toContain('evil');
    const [asked] = gateway.lobby.received;
    expect(asked?.headers).not.toHaveProperty('cookie');
    expect(asked?.headers['x-user-id']).not.toBe('01930f3c-7b1a-7000-8000-0000000000aa');
    expect(asked?.headers.authorization).toBeUndefined();
  });

  it('signs in at the same origin', async () => {
    gateway.backend.answer = json(202, { challenge_id: 'c', expires_at: '2026-01-01T00:10:00.000Z' });
    const sent = await post(
      '/api/v1/public/auth/send-email-code',
      'application/json',
      '{"email":"a@example.com"}',
    );
    expect(sent.status).toBe(202);
    expect((await fetch(`${gateway.webUrl}/api/v1/public/auth/server-keys`)).status).toBe(200);
    expect((await fetch(`${gateway.webUrl}/readyz`)).status).toBe(200);
  });

  it('that asks for 10,000 consents gets few: they count by address', async () => {
    const strict = await startTestGateway({
      GATEWAY_PUBLIC_HTTP_CORS_ORIGINS: origin,
      GATEWAY_RATE_LIMIT_GRPC_ADDRESS: '1/s burst 100',
      GATEWAY_WEB_HTTP_MAX_REQUESTS_PER_CONNECTION: '100000',
    });
    try {
      const ask = `OPTIONS ${execute} HTTP/1.1\r\nHost: x\r\nOrigin: ${origin}\r\n\r\n`;
      const connections = await Promise.all(Array.from({ length: 10 }, () => openRaw(strict.webUrl)));
      const count = (pattern: RegExp) =>
        connections.reduce((sum, { received }) => sum + (received().match(pattern) ?? []).length, 0);
      for (let round = 1; round <= 100; round += 1) {
        for (const { socket } of connections) socket.write(ask.repeat(10));
        await vi.waitFor(() => expect(count(/HTTP\/1\.1 /g)).toBe(round * 100), {
          timeout: 10_000,
          interval: 2,
        });
      }
      expect(count(/HTTP\/1\.1 204 /g)).toBeLessThan(200);
      expect(count(/HTTP\/1\.1 (?:204|429) /g)).toBe(10_000);
      expect((await fetch(`${strict.webUrl}/healthz`)).status).toBe(200);
      for (const { socket } of connections) socket.destroy();
    } finally {
      await strict[Symbol.asyncDispose]();
    }
  });
});

describe('the deadline of a call', () => {
  const timeouts: [string, string, string][] = [
    ['application/proto', 'connect-timeout-ms', '300'],
    ['application/grpc-web+proto', 'grpc-timeout', '300m'],
  ];
  it.each(timeouts)(
    'with %s ends it, and takes the call to the service with it',
    async (type, name, value) => {
      const cancelled = Promise.withResolvers<void>();
      gateway.lobby.answer = (_, response) => void once(response, 'close').then(() => cancelled.resolve());
      const body = type.includes('grpc') ? frame(command()) : command();
      const response = await post(execute, type, body, { [name]: value });
      if (type === 'application/proto') {
        expect(response.status).toBe(504);
        expect(await response.json()).toMatchObject({ code: 'deadline_exceeded' });
      } else expect(Buffer.from(await response.arrayBuffer()).toString('latin1')).toContain('grpc-status: 4');
      await cancelled.promise;
    },
  );

  it('may be far away', async () => {
    const far = await post(execute, 'application/proto', command(), { 'connect-timeout-ms': '9999999999' });
    expect(far.status).toBe(200);
    const web = await post(execute, 'application/grpc-web', frame(command()), {
      'grpc-timeout': '99999999H',
    });
    expect(Buffer.from(await web.arrayBuffer()).toString('latin1')).toContain('grpc-status: 0');
  });

  it('that the client does not wait for: its end takes the call to the service with it', async () => {
    const [asked, cancelled] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    gateway.lobby.answer = (_, response) => {
      asked.resolve();
      void once(response, 'close').then(() => cancelled.resolve());
    };
    const gone = new AbortController();
    const response = fetch(gateway.webUrl + execute, {
      method: 'POST',
      headers: { 'content-type': 'application/proto' },
      body: new Uint8Array(command()),
      signal: gone.signal,
    });
    await asked.promise;
    gone.abort();
    await expect(response).rejects.toThrow();
    await cancelled.promise;
  });
});

describe('a gateway that stops', () => {
  it('lets a running command finish, and its response ends the connection', async () => {
    const stopping = await startTestGateway();
    const held = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    stopping.lobby.answer = async (request, response) => {
      asked.resolve();
      await held.promise;
      json(200, { items: [] })(request, response);
    };
    const body = command(stopping);
    const connection = await openRaw(stopping.webUrl);
    const head = `POST ${execute} HTTP/1.1\r\nHost: x\r\nContent-Type: application/proto\r\nContent-Length: ${body.length}\r\n\r\n`;
    connection.socket.write(Buffer.concat([Buffer.from(head), body]));
    await asked.promise;
    const stopped = stopping.stop();
    held.resolve();
    const text = await connection.ended;
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expect(text.toLowerCase()).toContain('connection: close');
    await stopped;
    await stopping[Symbol.asyncDispose]();
  });
});

it('a second request on the connection of a stream ends it, as it would wait for the stream', async () => {
  const request = gateway.newClient().signSubscription(undefined);
  const body = frame(SubscribeEventsRequest.encode(request).finish());
  const head = `POST ${subscribe} HTTP/1.1\r\nHost: x\r\nContent-Type: application/connect+proto\r\nContent-Length: ${body.length}\r\n\r\n`;
  const one = Buffer.concat([Buffer.from(head), body]);
  const connection = await openRaw(gateway.webUrl);
  connection.socket.write(Buffer.concat([one, one]));
  await Promise.race([
    connection.ended,
    delay(10_000).then(() => expect.unreachable('the connection is still open')),
  ]);
});
