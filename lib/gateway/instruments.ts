// The gateway's metrics, in one list; docs/telemetry.md holds it as a table. The gateway calls the functions below:
// they are cheap, never throw, and do nothing harmful when no exporter collects metrics.
//
// The counts belong to the process, not to a gateway object: OpenTelemetry has one registry per process, in which a
// second observable counter of the same name would overwrite the first. Tests that run several gateways in one process
// therefore see their sums.
//
// Labels are bounded: a message type without a route, and a result code that is in no table, become `other`.
import { type GatewayReason, gatewayReasons } from '../errors/gateway-reasons.ts';
import { errorTable } from '../errors/table.ts';
import { Counter, Instruments } from '../telemetry/instruments.ts';
import { declareProcessInstruments } from '../telemetry/process-instruments.ts';
import { type MessageClass, routeOf } from './domain/routes.ts';

export const gatewayInstruments = new Instruments('galaxy.gateway');

const fast = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const slow = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

const commands = gatewayInstruments.counter(
  'galaxy_gateway_commands_total',
  ['message_type', 'outcome'],
  'Commands that were processed. The outcome is `ok`, the result code of a signed response, the reason of a ' +
    'refusal, or `cancelled` when the client disconnected first.',
);
const commandSeconds = gatewayInstruments.distribution(
  'galaxy_gateway_command_duration_seconds',
  ['message_type'],
  'Time of a command in the gateway, upstream included. Refusals that need no session’s key are not timed.',
  fast,
);
const stageSeconds = gatewayInstruments.distribution(
  'galaxy_gateway_stage_duration_seconds',
  ['stage'],
  'Time of one stage of a signed request: `session` (look-up at the backend), `verify` (signature), `replay` ' +
    '(reservation in Redis), `upstream` (the call to backend or lobby), `sign` (signature of the response).',
  fast,
);
const subscriptions = gatewayInstruments.counter(
  'galaxy_gateway_subscriptions_total',
  ['outcome'],
  'Calls of SubscribeEvents: `opened`, the reason of a refusal, or `client_gone`.',
);
const replays = gatewayInstruments.counter(
  'galaxy_gateway_replays_total',
  [],
  'Requests refused because their request id was used before.',
);
const rateLimited = gatewayInstruments.counter(
  'galaxy_gateway_rate_limited_total',
  ['limit'],
  'Requests refused by a rate limit, by which one: `address`, `unverified`, `unverified_in_flight`, `session_` and ' +
    '`user_` with `read`, `write` or `subscribe`; of sign-in `public_address`, `email_network`, `email`, `challenge`. ' +
    'docs/limits.md explains them.',
);
const signInRequests = gatewayInstruments.counter(
  'galaxy_gateway_public_requests_total',
  ['route', 'status'],
  'Requests to the public HTTP routes of sign-in, by route and HTTP status: 408 where the client sent its request ' +
    'too slowly or disconnected before the response. Requests whose headers are too slow or too large are not counted.',
);

const openStreams = upDownCounter('galaxy_gateway_streams_open', [], 'Event streams that are open.');
const streamsEnded = gatewayInstruments.counter(
  'galaxy_gateway_streams_ended_total',
  ['reason'],
  'Event streams that ended, by the reason in their status, or `client_gone`.',
);
const eventsReceived = gatewayInstruments.counter(
  'galaxy_gateway_events_received_total',
  ['open_stream'],
  'Events of the push log that arrived, by whether their user had a stream here, `yes` or `no`: every gateway gets ' +
    'the events of all users.',
);
const eventsDelivered = gatewayInstruments.counter(
  'galaxy_gateway_events_delivered_total',
  ['path'],
  'Events written to streams, once for each stream: `live` as they were published, or from the user’s `log` to a ' +
    'stream that had missed them. `gateway.hello` is not counted.',
);
const eventsDropped = gatewayInstruments.counter(
  'galaxy_gateway_events_dropped_total',
  ['reason'],
  'Events that were queued for a stream when it ended, by the reason of its end.',
);
const eventSeconds = gatewayInstruments.distribution(
  'galaxy_gateway_event_delivery_seconds',
  [],
  'From the timestamp of a live event to its write to a stream; clocks of two machines are compared.',
  slow,
);

/** The state of a subscription of lib/gateway/push/push-client.ts. */
export type PushStateSource = () => {
  readonly connected: boolean;
  readonly heartbeatDelayMs: number | undefined;
  readonly behindMs: number;
};

/** One per running gateway: in production exactly one. */
const pushStates = new Set<PushStateSource>();

/** @returns a function that ends the observation. */
export function observePush(state: PushStateSource): () => void {
  pushStates.add(state);
  return () => {
    pushStates.delete(state);
  };
}

gatewayInstruments.gauge(
  'galaxy_gateway_push_connected',
  [],
  '1 while the subscription to the push log is open and receives frames, otherwise 0.',
  (observe) => observe([...pushStates].some((state) => state().connected) ? 1 : 0),
);
gatewayInstruments.gauge(
  'galaxy_gateway_push_heartbeat_delay_seconds',
  [],
  'How old the newest heartbeat was when it arrived, by the clock of Redis.',
  (observe) => {
    for (const state of pushStates) {
      const { heartbeatDelayMs } = state();
      if (heartbeatDelayMs !== undefined) observe(heartbeatDelayMs / 1_000);
    }
  },
);
gatewayInstruments.gauge(
  'galaxy_gateway_push_lag_seconds',
  [],
  'Age of the newest position of the push log that the gateway has read; normally up to 5 s, the interval of ' +
    'heartbeats.',
  (observe) => {
    for (const state of pushStates) observe(state().behindMs / 1_000);
  },
);
const pushReconnects = gatewayInstruments.counter(
  'galaxy_gateway_push_reconnects_total',
  [],
  'Subscriptions to the push log that were opened after one that failed; renewals do not count.',
);
const pushSkippedFrames = gatewayInstruments.counter(
  'galaxy_gateway_push_skipped_frames_total',
  [],
  'Frames of the push service that could not be used.',
);

