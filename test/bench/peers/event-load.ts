// The clients of the event rows, and for the fan-out of the gateway alone the push service as well: it sends frames made
// before a round begins, so that nothing but the gateway is measured. For that of the platform it appends the events to
// the real push log.
import { randomUUID } from 'node:crypto';
import { appendClientEvent } from '../../../lib/backend/push/log/append-client-event.ts';
import { pushLog } from '../../../lib/backend/push/log/binary-log.ts';
import type { PushLog } from '../../../lib/backend/push/log/log.ts';
import { openRedis } from '../../../lib/redis/client.ts';
import type { Round } from '../measure.ts';
import { serveCalls } from '../peer.ts';
import { EventStreams } from './event-streams.ts';
import { framed, GrpcConnection, waveOfFloorPath } from './grpc-bytes.ts';
import { eventType, PushSource, payloadBytes } from './push-source.ts';
import { makeSession, type Session } from './sessions.ts';
import { followStream, requireHello, subscribe } from './subscriptions.ts';
import type { SessionResponse } from './upstreams.ts';
import { WebConnection } from './web-bytes.ts';

export type DeliveryRound = Omit<Round, 'cpuMicros' | 'p50Ms' | 'p99Ms'> & {
  /** Length of one event. */
  eventBytes: number;
};

type Side = {
  streams: EventStreams;
  size: number;
  sendWave: () => void;
  /** Checks what some of the streams received in a round. */
  checkSample: () => void;
};

/** One of this many streams is checked. */
const sampledEvery = 100;
const openedAtATime = 32;
/** The next wave is sent before the last one has arrived, so that the server is never idle. */
const wavesUnderWay = 2;

const source = new PushSource();
/** Set where the events come from the real push log. */
let log: PushLog | undefined;
let userIds: string[] = [];
let sessions: Session[] = [];
const opened: EventStreams[] = [];
const sides: { gateway?: Side; floor?: Side } = {};
let received = 0;
let eventBytes = 0;
let onReceived = () => {};

const calls = {
  listenPush: () => source.listen(),

  /** Resolves when the gateway follows the push service. */
  subscribed: () => source.subscribed,

  async connectLog({ addr, password }: { addr: string; password: string }): Promise<void> {
    const [host = '', port] = addr.split(':');
    const options = { addr: { host, port: Number(port) }, password, operationTimeoutMs: 5_000 };
    log = pushLog(await openRedis(options, () => undefined));
  },

  /** New sessions, so many for each of so many users. @returns the backend's responses about them. */
  makeSessions(users: number, sessionsPerUser: number): SessionResponse[] {
    userIds = Array.from({ length: users }, () => randomUUID());
    const made = Array.from({ length: sessionsPerUser }, () =>
      userIds.map((userId) => makeSession(userId)),
    ).flat();
    sessions = made.map(({ session }) => session);
    source.addressTo(userIds);
    return made.map(({ response }) => response);
  },

  /** Opens a stream for every session that was made last. */
  async openGateway(
    addr: string,
    connections: number,
    serverKey: string,
    transport: 'gRPC' | 'Connect' = 'gRPC',
  ): Promise<void> {
    const sample = new Map<number, { follow: (message: Buffer) => string; messages: Buffer[] }>();
    const onMessage = (stream: number, message: Buffer) => {
      sample.get(stream)?.messages.push(message);
      receive(message);
    };
    const open = transport === 'gRPC' ? GrpcConnection.open : WebConnection.open;
    const streams = await EventStreams.connect(addr, connections, onMessage, open);
    opened.push(streams);
    for (let index = 0; index < sessions.length; index += sampledEvery) {
      const userId = sessions[index]?.userId ?? '';
      const head = log === undefined ? source.headEventId : undefined;
      sample.set(index, { follow: followStream(userId, serverKey, head), messages: [] });
    }
    // Signed a part at a time, so that none gets too old.
    for (let from = 0; from < sessions.length; from += 1_000) {
      const part = sessions.slice(from, from + 1_000).map(subscribe);
      const hellos: Buffer[] = [];
      await streams.open(
        part.map(({ frame }) => frame),
        openedAtATime,
        (index, hello) => {
          hellos[index] = hello;
        },
      );
      for (const [index, subscription] of part.entries()) {
        if (index % sampledEvery === 0)
          requireHello(subscription, hellos[index] ?? Buffer.alloc(0), serverKey);
      }
    }
    sides.gateway = {
      streams,
      size: sessions.length,
      sendWave: () => (log === undefined ? source.sendWave() : appendWave(log, streams)),
      checkSample: () => {
        for (const { follow, messages } of sample.values())
          for (const message of messages.splice(0)) follow(message);
      },
    };
  },

  async openFloor(addr: string, connections: number, count: number): Promise<void> {
    const streams = await EventStreams.connect(addr, connections, (_, message) => receive(message));
    opened.push(streams);
    const request = subscribe(makeSession().session).frame;
    await streams.open(
      Array.from({ length: count }, () => request),
      openedAtATime,
      () => undefined,
    );
    const control = await GrpcConnection.open(addr);
    const go = framed(Buffer.alloc(0));
    sides.floor = {
      streams,
      size: count,
      sendWave: () => void control.unary(waveOfFloorPath, go).catch((error) => streams.fail(error)),
      checkSample: () => undefined,
    };
  },

  /** Sends so many waves through the gateway, or lets the floor send them, and waits for every delivery. */
  async deliver(sideName: 'gateway' | 'floor', waves: number): Promise<DeliveryRound> {
    const side = sides[sideName];
    if (side === undefined) throw new Error(`no streams of the ${sideName} are open`);
    if (sideName === 'gateway' && log === undefined) source.prepare(waves);
    received = 0;
    const all = waves * side.size;
    const most = wavesUnderWay * side.size;
    let sent = 0;
    const cpu = process.cpuUsage();
    const startedAt = performance.now();
    const delivered = new Promise<void>((resolve) => {
      onReceived = () => {
        if (received === all) resolve();
        while (sent < waves && (sent + 1) * side.size - received <= most) {
          sent += 1;
          side.sendWave();
        }
      };
    });
    onReceived();
    await Promise.race([delivered, side.streams.failed()]);
    const elapsedMs = performance.now() - startedAt;
    const { user, system } = process.cpuUsage(cpu);
    onReceived = () => {
      throw new Error('more was delivered than was sent');
    };
    side.checkSample();
    return { n: all, elapsedMs, loadShare: (user + system) / 1000 / elapsedMs, eventBytes };
  },

  /** Ends every stream, so that servers have nothing to drain. */
  async close(): Promise<void> {
    await Promise.all(opened.map((streams) => streams.close()));
  },
};
export type EventLoadCalls = typeof calls;
serveCalls(calls);

function receive(message: Buffer): void {
  received += 1;
  eventBytes = message.length;
  onReceived();
}

/** One event to every user. */
function appendWave(target: PushLog, streams: EventStreams): void {
  for (const recipientUserId of userIds) {
    appendClientEvent(target, {
      recipientUserId,
      idempotencyKey: randomUUID(),
      eventType,
      timestampMs: Date.now(),
      payload: payloadBytes,
    }).catch((error) => streams.fail(error));
  }
}
