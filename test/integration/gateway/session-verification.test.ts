// Sessions that are revoked while the gateway cannot hear of it, with the real push log behind a connection that is
// stalled or cut. The rules at their default times are in test/unit/gateway/push/session-verification.test.ts.
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { appendSessionInvalidation } from '../../../lib/backend/push/log/append-session-invalidation.ts';
import { gatewayErrorOf } from '../../../lib/client/grpc-transport.ts';
import type { GatewayEvent } from '../../../lib/protocol/generated/galaxy/gateway/v1/gateway.ts';
import { TestPushLog } from '../../support/backend/push-log.ts';
import { startTestPush } from '../../support/backend/push-process.ts';
import { json } from '../../support/gateway/fake-upstream.ts';
import { startTestGateway, type TestGateway } from '../../support/gateway/gateway.ts';
import type { TestClient } from '../../support/gateway/test-client.ts';
import { startTcpProxy, type TcpProxy } from '../../support/network/tcp-proxy.ts';

const testLog = new TestPushLog();

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A gateway whose way to the push log goes through a proxy. */
async function startWithProxy(
  variables: Record<string, string>,
): Promise<{ gateway: TestGateway; proxy: TcpProxy }> {
  const push = await startTestPush(testLog.server);
  closers.push(() => push.stop());
  const [host = '', port] = push.addr.split(':');
  const proxy = await startTcpProxy({ host, port: Number(port) });
  closers.push(() => proxy.close());
  const gateway = await startTestGateway({ GATEWAY_BACKEND_GRPC_ADDR: proxy.addr, ...variables });
  closers.push(() => gateway[Symbol.asyncDispose]());
  return { gateway, proxy };
}

/** A client's stream, and how it ended. */
class Follower {
  readonly client: TestClient;
  readonly events: GatewayEvent[] = [];
  reason: string | undefined;

  constructor(client: TestClient) {
    this.client = client;
    const { call } = client.subscribe(client.signSubscription(undefined));
    call.on('data', (event: GatewayEvent) => this.events.push(event));
    call.on('error', (error) => {
      this.reason = gatewayErrorOf(error).reason;
    });
    closers.push(() => call.cancel());
  }

  async until(condition: (follower: this) => boolean, timeoutMs = 10_000): Promise<this> {
    for (const deadline = Date.now() + timeoutMs; !condition(this); await delay(5)) {
      if (Date.now() > deadline) {
        throw new Error(`not within ${timeoutMs} ms: ${this.events.length} events, ended ${this.reason}`);
      }
    }
    return this;
  }
}

async function openStream(gateway: TestGateway): Promise<Follower> {
  return new Follower(gateway.newClient()).until(({ events }) => events[0]?.eventType === 'gateway.hello');
}

/** A stream that has caught up: until then it needs the push service, and ends when that goes away. */
async function openLiveStream(gateway: TestGateway): Promise<Follower> {
  const stream = await openStream(gateway);
  await testLog.append(stream.client.session.userId);
  return stream.until(({ events }) => events.length === 2);
}

/** From now on the backend knows this session as revoked. */
function revoke({ backend }: TestGateway, { client }: Follower): void {
  const answer = backend.answer;
  backend.answer = (request, response) => {
    if (!request.url.endsWith(client.session.deviceSessionId)) return answer(request, response);
    json(200, {
      device_session_id: client.session.deviceSessionId,
      user_id: client.session.userId,
      status: 'revoked',
      client_public_key: Buffer.from(client.publicKey).toString('base64'),
    })(request, response);
  };
}

const lookUpsOf = ({ backend }: TestGateway, { client }: Follower) =>
  backend.received.filter(({ url }) => url.endsWith(client.session.deviceSessionId)).length;

