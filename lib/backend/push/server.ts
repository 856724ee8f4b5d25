// The gRPC service on the push log, galaxy.push.v1.Push: SubscribePush for the gateways, ReadUserEvents for the event
// stream of one client that resumes. Any number of replicas may serve one log.
import {
  type Metadata,
  type Server,
  type ServerOptions,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { z } from 'zod';
import type { StreamBounds } from '../../node/http2-streams.ts';
import { type CallerCheck, createCallerCheck, type ServiceCaller } from '../../operators/service-callers.ts';
import {
  PushService,
  type ReadUserEventsRequest,
  type ReadUserEventsResponse,
  type SubscribePushRequest,
} from '../../protocol/generated/galaxy/push/v1/push.ts';
import { isUuid } from '../../protocol/ids.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { toClientEvent } from './frames.ts';
import { type PushLog, PushLogUnavailable } from './log/log.ts';
import { readUserEvents } from './log/read-user-events.ts';
import type { LogClock } from './log-clock.ts';
import { logUnavailable, PushStatus, stopping } from './status.ts';
import { PushSubscription, type SubscriptionCall, type SubscriptionLimits } from './subscription.ts';
import type { PushTail } from './tail.ts';

const firstMessageTimeoutMs = 10_000;

const subscribeRequest = z.object({
  gatewayId: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,64}$/, 'gateway_id must have 1 to 64 characters of A-Z a-z 0-9 _ . -'),
  cursor: z.string().max(128, 'cursor is longer than any cursor of this service'),
});

const readRequest = z.object({
  userId: z.string().refine(isUuid, 'user_id must be a UUID'),
  afterEventId: z.string().max(128, 'after_event_id is longer than any event id of this service'),
});

export const pushServerOptions: ServerOptions = {
  // Requests only name a position; a response holds at most a page of events.
  'grpc.max_receive_message_length': 16 * 1024,
  'grpc.max_send_message_length': 4 * 1024 * 1024,
  'grpc.max_concurrent_streams': 256,
  'grpc.keepalive_time_ms': 20_000,
  'grpc.keepalive_timeout_ms': 10_000,
};

export const pushStreamBounds: StreamBounds = {
  maxHeaderBytes: 16 * 1024,
  // A subscription is a stream of requests that stays open.
  requestTimeoutMs: undefined,
  maxUnfinishedRequests: 4_096,
  stallTimeoutMs: 60_000,
};

/** Frames are serialised once for all gateways, so they are sent unchanged. */
const definition = {
  ...PushService,
  subscribePush: { ...PushService.subscribePush, responseSerialize: (bytes: Buffer) => bytes },
};

export type PushServerDeps = {
  log: PushLog;
  tail: PushTail;
  clock: LogClock;
  limits: SubscriptionLimits;
  /** When set, calls need `authorization: Bearer <token>` in their metadata, of one that has `events.read`. */
  callers: readonly ServiceCaller[] | undefined;
  logger: Logger;
};

export class PushServer {
  readonly #deps: PushServerDeps;
  readonly #findCaller: CallerCheck | undefined;
  readonly #subscriptions = new Set<PushSubscription>();
  #stopping = false;

  constructor(deps: PushServerDeps) {
    this.#deps = deps;
    this.#findCaller = deps.callers === undefined ? undefined : createCallerCheck(deps.callers);
  }

  addTo(server: Server): void {
    server.addService(definition, {
      // grpc-js does not wait for the promise of a handler, so both report every error themselves.
      subscribePush: (call: SubscriptionCall) => void this.#subscribe(call),
      readUserEvents: (
        call: ServerUnaryCall<ReadUserEventsRequest, ReadUserEventsResponse>,
        callback: sendUnaryData<ReadUserEventsResponse>,
      ) => void this.#readUserEvents(call, callback),
    });
  }

