import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../../infra/local/child.ts';
import { gatewayInstruments } from '../../../lib/gateway/instruments.ts';
import { logInstruments } from '../../../lib/telemetry/log-output.ts';
import { TestPushLog } from '../../support/backend/push-log.ts';
import { startTestPush, type TestPush } from '../../support/backend/push-process.ts';
import { json } from '../../support/gateway/fake-upstream.ts';
import { startTestGateway, type TestGateway } from '../../support/gateway/gateway.ts';
import { gatewayProcess } from '../../support/gateway/gateway-process.ts';
import { sendBody } from '../../support/gateway/sign-in-bodies.ts';
import { openRaw } from '../../support/network/raw-http.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../../support/telemetry/otlp-receiver.ts';
import { type Scraped, scrape } from '../../support/telemetry/prometheus-text.ts';

const queueEvents = 3;
const sendPath = '/api/v1/public/auth/send-email-code';
const pushLog = new TestPushLog();
let push: TestPush;
let gateway: TestGateway;
let metricsUrl: string;

beforeAll(async () => {
  push = await startTestPush(pushLog.server);
  const addr = `127.0.0.1:${await freePort()}`;
  metricsUrl = `http://${addr}/metrics`;
  gateway = await startTestGateway({
    GATEWAY_ADMIN_HTTP_ADDR: addr,
    GATEWAY_BACKEND_GRPC_ADDR: push.addr,
    GATEWAY_PUSH_QUEUE_EVENTS: String(queueEvents),
    GATEWAY_RATE_LIMIT_SESSION_READ: '1/h burst 2',
    GATEWAY_RATE_LIMIT_SIGN_IN_EMAIL_NETWORK: '1/h burst 1',
    GATEWAY_RATE_LIMIT_SIGN_IN_EMAIL: '1/h burst 2',
    GATEWAY_TRUSTED_PROXIES: '127.0.0.1',
    GATEWAY_PUBLIC_HTTP_READ_TIMEOUT: '500ms',
  });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await push.stop();
});

/** How much a sample has grown while `work` ran. */
async function growth(work: () => Promise<unknown>) {
  const before = await scrape(metricsUrl);
  await work();
  const after = await scrape(metricsUrl);
  return (name: string, labels?: Record<string, string>) =>
    after.value(name, labels) - before.value(name, labels);
}

async function until(holds: (scraped: Scraped) => boolean | Promise<boolean>): Promise<Scraped> {
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; await delay(25)) {
    const scraped = await scrape(metricsUrl);
    if (await holds(scraped)) return scraped;
  }
  throw new Error('the metrics did not become what was waited for within 10 s');
}

/** Every test begins with an empty log, whose first events may be reported as a gap. Waits until they come live. */
async function liveLog(): Promise<Scraped> {
  const received = (scraped: Scraped) =>
    scraped.value('galaxy_gateway_events_received_total', { open_stream: 'no' });
  const before = received(await scrape(metricsUrl));
  return until(async (scraped) => {
    if (received(scraped) > before) return true;
    await pushLog.append(gateway.newClient().session.userId);
    return false;
  });
}

const refused = (call: Promise<unknown>) => expect(call).rejects.toThrow();

