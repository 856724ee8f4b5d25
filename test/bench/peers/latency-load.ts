// Appends events to the real push log and is their recipient, so that one clock measures how long each took.
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { appendClientEvent } from '../../../lib/backend/push/log/append-client-event.ts';
import { pushLog } from '../../../lib/backend/push/log/binary-log.ts';
import type { PushLog } from '../../../lib/backend/push/log/log.ts';
import { openRedis } from '../../../lib/redis/client.ts';
import { serveCalls } from '../peer.ts';
import { EventStreams } from './event-streams.ts';
import { makeSession, type Session } from './sessions.ts';
import { followStream, requireHello, subscribe } from './subscriptions.ts';
import type { SessionResponse } from './upstreams.ts';

const arriveWithinMs = 10_000;

let sessions: Session[] = [];
let log: PushLog | undefined;
let streams: EventStreams | undefined;
/** What came, by event id, on the scale of `performance.now()`. */
const arrivals = new Map<string, number>();

const calls = {
  makeSessions(count: number): SessionResponse[] {
    const made = Array.from({ length: count }, () => makeSession());
    sessions = made.map(({ session }) => session);
    return made.map(({ response }) => response);
  },

  async connectLog({ addr, password }: { addr: string; password: string }): Promise<void> {
    const [host = '', port] = addr.split(':');
    const options = { addr: { host, port: Number(port) }, password, operationTimeoutMs: 5_000 };
    log = pushLog(await openRedis(options, () => undefined));
  },

  async open(addr: string, connections: number, serverKey: string): Promise<void> {
    const followers = sessions.map(({ userId }) => followStream(userId, serverKey, undefined));
    streams = await EventStreams.connect(addr, connections, (stream, message) => {
      const arrivedAt = performance.now();
      const eventId = followers[stream]?.(message);
      if (eventId !== undefined) arrivals.set(eventId, arrivedAt);
    });
    const subscriptions = sessions.map(subscribe);
    await streams.open(
      subscriptions.map(({ frame }) => frame),
      16,
      (index, hello) => {
        const subscription = subscriptions[index];
        if (subscription !== undefined) requireHello(subscription, hello, serverKey);
      },
    );
  },

  /** @returns milliseconds from the beginning of each append to the arrival of its event. */
  async appendEvents(perSecond: number, ms: number): Promise<number[]> {
    if (log === undefined || streams === undefined) throw new Error('connect and open first');
    const target = log;
    const appends: Promise<{ eventId: string; startedAt: number }>[] = [];
    const beganAt = performance.now();
    for (let index = 0; performance.now() - beganAt < ms; index += 1) {
      appends.push(append(target, sessions[index % sessions.length]?.userId ?? ''));
      await delay(Math.max(0, beganAt + ((index + 1) * 1000) / perSecond - performance.now()));
    }
    const appended = await Promise.all(appends);
    for (const deadline = Date.now() + arriveWithinMs; arrivals.size < appended.length; await delay(5)) {
      if (Date.now() > deadline) throw new Error(`${appended.length - arrivals.size} events did not arrive`);
    }
    return appended.map(({ eventId, startedAt }) => (arrivals.get(eventId) ?? Number.NaN) - startedAt);
  },

  async close(): Promise<void> {
    await streams?.close();
  },
};
export type LatencyLoadCalls = typeof calls;
serveCalls(calls);

async function append(target: PushLog, recipientUserId: string) {
  const startedAt = performance.now();
  const { eventId } = await appendClientEvent(target, {
    recipientUserId,
    idempotencyKey: randomUUID(),
    eventType: 'lobby.application.approved',
    timestampMs: Date.now(),
    payload: Buffer.from('{"game_id":"01930f3c-7b1a-7000-8000-0000000000aa"}'),
  });
  return { eventId, startedAt };
}