  /** Ends every subscription with UNAVAILABLE and refuses new ones. */
  stop(): void {
    this.#stopping = true;
    for (const subscription of this.#subscriptions) subscription.end(stopping());
  }

  async #subscribe(call: SubscriptionCall): Promise<void> {
    const startedAt = performance.now();
    const subscription = new PushSubscription(this.#deps, call);
    let logger = this.#deps.logger.child({ peer: call.getPeer() });
    let cancelled = false;
    call.on('cancelled', () => {
      cancelled = true;
      subscription.end(new PushStatus(status.CANCELLED, 'The gateway cancelled the call.'));
    });
    this.#subscriptions.add(subscription);
    try {
      await this.#admit(call.metadata);
      subscription.over.throwIfAborted();
      const { gatewayId, cursor } = parse(subscribeRequest, await firstMessage(call, subscription.over));
      logger = logger.child({ gateway_id: gatewayId });
      logger.info({ cursor }, 'gateway subscribed');
      await subscription.run(cursor);
    } catch (error) {
      const endStatus = statusOf(error, logger);
      subscription.end(endStatus);
      const lasted_ms = Math.round(performance.now() - startedAt);
      logger.info(
        { status: status[endStatus.code], reason: endStatus.message, lasted_ms },
        'subscription ended',
      );
      // grpc-js sends the status of an error that is emitted on the stream; a cancelled call takes none.
      if (!cancelled) call.emit('error', { code: endStatus.code, details: endStatus.message });
    } finally {
      this.#subscriptions.delete(subscription);
    }
  }

  async #readUserEvents(
    call: ServerUnaryCall<ReadUserEventsRequest, ReadUserEventsResponse>,
    callback: sendUnaryData<ReadUserEventsResponse>,
  ): Promise<void> {
    const { log, logger } = this.#deps;
    try {
      await this.#admit(call.metadata);
      const { userId, afterEventId } = parse(readRequest, call.request);
      const { found, events, headEventId } = await readUserEvents(log, userId, afterEventId);
      callback(null, { found, events: events.map(toClientEvent), headEventId });
    } catch (error) {
      const { code, message } = statusOf(error, logger);
      logger.info({ peer: call.getPeer(), status: status[code], reason: message }, 'reading events failed');
      callback({ code, details: message });
    }
  }

  async #admit(metadata: Metadata): Promise<void> {
    if (this.#stopping) throw stopping();
    if (this.#findCaller === undefined) return;
    const caller = await this.#findCaller(metadata.get('authorization')[0]?.toString());
    if (caller === undefined) {
      throw new PushStatus(
        status.UNAUTHENTICATED,
        'This listener requires the bearer token of one of its callers.',
      );
    }
    if (!caller.permissions.includes('events.read')) {
      throw new PushStatus(
        status.PERMISSION_DENIED,
        `The caller ${caller.caller} does not have the permission events.read.`,
      );
    }
  }
}

/**
 * The first message of a stream. Later ones have no meaning yet, so they are not read and flow control holds them
 * back.
 */
function firstMessage(call: SubscriptionCall, over: AbortSignal): Promise<SubscribePushRequest> {
  return new Promise((resolve, reject) => {
    const refuse = (code: status, message: string) => settle(() => reject(new PushStatus(code, message)));
    const onData = (message: SubscribePushRequest) => settle(() => resolve(message));
    const onEnd = () => refuse(status.INVALID_ARGUMENT, 'The stream ended before its first message.');
    const onOver = () => settle(() => reject(over.reason));
    const onTimeout = () =>
      refuse(status.DEADLINE_EXCEEDED, `No first message came within ${firstMessageTimeoutMs} ms.`);
    const timer = setTimeout(onTimeout, firstMessageTimeoutMs);
    const settle = (finish: () => void) => {
      clearTimeout(timer);
      over.removeEventListener('abort', onOver);
      call.off('data', onData).off('end', onEnd).pause();
      finish();
    };
    over.addEventListener('abort', onOver);
    call.on('data', onData).on('end', onEnd);
  });
}

function parse<T>(schema: z.ZodType<T>, message: unknown): T {
  const parsed = schema.safeParse(message);
  if (parsed.success) return parsed.data;
  throw new PushStatus(
    status.INVALID_ARGUMENT,
    `${parsed.error.issues.map((issue) => issue.message).join('; ')}.`,
  );
}

function statusOf(error: unknown, logger: Logger): PushStatus {
  if (error instanceof PushStatus) return error;
  if (error instanceof PushLogUnavailable) {
    logger.warn({ error }, 'push log not available');
    return logUnavailable();
  }
  logger.error({ error }, 'push call failed');
  return new PushStatus(status.INTERNAL, 'The push server failed unexpectedly.');
}
