// Reads pages of users' events from the push service.
//
// All reads share one channel, which has a connection of its own, so that flow control of the subscription never delays
// them. The channel is replaced after its lifetime, so that reads spread over replicas that were added, and when a read
// finds the service unavailable or gets no response in time, because another replica may be healthy. Calls that run on
// the old channel finish there.
import { type Client, type Metadata, type StatusObject, status } from '@grpc/grpc-js';
import { PushService, type ReadUserEventsResponse } from '../../protocol/generated/galaxy/push/v1/push.ts';
import { RejectedError } from '../domain/rejection.ts';
import { openPushChannel, spreadLifetimeMs } from './push-channel.ts';
import { readUserEventsResponse } from './push-frame.ts';

/** A younger channel is not replaced: a service that refuses every call is not flooded with connections. */
const youngMs = 1_000;

/** ReadUserEvents failed. As a rejection it is UPSTREAM_UNAVAILABLE; its cause says what happened. */
export class PushReadError extends RejectedError {
  /** Whether another attempt may succeed; false after a malformed response. */
  readonly retryable: boolean;
  /** Whether the replica may be unreachable or stuck, so that another one may respond. */
  readonly unreachable: boolean;

  constructor(why: string, options: { retryable: boolean; unreachable?: boolean; cause?: unknown }) {
    super(
      {
        reason: 'UPSTREAM_UNAVAILABLE',
        message: 'Events cannot be read at the moment; try again later.',
      },
      { cause: new Error(`push: ${why}`, { cause: options.cause }) },
    );
    this.name = 'PushReadError';
    this.retryable = options.retryable;
    this.unreachable = options.unreachable ?? false;
  }
}

/** Which page is read. */
type PageOf = { readonly userId: string; readonly afterEventId: string };

type Channel = {
  readonly client: Client;
  readonly openedAt: number;
  readonly lifetimeMs: number;
  calls: number;
  retired: boolean;
};

export class PushReads {
  readonly #target: string;
  readonly #metadata: Metadata;
  readonly #timeoutMs: number;
  readonly #lifetimeMs: number;
  #channel: Channel | undefined;
  #closed = false;

  /**
   * @param options.timeoutMs of one read, both attempts together.
   * @param options.lifetimeMs of a channel, give or take a fifth.
   */
  constructor(options: { target: string; metadata: Metadata; timeoutMs: number; lifetimeMs: number }) {
    this.#target = options.target;
    this.#metadata = options.metadata;
    this.#timeoutMs = options.timeoutMs;
    this.#lifetimeMs = options.lifetimeMs;
  }

  /** @throws PushReadError; when `signal` aborts, its reason. */
  async read(page: PageOf, signal: AbortSignal): Promise<ReadUserEventsResponse> {
    if (this.#closed) throw new PushReadError('this gateway is stopping', { retryable: true });
    const startedAt = Date.now();
    const channel = this.#current();
    try {
      // A replica that does not respond leaves half of the time for another one.
      return await this.#attempt(channel, page, startedAt + this.#timeoutMs / 2, signal);
    } catch (error) {
      if (!(error instanceof PushReadError) || !error.unreachable) throw error;
      this.#replace(channel);
      const next = this.#current();
      if (next === channel) throw error;
      return await this.#attempt(next, page, startedAt + this.#timeoutMs, signal);
    }
  }

  /** Refuses further reads and lets those that run finish. */
  close(): void {
    this.#closed = true;
    if (this.#channel !== undefined) this.#retire(this.#channel);
  }

  #current(): Channel {
    const known = this.#channel;
    if (known !== undefined && performance.now() - known.openedAt < known.lifetimeMs) return known;
    if (known !== undefined) this.#retire(known);
    this.#channel = {
      client: openPushChannel(this.#target),
      openedAt: performance.now(),
      lifetimeMs: spreadLifetimeMs(this.#lifetimeMs),
      calls: 0,
      retired: false,
    };
    return this.#channel;
  }

  #replace(channel: Channel): void {
    if (performance.now() - channel.openedAt >= youngMs) this.#retire(channel);
  }

  /** No further read uses the channel; it is closed once the last one has finished. */
  #retire(channel: Channel): void {
    if (this.#channel === channel) this.#channel = undefined;
    channel.retired = true;
    if (channel.calls === 0) channel.client.close();
  }

  async #attempt(
    channel: Channel,
    page: PageOf,
    deadline: number,
    signal: AbortSignal,
  ): Promise<ReadUserEventsResponse> {
    channel.calls += 1;
    try {
      return await this.#call(channel.client, page, deadline, signal);
    } finally {
      channel.calls -= 1;
      if (channel.retired && channel.calls === 0) channel.client.close();
    }
  }

  #call(
    client: Client,
    page: PageOf,
    deadline: number,
    signal: AbortSignal,
  ): Promise<ReadUserEventsResponse> {
    const { path, requestSerialize } = PushService.readUserEvents;
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const call = client.makeUnaryRequest(
        path,
        requestSerialize,
        readUserEventsResponse,
        page,
        this.#metadata,
        { deadline },
        (error, response) => {
          signal.removeEventListener('abort', cancel);
          if (signal.aborted) reject(signal.reason);
          else if (error !== null) reject(callFailed(error));
          else if (response === undefined || typeof response === 'string') {
            reject(new PushReadError(`unusable response: ${response}`, { retryable: false }));
          } else if (response.events.some((event) => event.recipientUserId !== page.userId)) {
            reject(new PushReadError('unusable response: events of another user', { retryable: false }));
          } else resolve(response);
        },
      );
      const cancel = () => call.cancel();
      signal.addEventListener('abort', cancel, { once: true });
    });
  }
}

function callFailed(error: StatusObject): PushReadError {
  return new PushReadError(`${status[error.code]}: ${error.details}`, {
    // The request itself is invalid, so another attempt fails, too.
    retryable: error.code !== status.INVALID_ARGUMENT,
    unreachable: error.code === status.UNAVAILABLE || error.code === status.DEADLINE_EXCEEDED,
    cause: error,
  });
}
