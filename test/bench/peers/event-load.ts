// The clients of the event rows, and for the fan-out the push service as well: it sends frames made before a round
// begins, so that nothing but the gateway is measured.
import { randomUUID } from 'node:crypto';
import type { Round } from '../measure.ts';
import { serveCalls } from '../peer.ts';
import { EventStreams } from './event-streams.ts';
import { framed, GrpcConnection, waveOfFloorPath } from './grpc-bytes.ts';
import { PushSource } from './push-source.ts';
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

  /** New sessions, so many for each of so many users. @returns the backend's responses about them. */
  makeSessions(users: number, sessionsPerUser: number): SessionResponse[] {
    const userIds = Array.from({ length: users }, () => randomUUID());
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
      sample.set(index, { follow: followStream(userId, serverKey, source.headEventId), messages: [] });
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
      sendWave: () => source.sendWave(),
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
    if (sideName === 'gateway') source.prepare(waves);
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
