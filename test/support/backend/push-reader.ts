// A gateway's end of the push service, for tests: a real gRPC client on a connection of its own.
import { setTimeout as delay } from 'node:timers/promises';
import { type ClientDuplexStream, credentials, Metadata, type StatusObject } from '@grpc/grpc-js';
import {
  type ClientEvent,
  PushClient,
  type PushEvent,
  type ReadUserEventsResponse,
  type SubscribePushRequest,
} from '../../../lib/protocol/generated/galaxy/push/v1/push.ts';

export function connectPush(addr: string): PushClient {
  return new PushClient(addr, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
}

export function bearer(token: string | undefined): Metadata {
  const metadata = new Metadata();
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
  return metadata;
}

export class PushReader {
  readonly frames: PushEvent[] = [];
  readonly ended: Promise<StatusObject>;
  readonly #client: PushClient;
  readonly #stream: ClientDuplexStream<SubscribePushRequest, PushEvent>;

  constructor(
    addr: string,
    options: { cursor?: string; gatewayId?: string; token?: string | undefined; sendNothing?: boolean } = {},
  ) {
    this.#client = connectPush(addr);
    this.#stream = this.#client.subscribePush(bearer(options.token));
    // The status says the same once more.
    this.#stream.on('error', () => {});
    this.#stream.on('data', (frame: PushEvent) => this.frames.push(frame));
    this.ended = new Promise((resolve) => this.#stream.on('status', resolve));
    if (options.sendNothing !== true) {
      this.#stream.write({ gatewayId: options.gatewayId ?? 'gateway-1', cursor: options.cursor ?? '' });
    }
  }

  get cursor(): string {
    return this.frames.at(-1)?.cursor ?? '';
  }

  get events(): ClientEvent[] {
    return this.frames.flatMap(({ event }) => (event?.$case === 'clientEvent' ? [event.value] : []));
  }

  get eventIds(): string[] {
    return this.events.map(({ eventId }) => eventId);
  }

  kinds(): string[] {
    return this.frames.map(({ event }) => event?.$case ?? 'none');
  }

  /** Stops reading, as a gateway does whose process hangs. */
  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  /** Takes one frame at a time from now on, with a pause after each. */
  slowDown(pauseMs: number): void {
    this.#stream.on('data', () => {
      this.#stream.pause();
      setTimeout(() => this.#stream.resume(), pauseMs);
    });
  }

  halfClose(): void {
    this.#stream.end();
  }

  /** Waits until `condition` holds for what has come so far. */
  async until(condition: (reader: this) => boolean, timeoutMs = 10_000): Promise<this> {
    const deadline = Date.now() + timeoutMs;
    while (!condition(this)) {
      if (Date.now() > deadline) {
        throw new Error(
          `not within ${timeoutMs} ms; ${this.frames.length} frames: ${this.kinds().slice(-20)}`,
        );
      }
      await delay(5);
    }
    return this;
  }

  close(): void {
    this.#stream.cancel();
    this.#client.close();
  }
}

/** @throws ServiceError */
export async function readUserEvents(
  addr: string,
  request: { userId: string; afterEventId: string },
  token?: string,
): Promise<ReadUserEventsResponse> {
  const client = connectPush(addr);
  try {
    return await new Promise((resolve, reject) =>
      client.readUserEvents(request, bearer(token), (error, response) =>
        error === null ? resolve(response) : reject(error),
      ),
    );
  } finally {
    client.close();
  }
}