describe('commands', () => {
  it('are counted by message type and outcome, and timed by message type and stage', async () => {
    const grown = await growth(() => gateway.newClient().execute('lobby.game.list', {}));
    const type = { message_type: 'lobby.game.list' };
    expect(grown('galaxy_gateway_commands_total', { ...type, outcome: 'ok' })).toBe(1);
    expect(grown('galaxy_gateway_command_duration_seconds_count', type)).toBe(1);
    expect(grown('galaxy_gateway_command_duration_seconds_sum', type)).toBeGreaterThan(0);
    for (const stage of ['session', 'verify', 'replay', 'upstream', 'sign']) {
      expect(grown('galaxy_gateway_stage_duration_seconds_count', { stage })).toBe(1);
      expect(grown('galaxy_gateway_stage_duration_seconds_bucket', { stage, le: '+Inf' })).toBe(1);
    }
  });

  it('have the result code of the upstream as outcome, and `other` for one that no table knows', async () => {
    const type = { message_type: 'lobby.game.get' };
    const payload = { game_id: '01930f3c-7b1a-7000-8000-0000000000aa' };
    const answers = gateway.lobby.answer;
    const grown = await growth(async () => {
      gateway.lobby.answer = json(404, { error: { code: 'not_found', message: 'No.' } });
      await gateway.newClient().execute('lobby.game.get', payload);
      gateway.lobby.answer = json(409, { error: { code: 'made_up_by_this_test', message: 'No.' } });
      await gateway.newClient().execute('lobby.game.get', payload);
    });
    gateway.lobby.answer = answers;
    expect(grown('galaxy_gateway_commands_total', { ...type, outcome: 'not_found' })).toBe(1);
    expect(grown('galaxy_gateway_commands_total', { ...type, outcome: 'other' })).toBe(1);
  });

  it('never make a label of a message type that is not routed', async () => {
    const grown = await growth(() => refused(gateway.newClient().execute('made.up.by_a_client', {})));
    const labels = { message_type: 'other', outcome: 'UNKNOWN_MESSAGE_TYPE' };
    expect(grown('galaxy_gateway_commands_total', labels)).toBe(1);
    expect(await (await fetch(metricsUrl)).text()).not.toContain('made.up');
  });

  it('are counted when they are refused: replays, rates by limit', async () => {
    const client = gateway.newClient();
    const request = client.signCommand('lobby.game.list', {});
    const grown = await growth(async () => {
      await client.send(request);
      // The replay gives its token back, so one more is let through.
      await refused(client.send(request));
      await client.execute('lobby.game.list', {});
      await refused(client.execute('lobby.game.list', {}));
    });
    const outcome = (name: string) => ({ message_type: 'lobby.game.list', outcome: name });
    expect(grown('galaxy_gateway_commands_total', outcome('REPLAY_DETECTED'))).toBe(1);
    expect(grown('galaxy_gateway_replays_total')).toBe(1);
    expect(grown('galaxy_gateway_commands_total', outcome('RATE_LIMITED'))).toBe(1);
    // What anyone can cause is not timed.
    expect(grown('galaxy_gateway_command_duration_seconds_count', { message_type: 'lobby.game.list' })).toBe(
      2,
    );
    expect(grown('galaxy_gateway_rate_limited_total', { limit: 'session_read' })).toBe(1);
  });
});

