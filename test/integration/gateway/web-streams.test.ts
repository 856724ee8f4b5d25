// Event streams of the web listener as a page opens, keeps and loses them, with the real push service.
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { freePort } from '../../../infra/local/child.ts';
import { SubscribeEventsRequest } from '../../../lib/protocol/generated/galaxy/gateway/v1/gateway.ts';
import { runGateway } from '../../../workers/gateway.ts';
import { TestPushLog } from '../../support/backend/push-log.ts';
import { startTestPush, type TestPush } from '../../support/backend/push-process.ts';
import { EventReader } from '../../support/gateway/event-reader.ts';
import { startTestGateway, type TestGateway } from '../../support/gateway/gateway.ts';
import { openRaw } from '../../support/network/raw-http.ts';
import { scrape } from '../../support/telemetry/prometheus-text.ts';

const testLog = new TestPushLog();
const path = '/galaxy.gateway.v1.EdgeGateway/SubscribeEvents';

let push: TestPush;
let gateway: TestGateway;
let adminAddr: string;

const start = (variables: Record<string, string> = {}) =>
  startTestGateway(
    {
      GATEWAY_BACKEND_GRPC_ADDR: push.addr,
      GATEWAY_RATE_LIMIT_SESSION_SUBSCRIBE: 'off',
      GATEWAY_RATE_LIMIT_USER_SUBSCRIBE: 'off',
      ...variables,
    },
    runGateway,
    'Connect',
  );

beforeAll(async () => {
  push = await startTestPush(testLog.server);
  adminAddr = `127.0.0.1:${await freePort()}`;
  gateway = await start({ GATEWAY_ADMIN_HTTP_ADDR: adminAddr });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await push.stop();
});

const openStreams = async () =>
  (await scrape(`http://${adminAddr}/metrics`)).value('galaxy_gateway_streams_open');

async function openStreamsAre(count: number): Promise<void> {
  await vi.waitFor(async () => expect(await openStreams()).toBe(count), { timeout: 10_000 });
}

/** A subscription as bytes on a connection, and more headers. */
async function subscribeRaw(at: TestGateway, ...headers: string[]) {
  const request = at.newClient().signSubscription(undefined);
  const message = SubscribeEventsRequest.encode(request).finish();
  const frame = Buffer.alloc(5);
  frame.writeUInt32BE(message.length, 1);
  const head = [
    `POST ${path} HTTP/1.1`,
    'Host: x',
    'Content-Type: application/connect+proto',
    `Content-Length: ${message.length + 5}`,
    ...headers,
  ];
  const connection = await openRaw(at.webUrl);
  connection.socket.write(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), frame, message]));
  return connection;
}

test('a page that opens 50 streams keeps two, and the others hear why they ended', async () => {
  const client = gateway.newClient();
  const readers: EventReader[] = [];
  for (let count = 0; count < 50; count += 1) readers.push(await EventReader.open(client));
  const [kept, ended] = [readers.slice(-2), readers.slice(0, -2)];
  for (const reader of ended) expect(await reader.untilEnded()).toBe('SUPERSEDED');
  await openStreamsAre(2);
  await testLog.append(client.session.userId);
  for (const reader of kept) await reader.until(({ messages }) => messages.length === 2);
  for (const reader of kept) reader.leave();
  await openStreamsAre(0);
});

test('a stream ends as soon as its client leaves, politely or not', async () => {
  const [closes, breaks, halfCloses] = [
    await subscribeRaw(gateway),
    await subscribeRaw(gateway),
    await subscribeRaw(gateway),
  ];
  await openStreamsAre(3);
  closes.socket.destroy();
  breaks.socket.resetAndDestroy();
  halfCloses.socket.end();
  await openStreamsAre(0);
});

test('a stream ends with the deadline of its call', async () => {
  const connection = await subscribeRaw(gateway, 'Connect-Timeout-Ms: 300', 'Connection: close');
  const text = await connection.ended;
  expect(text).toContain('gateway.hello');
  expect(text).toContain('deadline_exceeded');
  await openStreamsAre(0);
});

test('a gateway that stops ends its streams and their connections, and refuses others', async () => {
  const stopping = await start();
  const connection = await subscribeRaw(stopping);
  await vi.waitFor(() => expect(connection.received()).toContain('gateway.hello'), { timeout: 10_000 });
  // A connection that has no stream, and will ask for one while the gateway stops.
  const late = await openRaw(stopping.webUrl);
  const stopped = stopping.stop();
  const text = await connection.ended;
  expect(text).toContain('DRAINING');
  expect(text).toContain('google.rpc.RetryInfo');
  late.socket.destroy();
  await stopped;
  await stopping[Symbol.asyncDispose]();
});
