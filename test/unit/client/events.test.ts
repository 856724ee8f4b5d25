// The client's end of an event stream, against streams that are played: signed by a key of the test's, and ended as
// the test says.
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { Readable } from 'node:stream';
import { type ClientReadableStream, Metadata, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type EventSource, followEvents, type Hello, type PlayerEvent } from '../../../lib/client/events.ts';
import { messagesOf } from '../../../lib/client/grpc-transport.ts';
import { PublicHttp, PublicHttpError } from '../../../lib/client/public-http.ts';
import { ServerClock } from '../../../lib/client/server-clock.ts';
import { ServerKeys } from '../../../lib/client/server-keys.ts';
import { importPublicKey } from '../../../lib/client/web-crypto.ts';
import { type GatewayReason, gatewayReasons } from '../../../lib/errors/gateway-reasons.ts';
import { toGrpcStatus } from '../../../lib/gateway/grpc-status.ts';
import { messageOf } from '../../../lib/gateway/push/event-frame.ts';
import { signEvent, signHello } from '../../../lib/gateway/push/signed-event.ts';
import { GatewayEvent } from '../../../lib/protocol/generated/galaxy/gateway/v1/gateway.ts';

const userId = '0193b3c0-0000-7000-8000-000000000001';
const requestHash = createHash('sha256').update('subscription').digest();

const key = generateKeyPairSync('ed25519').privateKey;
const { x = '' } = createPublicKey(key).export({ format: 'jwk' });
const publicKey = await importPublicKey(Buffer.from(x, 'base64url'));
const signer = { keyId: '0123456789abcdef', sign: (bytes: Uint8Array) => sign(null, bytes, key) };

const hello = (lastEventId: string, resumed = false): GatewayEvent =>
  GatewayEvent.decode(messageOf(signHello(signer, requestHash, { serverTimeMs: 1, resumed, lastEventId })));

const event = (
  eventId: string,
  prevEventId: string,
  recipientUserId = userId,
  signedBy = signer,
): GatewayEvent =>
  GatewayEvent.decode(
    messageOf(
      signEvent(
        signedBy,
        {
          eventId,
          prevEventId,
          recipientUserId,
          eventType: 'lobby.application.approved',
          timestampMs: 5n,
          payloadBytes: Buffer.from('{"game_id":"g"}'),
          traceparent: '',
        },
        false,
      ).frame,
    ),
  );

const ended = (reason: GatewayReason) => {
  const { code, details, metadata } = toGrpcStatus({ reason, message: 'so it is' });
  return Object.assign(new Error(details), { code, details, metadata });
};
const cut = (code: status) =>
  Object.assign(new Error('cut'), { code, details: 'cut', metadata: new Metadata() });

type Part = GatewayEvent | Error;

/** Streams that are opened one after the other; the last one stays open. */
function play(streams: readonly (readonly Part[])[]): { source: EventSource; asked: (string | undefined)[] } {
  const asked: (string | undefined)[] = [];
  const source: EventSource = {
    userId,
    serverKey: async () => publicKey,
    subscribe: async (lastEventId, left) => {
      const parts = [...(streams[asked.length] ?? [])];
      const isLast = asked.length >= streams.length - 1;
      asked.push(lastEventId);
      const readable = new Readable({
        objectMode: true,
        read() {
          const part = parts.shift();
          // As gRPC does: what came before is still read.
          if (part instanceof Error) {
            this.push(null);
            this.emit('error', part);
          } else if (part !== undefined) this.push(part);
          else if (!isLast) this.push(null);
        },
      });
      const call = Object.assign(readable, { cancel: () => readable.destroy() });
      return {
        messages: messagesOf(call as unknown as ClientReadableStream<GatewayEvent>, left),
        requestHash,
      };
    },
  };
  return { source, asked };
}

async function take(
  items: AsyncGenerator<Hello | PlayerEvent, void>,
  count: number,
): Promise<(Hello | PlayerEvent)[]> {
  const taken: (Hello | PlayerEvent)[] = [];
  while (taken.length < count) {
    const { value, done } = await items.next();
    if (done) throw new Error('it ended');
    if (value) taken.push(value);
  }
  await items.return();
  return taken;
}

const idsOf = (items: readonly (Hello | PlayerEvent)[]) =>
  items.flatMap((item) => (item.kind === 'event' ? [item.eventId] : []));