describe('sign-in', () => {
  it('is counted by route and status', async () => {
    const grown = await growth(async () => {
      await fetch(`${gateway.httpUrl}/api/v1/public/auth/server-keys`);
      await fetch(`${gateway.httpUrl}/api/v1/public/auth/made-up-by-this-test`);
    });
    expect(grown('galaxy_gateway_public_requests_total', { route: 'server-keys', status: '200' })).toBe(1);
    expect(grown('galaxy_gateway_public_requests_total', { route: 'other', status: '404' })).toBe(1);
  });

  it('is counted when it is refused before its route: a body that is too large', async () => {
    const grown = await growth(async () => {
      const response = await fetch(`${gateway.httpUrl}${sendPath}`, {
        method: 'POST',
        body: 'x'.repeat(9_000),
      });
      expect(response.status).toBe(413);
    });
    const tooLarge = { route: 'send-email-code', status: '413' };
    expect(grown('galaxy_gateway_public_requests_total', tooLarge)).toBe(1);
  });

  it.each([
    ['declared', 'Content-Length: 100\r\n\r\n{'],
    ['chunked', 'Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n'],
  ])('whose body does not come in time (%s) is the client’s 408, not the backend’s 503', async (_, rest) => {
    const before = await scrape(metricsUrl);
    const { socket, ended } = await openRaw(gateway.httpUrl);
    socket.write(`POST ${sendPath} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${rest}`);
    await ended;
    const count = (scraped: Scraped, status: string) =>
      scraped.value('galaxy_gateway_public_requests_total', { route: 'send-email-code', status });
    const after = await until((scraped) => count(scraped, '408') > count(before, '408'));
    expect(count(after, '408') - count(before, '408')).toBe(1);
    expect(count(after, '503')).toBe(count(before, '503'));
  });

  it('whose client disconnects while the backend works is not a failure of the backend', async () => {
    const before = await scrape(metricsUrl);
    const answers = gateway.backend.answer;
    const asked = Promise.withResolvers<void>();
    gateway.backend.answer = () => asked.resolve();
    const { socket } = await openRaw(gateway.httpUrl);
    const body = sendBody('grace@example.com');
    const headers = `Host: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`;
    socket.write(`POST ${sendPath} HTTP/1.1\r\n${headers}\r\n\r\n${body}`);
    await asked.promise;
    socket.destroy();
    const count = (scraped: Scraped, status: string) =>
      scraped.value('galaxy_gateway_public_requests_total', { route: 'send-email-code', status });
    const after = await until((scraped) => count(scraped, '408') > count(before, '408'));
    gateway.backend.answer = answers;
    expect(count(after, '503')).toBe(count(before, '503'));
  });

  it('is counted where an e-mail address is over its rate, by whether for one network or for all', async () => {
    const ask = (network: string) =>
      fetch(`${gateway.httpUrl}${sendPath}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-forwarded-for': network },
        body: sendBody(),
      });
    const grown = await growth(async () => {
      for (const network of ['192.0.2.1', '192.0.2.1', '192.0.2.2', '192.0.2.3']) await ask(network);
    });
    expect(grown('galaxy_gateway_rate_limited_total', { limit: 'email_network' })).toBe(1);
    expect(grown('galaxy_gateway_rate_limited_total', { limit: 'email' })).toBe(1);
    const limited = { route: 'send-email-code', status: '429' };
    expect(grown('galaxy_gateway_public_requests_total', limited)).toBe(2);
  });
});

describe('streams and events', () => {
  it('are counted from subscription to end, and events from the log to the write', async () => {
    const before = await liveLog();
    const client = gateway.newClient();
    const end = new AbortController();
    const events = client.events({ signal: end.signal });
    await events.next();
    await pushLog.append(client.session.userId);
    await events.next();
    await pushLog.append(gateway.newClient().session.userId);

    const open = await until(
      (scraped) =>
        scraped.value('galaxy_gateway_events_received_total', { open_stream: 'no' }) >
        before.value('galaxy_gateway_events_received_total', { open_stream: 'no' }),
    );
    const grown = (name: string, labels?: Record<string, string>) =>
      open.value(name, labels) - before.value(name, labels);
    expect(grown('galaxy_gateway_subscriptions_total', { outcome: 'opened' })).toBe(1);
    expect(open.value('galaxy_gateway_streams_open')).toBe(1);
    expect(grown('galaxy_gateway_events_received_total', { open_stream: 'yes' })).toBe(1);
    expect(grown('galaxy_gateway_events_delivered_total', { path: 'live' })).toBe(1);
    expect(grown('galaxy_gateway_event_delivery_seconds_count')).toBe(1);

    end.abort();
    const ended = await until((scraped) => scraped.value('galaxy_gateway_streams_open') === 0);
    expect(
      ended.value('galaxy_gateway_streams_ended_total', { reason: 'client_gone' }) -
        before.value('galaxy_gateway_streams_ended_total', { reason: 'client_gone' }),
    ).toBe(1);
  });

  it('count what a stream had missed as delivered from the log, without a latency', async () => {
    const client = gateway.newClient();
    const first = await pushLog.append(client.session.userId);
    await pushLog.append(client.session.userId);
    const end = new AbortController();
    const grown = await growth(async () => {
      const events = client.events({ lastEventId: first.eventId, signal: end.signal });
      await events.next();
      await events.next();
    });
    end.abort();
    expect(grown('galaxy_gateway_events_delivered_total', { path: 'log' })).toBe(1);
    expect(grown('galaxy_gateway_event_delivery_seconds_count')).toBe(0);
  });

  it('count what waited for a slow client as dropped, by the reason of the end', async () => {
    const before = await liveLog();
    const client = gateway.newClient();
    const { call } = client.subscribe(client.signSubscription(undefined));
    const ended = new Promise((resolve) => call.on('error', resolve));
    // From its first message on grpc-js takes no more than it is asked for.
    await new Promise((resolve) => call.once('data', resolve));
    call.pause();
    const payload = Buffer.from(JSON.stringify({ text: 'x'.repeat(60_000) }));
    const slow = { reason: 'SLOW_CONSUMER' };
    const ends = (scraped: Scraped) => scraped.value('galaxy_gateway_streams_ended_total', slow);
    for (let sent = 0; ends(await scrape(metricsUrl)) === ends(before); sent += 1) {
      if (sent === 200) throw new Error('the stream was not ended after 200 events that were not read');
      await pushLog.append(client.session.userId, { payload });
    }
    const { value } = await scrape(metricsUrl);
    expect(value('galaxy_gateway_events_dropped_total', slow)).toBe(queueEvents + 1);
    call.resume();
    await ended;
  });

  it('are counted when a subscription is refused', async () => {
    const grown = await growth(() => refused(gateway.newClient('revoked').events().next()));
    expect(grown('galaxy_gateway_subscriptions_total', { outcome: 'SESSION_REVOKED' })).toBe(1);
    expect(grown('galaxy_gateway_streams_ended_total', { reason: 'SESSION_REVOKED' })).toBe(0);
  });
});

it('says how far the push log is known', async () => {
  const scraped = await until(({ value }) => value('galaxy_gateway_push_connected') === 1);
  expect(scraped.value('galaxy_gateway_push_lag_seconds')).toBeLessThan(15);
});

it('measures the process itself', async () => {
  const scraped = await scrape(metricsUrl);
  expect(scraped.value('galaxy_gateway_memory_bytes', { kind: 'rss' })).toBeGreaterThan(10_000_000);
  expect(scraped.value('galaxy_gateway_event_loop_utilization_ratio')).toBeLessThanOrEqual(1);
  expect(scraped.types.get('galaxy_gateway_event_loop_delay_seconds')).toBe('gauge');
});

it('counts open connections by listener', async () => {
  const client = gateway.newClient();
  await client.execute('lobby.game.list', {});
  const scraped = await scrape(metricsUrl);
  const open = (listener: string) => scraped.value('galaxy_gateway_connections_open', { listener });
  expect(open('authenticated-grpc')).toBeGreaterThan(0);
  expect(open('public-http')).toBeGreaterThan(0);
});

it('shows what is declared and nothing else, with the declared types and labels', async () => {
  const heartbeat = 'galaxy_gateway_push_heartbeat_delay_seconds';
  const { types, samples } = await until((scraped) => scraped.types.has(heartbeat));
  const declarations = [...gatewayInstruments.declarations, ...logInstruments.declarations];
  const declared = new Map(declarations.map((one) => [one.name, one]));
  expect([...types.keys()].sort()).toEqual([...declared.keys()].sort());
  for (const [family, type] of types) expect(type).toBe(declared.get(family)?.type);
  for (const { name, labels } of samples) {
    const family = declared.get(name) ?? declared.get(name.replace(/_(bucket|sum|count)$/, ''));
    const expected = [...(family?.labels ?? []), ...(name.endsWith('_bucket') ? ['le'] : [])];
    expect({ name, labels: Object.keys(labels) }).toEqual({ name, labels: expected });
  }
});

describe('over OTLP', { timeout: 60_000 }, () => {
  let collector: OtlpReceiver;
  beforeAll(async () => {
    collector = await startOtlpReceiver();
  });
  afterAll(() => collector.close());

  it('a collector gets the instruments that the admin listener shows, from one and the same process', async () => {
    const addr = `127.0.0.1:${await freePort()}`;
    const exporting = await startTestGateway(
      {
        GATEWAY_ADMIN_HTTP_ADDR: addr,
        GATEWAY_BACKEND_GRPC_ADDR: push.addr,
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
        OTEL_TRACES_EXPORTER: 'none',
        OTEL_METRIC_EXPORT_INTERVAL: '200',
      },
      gatewayProcess().run,
    );
    try {
      await exporting.newClient().execute('lobby.game.list', {});
      const commands = await collector.until('the counter of commands', () =>
        collector.metrics.find(
          (metric) =>
            metric.name === 'galaxy_gateway_commands_total' &&
            JSON.stringify(metric).includes('lobby.game.list'),
        ),
      );
      expect(commands).toMatchObject({
        sum: {
          isMonotonic: true,
          dataPoints: [
            {
              attributes: [
                { key: 'message_type', value: { stringValue: 'lobby.game.list' } },
                { key: 'outcome', value: { stringValue: 'ok' } },
              ],
            },
          ],
        },
      });
      const { types, value } = await scrape(`http://${addr}/metrics`);
      expect(value('galaxy_gateway_commands_total', { message_type: 'lobby.game.list', outcome: 'ok' })).toBe(
        1,
      );
      const scraped = [...types.keys()].filter((name) => name.startsWith('galaxy_gateway_'));
      expect(scraped.length).toBeGreaterThan(10);
      await collector.until('every instrument', () =>
        scraped.every((name) => collector.metrics.some((metric) => metric.name === name)) ? true : undefined,
      );
    } finally {
      await exporting[Symbol.asyncDispose]();
    }
  });
});
