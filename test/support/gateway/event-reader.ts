// A player's end of one event stream: a real gRPC client that can stop reading, and records its messages and its end.
import { setTimeout as delay } from 'node:timers/promises';
import { type StatusObject, status } from '@grpc/grpc-js';
import type {
  GatewayEvent,
  SubscribeEventsRequest,
} from '../../../lib/protocol/generated/galaxy/gateway/v1/gateway.ts';
import { reasonOf } from './event-streams.ts';
import type { OpenedCall, TestClient } from './test-client.ts';

export class EventReader {
  readonly messages: GatewayEvent[] = [];
  readonly ended: Promise<StatusObject>;
  /** Of the ErrorInfo with which the stream ended; the status where there is none; undefined while it is open. */
  reason: string | undefined;
  readonly #call: OpenedCall['call'];

  constructor(client: Pick<TestClient, 'subscribe'>, request: SubscribeEventsRequest) {
    this.#call = client.subscribe(request).call;
    this.#call.on('data', (message: GatewayEvent) => this.messages.push(message));
    // The `status` event reports the same.
    this.#call.on('error', () => {});
    this.ended = new Promise((resolve) => {
      this.#call.on('status', (end) => {
        this.reason = reasonOf(end) || (status[end.code] ?? String(end.code));
        resolve(end);
      });
    });
  }

  /** Opens a stream and waits for its hello. */
  static async open(client: TestClient, lastEventId?: string): Promise<EventReader> {
    const reader = new EventReader(client, client.signSubscription(lastEventId));
    return reader.until(({ messages }) => messages.length > 0);
  }

  get hello(): { resumed: boolean; last_event_id: string; server_time_ms: number } {
    return JSON.parse(this.messages[0]?.payloadBytes.toString('utf8') ?? 'null');
  }

  get eventIds(): string[] {
    return this.messages.slice(1).map(({ eventId }) => eventId);
  }

  get lastEventId(): string {
    return this.eventIds.at(-1) ?? this.hello.last_event_id;
  }

  /** Stops reading, as a client does whose process hangs. */
  pause(): void {
    this.#call.pause();
  }

  resume(): void {
    this.#call.resume();
  }

  leave(): void {
    this.#call.cancel();
  }

  /** Waits until `condition` holds. */
  async until(condition: (reader: this) => boolean, timeoutMs = 10_000): Promise<this> {
    for (const deadline = Date.now() + timeoutMs; !condition(this); await delay(5)) {
      if (Date.now() > deadline) {
        throw new Error(`not within ${timeoutMs} ms: ${this.messages.length} messages, ended ${this.reason}`);
      }
    }
    return this;
  }

  async untilEnded(timeoutMs?: number): Promise<string> {
    await this.until(({ reason }) => reason !== undefined, timeoutMs);
    return this.reason ?? '';
  }
}
