import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { json } from '../../support/gateway/fake-upstream.ts';
import { startTestGateway, type TestGateway } from '../../support/gateway/gateway.ts';
import { sendBody } from '../../support/gateway/sign-in-bodies.ts';
import { exchangeRaw, openRaw, type RawConnection } from '../../support/network/raw-http.ts';

const authPath = '/api/v1/public/auth/send-email-code';
const post = `POST ${authPath} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${sendBody().length}\r\n\r\n${sendBody()}`;
const get = (more = '') => `GET /healthz HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
/** A response without a body. */
const bare = (status: number) => new RegExp(`^HTTP/1\\.1 ${status} (?:(?!\r\n\r\n)[^])*\r\n\r\n$`);
const answers = (text: string) => text.match(/HTTP\/1\.1 \d{3} /g) ?? [];

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway({
    GATEWAY_PUBLIC_HTTP_READ_HEADER_TIMEOUT: '400ms',
    GATEWAY_PUBLIC_HTTP_READ_TIMEOUT: '800ms',
    GATEWAY_PUBLIC_HTTP_IDLE_TIMEOUT: '300ms',
    GATEWAY_PUBLIC_HTTP_MAX_HEADER_BYTES: '4096',
    GATEWAY_PUBLIC_HTTP_MAX_HEADERS: '20',
    GATEWAY_PUBLIC_HTTP_MAX_REQUESTS_PER_CONNECTION: '12',
  });
});
afterAll(() => gateway[Symbol.asyncDispose]());
beforeEach(() => {
  gateway.backend.received.length = 0;
  gateway.backend.answer = json(202, { challenge_id: 'c', expires_at: '2026-01-01T00:10:00.000Z' });
});

/** Sends a byte now and then, as long as the other side takes it. */
function drip({ socket, ended }: RawConnection, byte: string): Promise<string> {
  const timer = setInterval(() => socket.write(byte), 50);
  return ended.finally(() => clearInterval(timer));
}

/** A time-out, a look every half second whether it is over, and room for a busy machine. */
const inTime = (timeoutMs: number) => timeoutMs + 500 + 3_000;

describe('a slow client', () => {
  it.each([
    ['that sends nothing', '', undefined],
    ['that stops within its headers', 'GET /healthz HTTP/1.1\r\nHost: x\r\n', undefined],
    ['whose headers drip', 'GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ', 'x'],
  ])('%s gets 408 and is dropped by the read-header time-out', async (_, bytes, byte) => {
    const startedAt = performance.now();
    const connection = await openRaw(gateway.httpUrl);
    connection.socket.write(bytes);
    const answer = await (byte === undefined ? connection.ended : drip(connection, byte));
    expect(answer).toMatch(bare(408));
    const tookMs = performance.now() - startedAt;
    expect(tookMs).toBeGreaterThan(390);
    expect(tookMs).toBeLessThan(inTime(400));
  });

  it.each([
    ['whose body does not come', 'Content-Length: 100\r\n\r\n', undefined],
    ['whose body drips', 'Content-Length: 8000\r\n\r\n', ' '],
    ['whose chunks drip', 'Transfer-Encoding: chunked\r\n\r\n', '1\r\n \r\n'],
  ])('%s is dropped by the read time-out, and the backend is not asked', async (_, headers, bytes) => {
    const startedAt = performance.now();
    const connection = await openRaw(gateway.httpUrl);
    connection.socket.write(
      `POST ${authPath} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${headers}`,
    );
    await (bytes === undefined ? connection.ended : drip(connection, bytes));
    const tookMs = performance.now() - startedAt;
    expect(tookMs).toBeGreaterThan(790);
    expect(tookMs).toBeLessThan(inTime(800));
    expect(gateway.backend.received).toEqual([]);
  });

  it('that leaves its connection idle is dropped by the idle time-out', async () => {
    const { socket, ended } = await openRaw(gateway.httpUrl);
    const startedAt = performance.now();
    socket.write(get());
    expect(answers(await ended)).toEqual(['HTTP/1.1 200 ']);
    const tookMs = performance.now() - startedAt;
    expect(tookMs).toBeGreaterThan(290);
    // Node keeps a second more, for requests that are under way.
    expect(tookMs).toBeLessThan(inTime(300 + 1_000));
  });
});

describe('the size of a request', () => {
  it('may be up to the bound on headers and their number, and is 431 over it', async () => {
    const close = 'Connection: close\r\n';
    const padding = (bytes: number) => `X-Padding: ${'x'.repeat(bytes)}\r\n`;
    expect(await exchangeRaw(gateway.httpUrl, get(close + padding(3_500)))).toMatch(/^HTTP\/1\.1 200 /);
    expect(await exchangeRaw(gateway.httpUrl, get(close + padding(4_100)))).toMatch(bare(431));

    const many = (count: number) =>
      Array.from({ length: count }, (_, index) => `X-H${index}: 1\r\n`).join('');
    expect(await exchangeRaw(gateway.httpUrl, get(close + many(18)))).toMatch(/^HTTP\/1\.1 200 /);
    expect(await exchangeRaw(gateway.httpUrl, get(close + many(19)))).toMatch(/^HTTP\/1\.1 431 /);
    expect(await exchangeRaw(gateway.httpUrl, get(many(150)))).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('may be up to 8 KiB of body, declared or in chunks, and is 413 over it', async () => {
    const head = `POST ${authPath} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n`;
    const declared = (bytes: number) => `${head}Content-Length: ${bytes}\r\n\r\n${sendBody().padEnd(bytes)}`;
    const chunk = (content: string) => `${(1024).toString(16)}\r\n${content.padEnd(1024)}\r\n`;
    const chunked = (chunks: number) =>
      `${head}Transfer-Encoding: chunked\r\n\r\n${chunk(sendBody())}${chunk('').repeat(chunks - 1)}0\r\n\r\n`;
    expect(await exchangeRaw(gateway.httpUrl, declared(8_192))).toMatch(/^HTTP\/1\.1 202 /);
    expect(await exchangeRaw(gateway.httpUrl, chunked(8))).toMatch(/^HTTP\/1\.1 202 /);
    expect(gateway.backend.received.map(({ body }) => body.length)).toEqual([8_192, 8_192]);
    expect(await exchangeRaw(gateway.httpUrl, declared(8_193))).toMatch(/^HTTP\/1\.1 413 /);
    expect(await exchangeRaw(gateway.httpUrl, chunked(9))).toMatch(/^HTTP\/1\.1 413 /);
    expect(gateway.backend.received).toHaveLength(2);
  });

  it('that is endless ends the connection soon after its 413', async () => {
    const connection = await openRaw(gateway.httpUrl);
    connection.socket.write(
      `POST ${authPath} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    const answer = await drip(connection, `${(4096).toString(16)}\r\n${' '.repeat(4096)}\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });
});

describe('one connection', () => {
  it('is ended after so many requests, which the last response says', async () => {
    const { socket, received, ended } = await openRaw(gateway.httpUrl);
    for (let request = 1; request <= 12; request += 1) {
      socket.write(get());
      await vi.waitFor(() => expect(answers(received())).toHaveLength(request), {
        timeout: 10_000,
        interval: 5,
      });
    }
    const text = await ended;
    expect(text.split('HTTP/1.1 ').at(-1)?.toLowerCase()).toContain('connection: close');
    expect(text.toLowerCase().match(/connection: close/g)).toHaveLength(1);
  });

  it('may pipeline a few requests, which get responses in order', async () => {
    const { socket, ended } = await openRaw(gateway.httpUrl);
    socket.write(`${get()}GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n${get('Connection: close\r\n')}`);
    expect(answers(await ended)).toEqual(['HTTP/1.1 200 ', 'HTTP/1.1 404 ', 'HTTP/1.1 200 ']);
  });

  it('that pipelines many is cut, and asks the backend for few of them', async () => {
    const other = await startTestGateway();
    other.backend.answer = () => undefined;
    const { socket, ended } = await openRaw(other.httpUrl);
    socket.write(post.repeat(500));
    expect(await ended).toBe('');
    expect(other.backend.received.length).toBeLessThanOrEqual(16);
    expect((await fetch(`${other.httpUrl}/healthz`)).status).toBe(200);
    await other[Symbol.asyncDispose]();
  });

  it.each([
    ['garbage', '\u0000\u0001\u0002 nonsense\r\n\r\n'],
    ['TLS', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003'],
    ['HTTP/2 without TLS', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    [
      'two lengths',
      `POST ${authPath} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}`,
    ],
    [
      'a length and chunks',
      `POST ${authPath} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
  ])('that brings %s gets 400 and is ended', async (_, bytes) => {
    expect(await exchangeRaw(gateway.httpUrl, bytes)).toMatch(bare(400));
    expect(gateway.backend.received).toEqual([]);
  });

  it('that its client gives up takes the call to the backend with it', async () => {
    const other = await startTestGateway();
    const gone = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    other.backend.answer = (_, response) => {
      asked.resolve();
      void once(response, 'close').then(() => gone.resolve());
    };
    const { socket } = await openRaw(other.httpUrl);
    socket.write(post);
    await asked.promise;
    socket.destroy();
    await gone.promise;
    await other[Symbol.asyncDispose]();
  });
});
