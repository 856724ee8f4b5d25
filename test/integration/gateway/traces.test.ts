// The gateway as a process with the SDK running, and a collector that says what it was sent.
import { randomBytes } from 'node:crypto';
import { credentials, Metadata } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  EdgeGatewayClient,
  type ExecuteCommandResponse,
} from '../../../lib/protocol/generated/galaxy/gateway/v1/gateway.ts';
import { TestPushLog } from '../../support/backend/push-log.ts';
import { startTestPush, type TestPush } from '../../support/backend/push-process.ts';
import { startTestGateway, type TestGateway } from '../../support/gateway/gateway.ts';
import { gatewayProcess } from '../../support/gateway/gateway-process.ts';
import type { TestClient } from '../../support/gateway/test-client.ts';
import { callersText } from '../../support/service-callers.ts';
import {
  type OtlpReceiver,
  type ReceivedSpan,
  startOtlpReceiver,
} from '../../support/telemetry/otlp-receiver.ts';

const pushLog = new TestPushLog();
let push: TestPush;
let collector: OtlpReceiver;
let gateway: TestGateway;
const upstreamToken = 'the-token-of-upstreams';

beforeAll(async () => {
  push = await startTestPush(pushLog.server, { BACKEND_PUSH_GRPC_CALLERS: callersText(upstreamToken) });
  collector = await startOtlpReceiver();
  gateway = await startTestGateway(
    {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_BSP_SCHEDULE_DELAY: '50',
      GATEWAY_BACKEND_GRPC_ADDR: push.addr,
      GATEWAY_UPSTREAM_TOKEN: upstreamToken,
    },
    gatewayProcess().run,
  );
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await push.stop();
  await collector.close();
});

function newTraceparent(sampled: boolean) {
  const traceId = randomBytes(16).toString('hex');
  const spanId = randomBytes(8).toString('hex');
  return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-${sampled ? '01' : '00'}` };
}

async function command(client: TestClient, traceparent: string): Promise<ExecuteCommandResponse> {
  const metadata = new Metadata();
  metadata.set('traceparent', traceparent);
  const grpc = new EdgeGatewayClient(gateway.grpcAddr, credentials.createInsecure());
  try {
    return await new Promise((resolve, reject) => {
      grpc.executeCommand(client.signCommand('lobby.game.list', {}), metadata, (error, response) =>
        error ? reject(error) : resolve(response),
      );
    });
  } finally {
    grpc.close();
  }
}

/** A span of the trace, once the collector has it. */
function span(traceId: string, name: string): Promise<ReceivedSpan> {
  return collector.until(`span ${name}`, () =>
    collector.spans.find((received) => received.traceId === traceId && received.name === name),
  );
}

describe('the trace of a command', () => {
  it('runs from the client’s traceparent through the gateway’s stages to the upstream', async () => {
    const { traceId, spanId, traceparent } = newTraceparent(true);
    gateway.lobby.received.length = 0;
    expect((await command(gateway.newClient(), traceparent)).resultCode).toBe('ok');

    const server = await span(traceId, 'grpc.galaxy.gateway.v1.EdgeGateway/ExecuteCommand');
    expect(server.parentSpanId).toBe(spanId);
    for (const stage of ['session', 'verify', 'replay', 'upstream', 'sign']) {
      expect(await span(traceId, `gateway.${stage}`)).toMatchObject({ parentSpanId: server.spanId });
    }
    const upstream = await span(traceId, 'gateway.upstream');
    const http = await collector.until('the HTTP call', () =>
      collector.spans.find(({ parentSpanId }) => parentSpanId === upstream.spanId),
    );
    expect(gateway.lobby.received.map(({ headers }) => headers.traceparent)).toEqual([
      `00-${traceId}-${http.spanId}-01`,
    ]);
  });

  it('is passed on but not recorded when the client did not sample it', async () => {
    const unsampled = newTraceparent(false);
    gateway.lobby.received.length = 0;
    await command(gateway.newClient(), unsampled.traceparent);
    const received = gateway.lobby.received[0]?.headers.traceparent;
    expect(received).toMatch(new RegExp(`^00-${unsampled.traceId}-[0-9a-f]{16}-00$`));

    // What comes after it was exported, so it would have been, too.
    const sampled = newTraceparent(true);
    await command(gateway.newClient(), sampled.traceparent);
    await span(sampled.traceId, 'gateway.sign');
    expect(collector.spans.filter(({ traceId }) => traceId === unsampled.traceId)).toEqual([]);
  });
});

describe('the trace of an event', () => {
  it('runs from the traceparent in the push log to the gateway’s write to a stream', async () => {
    const client = gateway.newClient();
    const end = new AbortController();
    const events = client.events({ signal: end.signal });
    expect((await events.next()).value).toMatchObject({ kind: 'hello' });

    const { traceId, spanId, traceparent } = newTraceparent(true);
    await pushLog.append(client.session.userId, { traceparent });
    const { value } = await events.next();
    expect(value).toMatchObject({ kind: 'event', eventType: 'lobby.application.approved', traceId });
    expect(await span(traceId, 'gateway.push.deliver')).toMatchObject({ parentSpanId: spanId });
    end.abort();
  });

  it('is not recorded when its context was not sampled', async () => {
    const client = gateway.newClient();
    const end = new AbortController();
    const events = client.events({ signal: end.signal });
    await events.next();
    const unsampled = newTraceparent(false);
    const sampled = newTraceparent(true);
    await pushLog.append(client.session.userId, { traceparent: unsampled.traceparent });
    await pushLog.append(client.session.userId, { traceparent: sampled.traceparent });
    await span(sampled.traceId, 'gateway.push.deliver');
    expect(collector.spans.filter(({ traceId }) => traceId === unsampled.traceId)).toEqual([]);
    end.abort();
  });
});

it('sends no secret to the collector', async () => {
  const { traceId, traceparent } = newTraceparent(true);
  await command(gateway.newClient(), traceparent);
  await span(traceId, 'gateway.sign');
  for (const secret of [gateway.redis.password, upstreamToken])
    expect(collector.text()).not.toContain(secret);
});
