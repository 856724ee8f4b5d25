// What the gateway measures, in one list; docs/telemetry.md holds it as a table. The functions below are what the
// gateway's parts call: cheap, never throwing, and harmless when nobody collects metrics.
//
// Labels are bounded: a message type that is not routed, and a result code that no table knows, become `other`.
import { type GatewayReason, gatewayReasons } from '../errors/gateway-reasons.ts';
import { errorTable } from '../errors/table.ts';
import { Instruments } from '../telemetry/instruments.ts';
import { declareProcessInstruments } from '../telemetry/process-instruments.ts';
import { type MessageClass, routeOf } from './domain/routes.ts';

export const gatewayInstruments = new Instruments('galaxy.gateway');

const fast = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const slow = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

const commands = gatewayInstruments.counter(
  'galaxy_gateway_commands_total',
  ['message_type', 'outcome'],
  'Commands that were answered. The outcome is `ok`, the result code of a signed answer, the reason of a refusal, ' +
    'or `cancelled` when the client had gone.',
);
const commandSeconds = gatewayInstruments.distribution(
  'galaxy_gateway_command_duration_seconds',
  ['message_type'],
  'Time of a command in the gateway, upstream included.',
  fast,
);
const stageSeconds = gatewayInstruments.distribution(
  'galaxy_gateway_stage_duration_seconds',
  ['stage'],
  'Time of one stage of a signed request: `session` (look-up at the backend), `verify` (signature), `replay` ' +
    '(reservation in Redis), `upstream` (the call to backend or lobby), `sign` (signature of the answer).',
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
  'Requests refused since their request id was used before.',
);
const rateLimited = gatewayInstruments.counter(
  'galaxy_gateway_rate_limited_total',
  ['limit'],
  'Requests refused by a rate limit, by which one: `address`, `session_` and `user_` with `read`, `write` or ' +
    '`subscribe`; of sign-in `public_address`, `email_network`, `email`, `challenge`. docs/limits.md tells them.',
);
const signInRequests = gatewayInstruments.counter(
  'galaxy_gateway_public_requests_total',
  ['route', 'status'],
  'Requests to the public HTTP routes of sign-in, by route and HTTP status: 408 where the client sent its request too ' +
    'slowly or went before the answer. What never became a request (headers too slow, too large) is not counted.',
);

let openStreams = 0;
gatewayInstruments.gauge('galaxy_gateway_streams_open', [], 'Event streams that are open.', (tell) =>
  tell(openStreams),
);
const streamsEnded = gatewayInstruments.counter(
  'galaxy_gateway_streams_ended_total',
  ['reason'],
  'Event streams that ended: by the reason that the client was told, or `client_gone`.',
);
const eventsReceived = gatewayInstruments.counter(
  'galaxy_gateway_events_received_total',
  ['open_stream'],
  'Events of the push log that arrived, by whether their user had a stream here, `yes` or `no`: every gateway gets ' +
    'every user’s.',
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
  'Events that waited for a stream when it ended, by the reason of its end.',
);
const eventSeconds = gatewayInstruments.distribution(
  'galaxy_gateway_event_delivery_seconds',
  [],
  'From the timestamp of a live event to its write to a stream; clocks of two machines are compared.',
  slow,
);

/** What lib/gateway/push/push-client.ts says of its subscription. */
export type PushStateSource = () => {
  readonly connected: boolean;
  readonly heartbeatDelayMs: number | undefined;
  readonly behindMs: number;
  readonly reconnects: number;
  readonly skippedFrames: number;
};

let push: PushStateSource | undefined;

export function observePush(state: PushStateSource): void {
  push = state;
}

gatewayInstruments.gauge(
  'galaxy_gateway_push_connected',
  [],
  '1 while the subscription to the push log is open and frames come, otherwise 0.',
  (tell) => tell(push?.().connected ? 1 : 0),
);
gatewayInstruments.gauge(
  'galaxy_gateway_push_heartbeat_delay_seconds',
  [],
  'How long the newest heartbeat was under way from the log; clocks of two machines are compared.',
  (tell) => {
    const delayMs = push?.().heartbeatDelayMs;
    if (delayMs !== undefined) tell(delayMs / 1_000);
  },
);
gatewayInstruments.gauge(
  'galaxy_gateway_push_lag_seconds',
  [],
  'How far back lies what is known of the push log; up to 5 s, the interval of heartbeats, while all is well.',
  (tell) => {
    if (push !== undefined) tell(push().behindMs / 1_000);
  },
);
gatewayInstruments.readCounter(
  'galaxy_gateway_push_reconnects_total',
  [],
  'Subscriptions to the push log that were opened after the first.',
  (tell) => tell(push?.().reconnects ?? 0),
);
gatewayInstruments.readCounter(
  'galaxy_gateway_push_skipped_frames_total',
  [],
  'Frames of the push service that could not be used.',
  (tell) => tell(push?.().skippedFrames ?? 0),
);

const openConnections = new Map<string, number>();
gatewayInstruments.gauge(
  'galaxy_gateway_connections_open',
  ['listener'],
  'Open connections of a listener, `public-http` or `authenticated-grpc`.',
  (tell) => {
    for (const [listener, count] of openConnections) tell(count, listener);
  },
);

declareProcessInstruments(gatewayInstruments, 'galaxy_gateway');

/** @param outcome a result code, a reason, or `cancelled`. */
export function commandDone(messageType: string, outcome: string, durationMs: number): void {
  const type = knownMessageType(messageType);
  commands.add(1, type, knownOutcome(outcome));
  commandSeconds.record(durationMs / 1_000, type);
  if (outcome === 'REPLAY_DETECTED') replays.add(1);
}

export type Stage = 'session' | 'verify' | 'replay' | 'upstream' | 'sign';

export function stageDone(stage: Stage, durationMs: number): void {
  stageSeconds.record(durationMs / 1_000, stage);
}

export type StreamEndReason = GatewayReason | 'client_gone';

/** A call of SubscribeEvents that became no stream. */
export function subscriptionRefused(reason: StreamEndReason): void {
  subscriptions.add(1, reason);
  if (reason === 'REPLAY_DETECTED') replays.add(1);
}

/** The limits of lib/gateway/rate-limit/limits.ts: of signed requests, and of sign-in over the public listener. */
export type RateLimit =
  | 'address'
  | `session_${MessageClass}`
  | `user_${MessageClass}`
  | 'public_address'
  | 'email_network'
  | 'email'
  | 'challenge';

export function requestRateLimited(limit: RateLimit): void {
  rateLimited.add(1, limit);
}

export type PublicRoute = 'send-email-code' | 'confirm-email-code' | 'server-keys' | 'other';

export function publicRequestDone(route: PublicRoute, status: number): void {
  signInRequests.add(1, route, String(status));
}

export function streamOpened(): void {
  openStreams += 1;
  subscriptions.add(1, 'opened');
}

export function streamEnded(reason: StreamEndReason): void {
  openStreams -= 1;
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

export type ListenerName = 'public-http' | 'authenticated-grpc';

export function connectionOpened(listener: ListenerName): void {
  openConnections.set(listener, (openConnections.get(listener) ?? 0) + 1);
}

export function connectionClosed(listener: ListenerName): void {
  openConnections.set(listener, (openConnections.get(listener) ?? 0) - 1);
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