const openConnections = upDownCounter(
  'galaxy_gateway_connections_open',
  ['listener'],
  'Open connections of a listener, `public-http`, `authenticated-grpc` or `web-http`.',
);

declareProcessInstruments(gatewayInstruments, 'galaxy_gateway');

/** @param outcome a result code, a reason, or `cancelled`. */
export function commandDone(messageType: string, outcome: string, durationMs: number): void {
  const type = knownMessageType(messageType);
  commands.add(1, type, knownOutcome(outcome));
  if (!strangersOutcomes.has(outcome)) commandSeconds.record(durationMs / 1_000, type);
  if (outcome === 'REPLAY_DETECTED') replays.add(1);
}

/** What anyone can cause without a session's key. The alerts of infra/monitoring/rules.yml count none of them. */
export const strangersOutcomes: ReadonlySet<string> = new Set<GatewayReason | 'cancelled'>([
  'UNSUPPORTED_PROTOCOL_VERSION',
  'MALFORMED_ENVELOPE',
  'MESSAGE_TOO_LARGE',
  'STALE_REQUEST',
  'PAYLOAD_HASH_MISMATCH',
  'UNKNOWN_MESSAGE_TYPE',
  'SESSION_UNKNOWN',
  'SESSION_REVOKED',
  'BAD_SIGNATURE',
  'REPLAY_DETECTED',
  'RATE_LIMITED',
  'OVERLOADED',
  'cancelled',
]);

export type Stage = 'session' | 'verify' | 'replay' | 'upstream' | 'sign';

export function stageDone(stage: Stage, durationMs: number): void {
  stageSeconds.record(durationMs / 1_000, stage);
}

export type StreamEndReason = GatewayReason | 'client_gone';

/** A call of SubscribeEvents that opened no stream. */
export function subscriptionRefused(reason: StreamEndReason): void {
  subscriptions.add(1, reason);
  if (reason === 'REPLAY_DETECTED') replays.add(1);
}

/** The limits of lib/gateway/rate-limit/limits.ts: of signed requests, and of sign-in over the public listener. */
export type RateLimit =
  | 'address'
  | 'unverified'
  | 'unverified_in_flight'
  | `session_${MessageClass}`
  | `user_${MessageClass}`
  | 'public_address'
  | 'email_network'
  | 'email'
  | 'challenge'
  | 'recovery';

export function requestRateLimited(limit: RateLimit): void {
  rateLimited.add(1, limit);
}

export type PublicRoute =
  | 'send-email-code'
  | 'confirm-email-code'
  | 'recover'
  | 'server-keys'
  | 'unsubscribe'
  | 'other';

export function publicRequestDone(route: PublicRoute, status: number): void {
  signInRequests.add(1, route, String(status));
}

export function streamOpened(): void {
  openStreams.add(1);
  subscriptions.add(1, 'opened');
}

export function streamEnded(reason: StreamEndReason): void {
  openStreams.add(-1);
  streamsEnded.add(1, reason);
}

export function eventReceived(hasOpenStream: boolean): void {
  eventsReceived.add(1, hasOpenStream ? 'yes' : 'no');
}

/** @param timestampMs of a live event, Unix time. */
export function eventDelivered(path: 'live' | 'log', timestampMs?: number): void {
  eventsDelivered.add(1, path);
  if (timestampMs !== undefined) eventSeconds.record(Math.max(0, Date.now() - timestampMs) / 1_000);
}

export function eventDropped(reason: StreamEndReason): void {
  eventsDropped.add(1, reason);
}

export function pushReconnected(): void {
  pushReconnects.add(1);
}

export function pushFrameSkipped(): void {
  pushSkippedFrames.add(1);
}

export type ListenerName = 'public-http' | 'authenticated-grpc' | 'web-http';

export function connectionOpened(listener: ListenerName): void {
  openConnections.add(1, listener);
}

export function connectionClosed(listener: ListenerName): void {
  openConnections.add(-1, listener);
}

/** A gauge of what is open now. */
function upDownCounter(name: string, labels: readonly string[], meaning: string): Counter {
  const counter = new Counter(labels);
  gatewayInstruments.gauge(name, labels, meaning, (observe) => {
    for (const { value, attributes } of counter.series()) {
      observe(value, ...labels.map((label) => String(attributes[label])));
    }
  });
  return counter;
}

function knownMessageType(messageType: string): string {
  return routeOf(messageType) === undefined ? 'other' : messageType;
}

function knownOutcome(outcome: string): string {
  return outcomes.has(outcome) ? outcome : 'other';
}

const outcomes: ReadonlySet<string> = new Set([
  'ok',
  'cancelled',
  ...Object.keys(errorTable),
  ...Object.keys(gatewayReasons),
]);
