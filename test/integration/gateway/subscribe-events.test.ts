// SubscribeEvents over each transport, with the real push service and its log on real Redis.
import { createHash, createPublicKey, randomUUID, verify } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { appendSessionInvalidation } from '../../../lib/backend/push/log/append-session-invalidation.ts';
import type { Hello, PlayerEvent } from '../../../lib/client/events.ts';
import { eventBytes, helloBytes, subscriptionBytes } from '../../../lib/protocol/envelope.ts';
import type { SubscribeEventsRequest } from '../../../lib/protocol/generated/galaxy/gateway/v1/gateway.ts';
import { runGateway } from '../../../workers/gateway.ts';
import { TestPushLog } from '../../support/backend/push-log.ts';
import { startTestPush, type TestPush } from '../../support/backend/push-process.ts';
import { EventReader } from '../../support/gateway/event-reader.ts';
import { json } from '../../support/gateway/fake-upstream.ts';
import { startTestGateway, type TestGateway } from '../../support/gateway/gateway.ts';
import type { TestClient } from '../../support/gateway/test-client.ts';
import { openClient, streamTransports } from '../../support/gateway/transports.ts';
import { startTcpProxy, type TcpProxy } from '../../support/network/tcp-proxy.ts';

const testLog = new TestPushLog();

function addressOf(addr: string): { host: string; port: number } {
  const [host = '', port] = addr.split(':');
  return { host, port: Number(port) };
}