describe('a session that is revoked', () => {
  test('loses its streams at once when the push log reports it', async () => {
    const { gateway } = await startWithProxy({});
    const [revoked, other] = [await openStream(gateway), await openStream(gateway)];
    const { userId, deviceSessionId } = revoked.client.session;
    await appendSessionInvalidation(testLog.log, {
      userId,
      deviceSessionIds: [deviceSessionId],
      reason: 'revoked',
    });
    await revoked.until(({ reason }) => reason === 'SESSION_REVOKED', 1_000);
    expect(other.reason).toBeUndefined();
    expect(lookUpsOf(gateway, other)).toBe(1);
  });

  test('loses its streams behind a silent push log, and other streams go on without a gap', async () => {
    const { gateway, proxy } = await startWithProxy({
      GATEWAY_PUSH_STALE_AFTER: '1s',
      GATEWAY_PUSH_UNVERIFIED_AFTER: '8s',
    });
    const [revoked, other] = [await openLiveStream(gateway), await openStream(gateway)];
    const before = await testLog.append(other.client.session.userId);
    await other.until(({ events }) => events.length === 2);
    proxy.stall();
    revoke(gateway, revoked);
    await revoked.until(({ reason }) => reason !== undefined, 9_500);
    expect(revoked.reason).toBe('SESSION_REVOKED');
    // Its own subscription, and two verifications: it outlives the first one's time.
    await other.until((follower) => lookUpsOf(gateway, follower) >= 3, 20_000);
    expect(other.reason).toBeUndefined();
    const after = await testLog.append(other.client.session.userId);
    proxy.heal();
    await other.until(({ events }) => events.length === 3);
    expect(other.events.slice(1).map(({ eventId }) => eventId)).toEqual([before.eventId, after.eventId]);
    expect(other.events[2]?.prevEventId).toBe(before.eventId);
  }, 60_000);

  test('loses its streams when its revocation was trimmed before the gateway read it', async () => {
    const { gateway, proxy } = await startWithProxy({ GATEWAY_PUSH_UNVERIFIED_AFTER: '4s' });
    // A client that has its user's last event is resumed even when it is trimmed.
    const [revoked, other] = [await openLiveStream(gateway), await openLiveStream(gateway)];
    proxy.cut();
    revoke(gateway, revoked);
    const { userId, deviceSessionId } = revoked.client.session;
    await appendSessionInvalidation(testLog.log, {
      userId,
      deviceSessionIds: [deviceSessionId],
      reason: 'revoked',
    });
    await testLog.trimAll();
    proxy.heal();
    await revoked.until(({ reason }) => reason !== undefined);
    expect(revoked.reason).toBe('SESSION_REVOKED');
    await other.until((follower) => lookUpsOf(gateway, follower) === 2);
    // Nothing happened to its user in the gap, so it goes on.
    const after = await testLog.append(other.client.session.userId);
    await other.until(({ events }) => events.at(-1)?.eventId === after.eventId);
    expect(other.reason).toBeUndefined();
  });
});

describe('streams whose sessions cannot be verified', () => {
  test('end with UNVERIFIED when neither the push log nor the backend can be heard', async () => {
    const { gateway, proxy } = await startWithProxy({
      GATEWAY_PUSH_STALE_AFTER: '1s',
      GATEWAY_PUSH_UNVERIFIED_AFTER: '2s',
    });
    const stream = await openLiveStream(gateway);
    proxy.stall();
    gateway.backend.answer = json(503, { error: { code: 'service_unavailable', message: 'Not now.' } });
    await stream.until(({ reason }) => reason !== undefined, 8_000);
    expect(stream.reason).toBe('UNVERIFIED');
  });

  test('live on when the backend is away for a while though the push log is silent', async () => {
    const { gateway, proxy } = await startWithProxy({
      GATEWAY_PUSH_STALE_AFTER: '1s',
      GATEWAY_PUSH_UNVERIFIED_AFTER: '12s',
    });
    const stream = await openLiveStream(gateway);
    const answer = gateway.backend.answer;
    gateway.backend.answer = json(503, { error: { code: 'service_unavailable', message: 'Not now.' } });
    proxy.stall();
    await stream.until((follower) => lookUpsOf(gateway, follower) >= 2);
    gateway.backend.answer = answer;
    const asked = lookUpsOf(gateway, stream);
    await stream.until((follower) => lookUpsOf(gateway, follower) >= asked + 2, 25_000);
    expect(stream.reason).toBeUndefined();
  }, 60_000);
});