beforeEach(() => {
  // No pause between streams.
  vi.spyOn(Math, 'random').mockReturnValue(0);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('a stream that ends', () => {
  const retryable = (Object.keys(gatewayReasons) as GatewayReason[]).filter(
    (reason) => gatewayReasons[reason].retryable,
  );
  const final = (Object.keys(gatewayReasons) as GatewayReason[]).filter(
    (reason) => !gatewayReasons[reason].retryable,
  );

  test.each(retryable)('with %s is opened again after the last event', async (reason) => {
    const { source, asked } = play([
      [hello('e-0'), event('e-1', 'e-0'), ended(reason)],
      [hello('e-1', true), event('e-2', 'e-1')],
    ]);
    const items = await take(followEvents(source), 4);
    expect(asked).toEqual([undefined, 'e-1']);
    expect(idsOf(items)).toEqual(['e-1', 'e-2']);
  });

  test.each(final)('with %s is not opened again', async (reason) => {
    const { source, asked } = play([[hello('e-0'), ended(reason)], []]);
    await expect(take(followEvents(source), 2)).rejects.toMatchObject({ reason });
    expect(asked).toHaveLength(1);
  });

  test.each([status.UNAVAILABLE, status.INTERNAL, status.CANCELLED])(
    'with the bare status %i is opened again',
    async (code) => {
      const { source, asked } = play([[hello('e-0'), cut(code)], [hello('e-0', true)]]);
      await take(followEvents(source), 2);
      expect(asked).toEqual([undefined, 'e-0']);
    },
  );

  test.each([status.UNAUTHENTICATED, status.UNIMPLEMENTED, status.PERMISSION_DENIED])(
    'with the bare status %i is not opened again',
    async (code) => {
      const { source } = play([[hello('e-0'), cut(code)], []]);
      await expect(take(followEvents(source), 2)).rejects.toMatchObject({ grpcCode: code });
    },
  );

  test('without any error is opened again', async () => {
    const { source, asked } = play([[hello('e-0')], [hello('e-0', true)]]);
    await take(followEvents(source, { lastEventId: 'e-0' }), 2);
    expect(asked).toEqual(['e-0', 'e-0']);
  });

  test('again and again is opened after pauses that grow, and never before the time in the RetryInfo', async () => {
    vi.mocked(Math.random).mockReturnValue(1);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const limited = toGrpcStatus({ reason: 'RATE_LIMITED', message: 'slowly', retryAfterMs: 5_000 });
    const patience = Object.assign(new Error('slowly'), limited);
    const { source, asked } = play([[ended('DRAINING')], [ended('DRAINING')], [patience], [hello('e-0')]]);
    const following = take(followEvents(source), 1);
    const openedAt: number[] = [];
    for (let ms = 0; ms < 6_000; ms += 50) {
      while (openedAt.length < asked.length) openedAt.push(ms);
      await vi.advanceTimersByTimeAsync(50);
    }
    await following;
    vi.useRealTimers();
    const pauses = openedAt.slice(1).map((at, index) => at - (openedAt[index] ?? 0));
    expect(pauses).toEqual([200, 400, 5_000].map((ms) => expect.closeTo(ms, -2)));
  });
});

describe('a fault that passes', () => {
  test('of the clock is mended by the time in the refusal', async () => {
    const serverTimeMs = Date.now() + 3_600_000;
    const metadata = { server_time_ms: String(serverTimeMs) };
    const stale = Object.assign(
      new Error('stale'),
      toGrpcStatus({ reason: 'STALE_REQUEST', message: 'stale', metadata }),
    );
    const { source, asked } = play([[stale], [event('e-1', '')]]);
    const clock = new ServerClock();
    // The next stream does not begin with a hello, which would set the clock as well.
    await expect(take(followEvents({ ...source, clock }), 1)).rejects.toThrow(/began with/);
    expect(asked).toHaveLength(2);
    expect(Math.abs(clock.now() - serverTimeMs)).toBeLessThan(60_000);
  });

  test('of the route of the keys makes the stream be opened again', async () => {
    const { source, asked } = play([[hello('e-0')], [hello('e-0', true), event('e-1', 'e-0')]]);
    const failures = [new PublicHttpError('away', { isPassing: true })];
    const serverKey = async () => {
      const failure = failures.pop();
      if (failure !== undefined) throw failure;
      return publicKey;
    };
    expect(idsOf(await take(followEvents({ ...source, serverKey }), 2))).toEqual(['e-1']);
    expect(asked).toEqual([undefined, undefined]);
  });

  test('of a gateway that sends no hello makes the stream be opened again', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const { source, asked } = play([[], [hello('e-0')]]);
    const silent = async (left: AbortSignal) => {
      const readable = new Readable({ objectMode: true, read() {} });
      const call = Object.assign(readable, { cancel: () => readable.destroy(cut(status.CANCELLED)) });
      asked.push('silent');
      return {
        messages: messagesOf(call as unknown as ClientReadableStream<GatewayEvent>, left),
        requestHash,
      };
    };
    const subscribe: EventSource['subscribe'] = (after, left) =>
      asked.length === 0 ? silent(left) : source.subscribe(after, left);
    const following = take(followEvents({ ...source, subscribe }), 1);
    await vi.advanceTimersByTimeAsync(15_500);
    vi.useRealTimers();
    expect(await following).toHaveLength(1);
    expect(asked).toEqual(['silent', undefined]);
  });
});

test('a key that the gateway begins to use while a stream is open is fetched, once', async () => {
  const other = generateKeyPairSync('ed25519');
  const entry = (key_id: string, key: KeyObject) => ({
    key_id,
    public_key: Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url').toString('base64'),
  });
  const before = [entry(signer.keyId, createPublicKey(key))];
  const lists = [before, [...before, entry('fedcba9876543210', other.publicKey)]];
  const respond = async () => new Response(JSON.stringify({ keys: lists.shift() }));
  const serverKeys = new ServerKeys(new PublicHttp('http://gateway', respond, new ServerClock()));
  const serverKey = (keyId: string) => serverKeys.get(keyId, () => serverKeys.refresh());

  const rotated = {
    keyId: 'fedcba9876543210',
    sign: (bytes: Uint8Array) => sign(null, bytes, other.privateKey),
  };
  const stream = [
    hello('e-0'),
    event('e-1', 'e-0'),
    event('e-2', 'e-1', userId, rotated),
    event('e-3', 'e-2', userId, rotated),
  ];
  const { source, asked } = play([stream]);
  const items = await take(followEvents({ ...source, serverKey }), 4);
  expect(idsOf(items)).toEqual(['e-1', 'e-2', 'e-3']);
  expect([asked.length, lists.length]).toEqual([1, 0]);
});

describe('what comes is checked', () => {
  test('an event that does not follow the one before makes the stream be opened again', async () => {
    const { source, asked } = play([
      [hello('e-0'), event('e-1', 'e-0'), event('e-3', 'e-2')],
      [hello('e-1', true), event('e-2', 'e-1'), event('e-3', 'e-2')],
    ]);
    const items = await take(followEvents(source), 5);
    expect(asked).toEqual([undefined, 'e-1']);
    expect(idsOf(items)).toEqual(['e-1', 'e-2', 'e-3']);
  });

  test('only the first event on a stream may be without one before it', async () => {
    const { source } = play([
      [hello('e-0'), event('e-5', ''), event('e-6', '')],
      [hello('e-5', true), event('e-6', 'e-5')],
    ]);
    expect(idsOf(await take(followEvents(source), 4))).toEqual(['e-5', 'e-6']);
  });

  test.each<[string, () => readonly GatewayEvent[]]>([
    [
      'a hello for another subscription',
      () => [
        GatewayEvent.decode(
          messageOf(
            signHello(signer, Buffer.alloc(32), { serverTimeMs: 1, resumed: true, lastEventId: 'e-0' }),
          ),
        ),
      ],
    ],
    ['a hello that was changed', () => [{ ...hello('e-0'), payloadBytes: hello('e-9').payloadBytes }]],
    ['a stream without a hello', () => [event('e-1', 'e-0')]],
    [
      'an event whose payload was changed',
      () => [hello('e-0'), { ...event('e-1', 'e-0'), payloadBytes: Buffer.from('{}') }],
    ],
    [
      'an event whose place was changed',
      () => [hello('e-0'), { ...event('e-2', 'e-1'), prevEventId: 'e-0' }],
    ],
    ['an event of another player', () => [hello('e-0'), event('e-1', 'e-0', 'another user')]],
  ])('%s ends following', async (_, stream) => {
    const { source, asked } = play([stream(), []]);
    await expect(take(followEvents(source), 2)).rejects.toThrow(/signature|began with|another player/);
    expect(asked).toHaveLength(1);
  });
});

test('following ends when its signal aborts, also in a pause', async () => {
  vi.mocked(Math.random).mockReturnValue(1);
  const stop = new AbortController();
  const { source } = play([[ended('DRAINING')], [hello('e-0')]]);
  const next = followEvents(source, { signal: stop.signal }).next();
  stop.abort();
  expect(await next).toEqual({ done: true, value: undefined });
});
