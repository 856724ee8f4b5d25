// A player who follows their events at a cluster with lib/client's reconnecting stream: whenever a stream ends, the
// next one is opened at the next gateway, as a balancer might have it. It records every event and the reason
// of every end.
import { type ServiceError, status } from '@grpc/grpc-js';
import { expect, vi } from 'vitest';
import { followEvents, type Hello, type PlayerEvent } from '../../../lib/client/events.ts';
import { GatewayError } from '../../../lib/client/gateway-error.ts';
import { gatewayErrorOf, messagesOf } from '../../../lib/client/grpc-transport.ts';
import { importPublicKey } from '../../../lib/client/web-crypto.ts';
import type { Cluster, Player } from '../run/cluster.ts';
import type { TestClient } from './test-client.ts';

export type Ending = {
  readonly gateway: number;
  /** The gateway's reason, or the gRPC status when it gave none, or that the client left. */
  readonly reason: string;
  /** On the scale of `performance.now()`. */
  readonly at: number;
};

export class Follower {
  readonly player: Player;
  readonly hellos: Hello[] = [];
  readonly events: PlayerEvent[] = [];
  readonly endings: Ending[] = [];
  /** When the hellos came, on the scale of `performance.now()`. */
  readonly hellosAt: number[] = [];
  /** Why it does not come back, once it does not. */
  failure: unknown;
  /** Where the last stream was opened; undefined before the first. */
  gateway: number | undefined;
  #asked: number | undefined;
  readonly #clients: readonly TestClient[];
  readonly #stop = new AbortController();
  readonly #over: Promise<void>;

  /**
   * @param options.gateways that it goes to, in turn; all of them unless given.
   * @param options.clients for each gateway of the cluster, when they are to be others than its own.
   */
  constructor(
    cluster: Cluster,
    player: Player,
    options: { gateways?: readonly number[]; clients?: readonly TestClient[]; lastEventId?: string } = {},
  ) {
    const { gateways = cluster.gateways.map((_, index) => index), lastEventId } = options;
    this.player = player;
    this.#clients = options.clients ?? cluster.gateways.map((_, index) => cluster.client(player, index));
    const rawKey = Buffer.from(cluster.serverKey.export({ format: 'jwk' }).x ?? '', 'base64url');
    let turn = 0;
    const source = {
      userId: player.session.userId,
      subscribe: async (after: string | undefined, left: AbortSignal) => {
        const gateway = gateways[turn % gateways.length] ?? 0;
        const opened = this.#clientOf(gateway).subscribe(this.#clientOf(gateway).signSubscription(after));
        this.#asked = gateway;
        opened.call.once('error', (error: Error | ServiceError) => {
          turn += 1;
          if (this.#stop.signal.aborted) return;
          this.endings.push({ gateway, reason: reasonOf(error), at: performance.now() });
        });
        return { messages: messagesOf(opened.call, left), requestHash: opened.requestHash };
      },
      serverKey: () => importPublicKey(rawKey),
    };
    const { signal } = this.#stop;
    this.#over = this.#follow(
      followEvents(source, { signal, ...(lastEventId === undefined ? {} : { lastEventId }) }),
    );
  }

  get ids(): string[] {
    return this.events.map(({ eventId }) => eventId);
  }

  get reasons(): string[] {
    return this.endings.map(({ reason }) => reason);
  }

  /** Waits until it has had as many hellos. */
  async opened(times = 1, timeout?: number): Promise<this> {
    await this.until(() => expect(this.hellos.length).toBeGreaterThanOrEqual(times), timeout);
    return this;
  }

  /** Waits until these events, and no others, have come in this order. */
  async untilExactly(events: readonly { eventId: string }[], timeout?: number): Promise<void> {
    const ids = events.map(({ eventId }) => eventId);
    await this.until(() => expect(this.events.length).toBeGreaterThanOrEqual(ids.length), timeout);
    expect(this.ids).toEqual(ids);
  }

  /** Waits until `assertion` passes; fails at once when this player does not come back any more. */
  async until(assertion: () => void, timeout = 20_000): Promise<void> {
    await vi.waitFor(
      () => {
        try {
          assertion();
        } catch (error) {
          const { failure, hellos, endings, events } = this;
          throw new Error(
            `${error instanceof Error ? error.message : error}\n${JSON.stringify({ hellos, endings, events: events.length, failure: String(failure) })}`,
            { cause: error },
          );
        }
      },
      { timeout, interval: 20 },
    );
  }

  /** Follows no further; to come back with `lastEventId` another one is made. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#over;
  }

  #clientOf(gateway: number): TestClient {
    const client = this.#clients[gateway];
    if (client === undefined) throw new Error(`there is no client for gateway ${gateway}`);
    return client;
  }

  async #follow(items: AsyncIterable<Hello | PlayerEvent>): Promise<void> {
    try {
      for await (const item of items) {
        if (item.kind === 'event') {
          this.events.push(item);
        } else {
          this.gateway = this.#asked;
          this.hellos.push(item);
          this.hellosAt.push(performance.now());
        }
      }
    } catch (error) {
      this.failure = error;
    }
  }
}

function reasonOf(error: Error | ServiceError): string {
  // Without a status it was this end that left, as lib/client does when an event is missing.
  if (!('code' in error) || !('metadata' in error)) return `left by the client (${error.message})`;
  return gatewayErrorOf(error).reason || (status[error.code] ?? 'no status');
}

/** The reason with which the gateway refuses, or the result code. */
export async function outcomeOf(work: Promise<{ resultCode: string }>): Promise<string> {
  try {
    return (await work).resultCode;
  } catch (error) {
    if (error instanceof GatewayError) return error.reason || (status[error.grpcCode] ?? 'no status');
    throw error;
  }
}