describe.each(streamTransports)('over %s', (transport) => {
  let push: TestPush;
  /** The way from the gateway to the push service. */
  let link: TcpProxy;
  let gateway: TestGateway;

  beforeEach(async () => {
    push = await startTestPush(testLog.server);
    link = await startTcpProxy(addressOf(push.addr));
    gateway = await startTestGateway(
      {
        GATEWAY_BACKEND_GRPC_ADDR: link.addr,
        GATEWAY_RATE_LIMIT_SESSION_SUBSCRIBE: 'off',
        GATEWAY_RATE_LIMIT_USER_SUBSCRIBE: 'off',
      },
      runGateway,
      transport,
    );
  });
  afterEach(async () => {
    await gateway[Symbol.asyncDispose]();
    await link.close();
    await push.stop();
  });

  async function refusal(client: TestClient, request: SubscribeEventsRequest): Promise<string> {
    const reader = new EventReader(client, request);
    const reason = await reader.untilEnded();
    expect(reader.messages).toEqual([]);
    return reason;
  }

  /** The subscription with another payload, signed as it should be. */
  function withPayload(client: TestClient, payload: string | Uint8Array): SubscribeEventsRequest {
    return client.signSubscription(undefined, { payload: Buffer.from(payload) });
  }

  async function serverKey() {
    const response = await fetch(`${gateway.httpUrl}/api/v1/public/auth/server-keys`);
    const { keys } = (await response.json()) as { keys: { key_id: string; public_key: string }[] };
    const [{ key_id, public_key } = { key_id: '', public_key: '' }] = keys;
    const x = Buffer.from(public_key, 'base64').toString('base64url');
    return { keyId: key_id, key: createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }) };
  }

  describe('a stream', () => {
    test('begins with a signed hello, then has every event of its user and of no other user, signed', async () => {
      const client = gateway.newClient();
      const { userId } = client.session;
      const before = await testLog.append(userId);
      const request = client.signSubscription(undefined);
      const reader = await new EventReader(client, request).until(({ messages }) => messages.length === 1);
      await testLog.append(randomUUID());
      const traceId = '0af7651916cd43dd8448eb211c80319c';
      const payload = `{"type":"n", "turn":2,"game_id":"${randomUUID()}","payload":{}}`;
      const [first, second] = [
        await testLog.append(userId, { traceparent: `00-${traceId}-b7ad6b7169203331-01` }),
        await testLog.append(userId, { eventType: 'game.engine.event', payload: Buffer.from(payload) }),
      ];
      await reader.until(({ messages }) => messages.length === 3);

      const { keyId, key } = await serverKey();
      const [hello, ...events] = reader.messages;
      if (hello === undefined) throw new Error('there is a hello');
      const requestHash = createHash('sha256').update(subscriptionBytes(request)).digest();
      expect(verify(null, helloBytes({ ...hello, requestHash }), key, hello.signature)).toBe(true);
      expect(hello).toMatchObject({ eventType: 'gateway.hello', eventId: '', prevEventId: '', keyId });
      expect(reader.hello).toMatchObject({ resumed: false, last_event_id: before.eventId });
      expect(Math.abs(reader.hello.server_time_ms - Date.now())).toBeLessThan(10_000);
      for (const event of events) {
        expect(verify(null, eventBytes(event), key, event.signature)).toBe(true);
        expect(createHash('sha256').update(event.payloadBytes).digest()).toEqual(event.payloadHash);
      }
      expect(events).toMatchObject([
        { eventId: first.eventId, prevEventId: before.eventId, recipientUserId: userId, traceId },
        { eventId: second.eventId, prevEventId: first.eventId, eventType: 'game.engine.event', traceId: '' },
      ]);
      expect(events[1]?.payloadBytes.toString()).toBe(payload);
    });

    test('gives all streams of a user the same bytes', async () => {
      const client = gateway.newClient();
      const other = gateway.newClient('active', { userId: client.session.userId });
      const readers = [await EventReader.open(client), await EventReader.open(other)];
      await testLog.append(client.session.userId);
      for (const reader of readers) await reader.until(({ messages }) => messages.length === 2);
      expect(readers[0]?.messages[1]).toEqual(readers[1]?.messages[1]);
    });

    test('is resumed after an event: what was missed comes first, in order, then what happens', async () => {
      const client = gateway.newClient();
      const { userId } = client.session;
      const reader = await EventReader.open(client);
      const seen = await testLog.append(userId);
      await reader.until(({ messages }) => messages.length === 2);
      reader.leave();
      const appended = await Promise.all(Array.from({ length: 450 }, () => testLog.append(userId)));
      const missed = appended.map(({ eventId }) => eventId).sort();
      const resumed = await EventReader.open(client, seen.eventId);
      missed.push((await testLog.append(userId)).eventId);
      await resumed.until(({ messages }) => messages.length === 452);
      expect(resumed.hello).toMatchObject({ resumed: true, last_event_id: seen.eventId });
      expect(resumed.eventIds).toEqual(missed);
    });

    test('of a user without events is resumed from the position in the hello', async () => {
      const client = gateway.newClient();
      const first = await EventReader.open(client);
      first.leave();
      const event = await testLog.append(client.session.userId);
      const reader = await EventReader.open(client, first.hello.last_event_id);
      await reader.until(({ messages }) => messages.length === 2);
      expect(reader.hello.resumed).toBe(true);
      expect(reader.eventIds).toEqual([event.eventId]);
    });

    test('says that it is not resumed after ids that are unknown, trimmed, or of another life', async () => {
      const client = gateway.newClient();
      const { userId } = client.session;
      const [trimmed, alsoTrimmed] = await testLog.appendApart([userId, userId]);
      if (trimmed === undefined || alsoTrimmed === undefined) throw new Error('two were appended');
      await testLog.trimThrough(alsoTrimmed);
      const head = await testLog.append(userId);
      const neverGiven = `${alsoTrimmed.eventId.slice(0, -1)}y`;
      const beyondEnd = `${head.eventId.slice(0, -1)}z`;
      const otherLife = head.eventId.replace(/^e./, (start) => (start === 'e0' ? 'e1' : 'e0'));
      for (const id of [trimmed.eventId, neverGiven, beyondEnd, otherLife, 'nonsense']) {
        const reader = await EventReader.open(client, id);
        expect(reader.hello, id).toMatchObject({ resumed: false, last_event_id: head.eventId });
        reader.leave();
        await reader.untilEnded();
        expect(reader.eventIds).toEqual([]);
      }
    });

    test('resumed at the position of another user’s event has what its own user got after that, and nothing else', async () => {
      const client = gateway.newClient();
      const { userId } = client.session;
      const other = randomUUID();
      const [, foreign, , own] = await testLog.appendApart([userId, other, other, userId]);
      const reader = await EventReader.open(client, foreign?.eventId);
      await reader.until(({ messages }) => messages.length === 2);
      expect(reader.hello).toMatchObject({ resumed: true, last_event_id: foreign?.eventId });
      expect(reader.eventIds).toEqual([own?.eventId]);
    });

    test('has no gap and no repeat while events are appended as it joins', async () => {
      const client = gateway.newClient();
      const { userId } = client.session;
      const ids: string[] = [(await testLog.append(userId)).eventId];
      let appending = true;
      const appender = (async () => {
        while (appending) ids.push((await testLog.append(userId)).eventId);
      })();
      const readers: EventReader[] = [];
      for (let count = 0; count < 12; count += 1) {
        const session = gateway.newClient('active', { userId });
        const from = count % 3 === 0 ? undefined : ids[Math.floor((ids.length * (count % 3)) / 3)];
        readers.push(await EventReader.open(session, from));
      }
      appending = false;
      await appender;
      const last = ids.at(-1) ?? '';
      for (const reader of readers) {
        await reader.until(({ lastEventId }) => lastEventId === last);
        expect(reader.eventIds).toEqual(ids.slice(ids.indexOf(reader.hello.last_event_id) + 1));
      }
      expect(ids.length).toBeGreaterThan(50);
    });

    test('goes on without a gap when the push service was away', async () => {
      const client = gateway.newClient();
      const reader = await EventReader.open(client);
      const first = await testLog.append(client.session.userId);
      await reader.until(({ messages }) => messages.length === 2);
      link.cut();
      const second = await testLog.append(client.session.userId);
      link.heal();
      await reader.until(({ messages }) => messages.length === 3);
      expect(reader.eventIds).toEqual([first.eventId, second.eventId]);
    });

    test('ends with RESYNC when the push log started a new epoch', async () => {
      const reader = await EventReader.open(gateway.newClient());
      await testLog.redis.flushdb();
      expect(await reader.untilEnded(15_000)).toBe('RESYNC');
    });
  });

  describe('a subscription is refused', () => {
    test('by the checks of commands, each with its reason', async () => {
      const client = gateway.newClient();
      const good = () => client.signSubscription(undefined);
      const stranger = openClient(transport, gateway, undefined, client.session);
      expect(await refusal(client, { ...good(), protocolVersion: 'v2' })).toBe(
        'UNSUPPORTED_PROTOCOL_VERSION',
      );
      expect(await refusal(client, { ...good(), requestId: 'no spaces' })).toBe('MALFORMED_ENVELOPE');
      expect(await refusal(client, client.signSubscription(undefined, { timestampMs: 1 }))).toBe(
        'STALE_REQUEST',
      );
      expect(await refusal(client, { ...good(), payloadBytes: Buffer.from('{ }') })).toBe(
        'PAYLOAD_HASH_MISMATCH',
      );
      expect(await refusal(client, { ...good(), messageType: 'lobby.game.list' })).toBe(
        'UNKNOWN_MESSAGE_TYPE',
      );
      expect(await refusal(stranger, stranger.signSubscription(undefined))).toBe('BAD_SIGNATURE');
      const revoked = gateway.newClient('revoked');
      expect(await refusal(revoked, revoked.signSubscription(undefined))).toBe('SESSION_REVOKED');
      stranger.close();
      const request = good();
      await new EventReader(client, request).until(({ messages }) => messages.length === 1);
      expect(await refusal(client, request)).toBe('REPLAY_DETECTED');
    });

    test('when its payload is anything but {} or a last event id', async () => {
      const client = gateway.newClient();
      const malformed = [
        '[]',
        'null',
        '{"last_event_id":""}',
        '{"last_event_id":null}',
        '{"last_event_id":7}',
        '{"last_event_id":"a b"}',
        `{"last_event_id":"${'a'.repeat(129)}"}`,
        '{"last_event_id":"a","more":1}',
        '{',
        '\ufeff{}',
        new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
      ];
      for (const payload of malformed) {
        expect(await refusal(client, withPayload(client, payload)), String(payload)).toBe(
          'MALFORMED_ENVELOPE',
        );
      }
      for (const payload of ['', '{}', `{"last_event_id":"${'a'.repeat(128)}"}`]) {
        const reader = new EventReader(client, withPayload(client, payload));
        await reader.until(({ messages }) => messages.length === 1);
        expect(reader.hello.resumed).toBe(false);
      }
    });

    test('while the push log cannot be read', async () => {
      link.cut();
      const client = gateway.newClient();
      expect(await refusal(client, client.signSubscription(undefined))).toBe('UPSTREAM_UNAVAILABLE');
    });
  });

  describe('a revocation', () => {
    test('ends the streams of the session, and not those of another session', async () => {
      const client = gateway.newClient();
      const { userId, deviceSessionId } = client.session;
      const other = await EventReader.open(gateway.newClient('active', { userId }));
      const readers = [await EventReader.open(client), await EventReader.open(client)];
      await appendSessionInvalidation(testLog.log, {
        userId,
        deviceSessionIds: [deviceSessionId],
        reason: 'revoked',
      });
      for (const reader of readers) expect(await reader.untilEnded()).toBe('SESSION_REVOKED');
      const status = await readers[0]?.ended;
      expect(status?.code).toBe(16);
      await testLog.append(userId);
      await other.until(({ messages }) => messages.length === 2);
    });

    test('of all sessions of a user ends all of them', async () => {
      const client = gateway.newClient();
      const { userId } = client.session;
      const clients = [
        client,
        gateway.newClient('active', { userId }),
        gateway.newClient('active', { userId }),
      ];
      const readers = await Promise.all(clients.map((one) => EventReader.open(one)));
      const deviceSessionIds = clients.map(({ session }) => session.deviceSessionId);
      await appendSessionInvalidation(testLog.log, { userId, deviceSessionIds, reason: 'account_blocked' });
      for (const reader of readers) expect(await reader.untilEnded()).toBe('SESSION_REVOKED');
    });

    test('that comes while a stream’s session is looked up ends it, though the look-up found it active', async () => {
      const client = gateway.newClient();
      const { userId, deviceSessionId } = client.session;
      // Once a stream is open, what the log says has come to the gateway before.
      const witness = gateway.newClient();
      const watching = await EventReader.open(witness);
      const lookUp = gateway.backend.answer;
      const held = Promise.withResolvers<void>();
      const asked = Promise.withResolvers<void>();
      gateway.backend.answer = async (request, response) => {
        if (request.url.endsWith(deviceSessionId)) {
          asked.resolve();
          await held.promise;
        }
        lookUp(request, response);
      };
      const reader = new EventReader(client, client.signSubscription(undefined));
      await asked.promise;
      await appendSessionInvalidation(testLog.log, {
        userId,
        deviceSessionIds: [deviceSessionId],
        reason: 'revoked',
      });
      await testLog.append(witness.session.userId);
      await watching.until(({ messages }) => messages.length === 2);
      held.resolve();
      expect(await reader.untilEnded()).toBe('SESSION_REVOKED');
      expect(reader.messages).toEqual([]);
    });
  });

  describe('of too many streams the oldest gives way', () => {
    test('two streams of one session are open, the third takes the place of the first', async () => {
      const client = gateway.newClient();
      const readers = [await EventReader.open(client), await EventReader.open(client)];
      readers.push(await EventReader.open(client));
      expect(await readers[0]?.untilEnded()).toBe('SUPERSEDED');
      expect((await readers[0]?.ended)?.code).toBe(10);
      await testLog.append(client.session.userId);
      for (const reader of readers.slice(1)) await reader.until(({ messages }) => messages.length === 2);
    });

    test('a stream that is refused takes no other stream’s place', async () => {
      const client = gateway.newClient();
      const readers = [await EventReader.open(client), await EventReader.open(client)];
      const stranger = openClient(transport, gateway, undefined, client.session);
      for (let count = 0; count < 3; count += 1) {
        expect(await refusal(stranger, stranger.signSubscription(undefined))).toBe('BAD_SIGNATURE');
      }
      stranger.close();
      await testLog.append(client.session.userId);
      for (const reader of readers) await reader.until(({ messages }) => messages.length === 2);
    });
  });

  describe('the client library', () => {
    async function take(
      events: AsyncGenerator<Hello | PlayerEvent, void>,
      count: number,
    ): Promise<(Hello | PlayerEvent)[]> {
      const items: (Hello | PlayerEvent)[] = [];
      while (items.length < count) {
        const { value } = await events.next();
        if (value) items.push(value);
      }
      return items;
    }

    test('follows events, and comes back by itself when its stream is cut, without a gap', async () => {
      const edge = await startTcpProxy(
        addressOf(transport === 'gRPC' ? gateway.grpcAddr : new URL(gateway.webUrl).host),
      );
      const way = transport === 'gRPC' ? { grpcAddr: edge.addr } : { webUrl: `http://${edge.addr}` };
      const client = gateway.newClient('active', way);
      const { userId } = client.session;
      const stop = new AbortController();
      const events = client.events({ signal: stop.signal });
      const [hello] = await take(events, 1);
      const appended = [await testLog.append(userId)];
      const followed = await take(events, 1);
      edge.cut();
      appended.push(await testLog.append(userId), await testLog.append(userId));
      edge.heal();
      const [again, ...missed] = await take(events, 3);
      stop.abort();
      expect((await events.next()).done).toBe(true);
      await edge.close();

      expect(hello).toMatchObject({ kind: 'hello', resumed: false });
      expect(again).toMatchObject({ kind: 'hello', resumed: true, lastEventId: appended[0]?.eventId });
      expect([...followed, ...missed]).toMatchObject(
        appended.map(({ eventId }) => ({ kind: 'event', eventId, payload: { game_name: 'Andromeda' } })),
      );
    });

    test('does not come back once its session is revoked', async () => {
      const client = gateway.newClient();
      const { userId, deviceSessionId } = client.session;
      const events = client.events();
      await take(events, 1);
      await appendSessionInvalidation(testLog.log, {
        userId,
        deviceSessionIds: [deviceSessionId],
        reason: 'revoked',
      });
      await expect(events.next()).rejects.toMatchObject({ reason: 'SESSION_REVOKED', grpcCode: 16 });
    });

    test('comes back when the gateway could not read the log', async () => {
      const client = gateway.newClient();
      link.cut();
      expect(await refusal(client, client.signSubscription(undefined))).toBe('UPSTREAM_UNAVAILABLE');
      const events = client.events();
      const opened = take(events, 1);
      link.heal();
      expect(await opened).toMatchObject([{ kind: 'hello' }]);
      await events.return();
    });
  });

  test('a backend that responds with another session opens no stream', async () => {
    const client = gateway.newClient();
    gateway.backend.answer = json(200, {
      device_session_id: randomUUID(),
      user_id: client.session.userId,
      status: 'active',
      client_public_key: Buffer.from(client.publicKey).toString('base64'),
    });
    expect(await refusal(client, client.signSubscription(undefined))).toBe('UPSTREAM_UNAVAILABLE');
  });
});
