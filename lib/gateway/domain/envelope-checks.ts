// What can be said of a signed request before anything is asked of another process: version, shape, freshness,
// hash. Each check returns what is wrong, or nothing. lib/gateway/commands/execute-command.ts puts them in order.
import type { GatewayReason } from '../../errors/gateway-reasons.ts';
import { isCanonicalSignature, protocolVersion } from '../../protocol/envelope.ts';
import { isUuid } from '../../protocol/ids.ts';

export const maxPayloadBytes = 256 * 1024;
/** How far a client's clock may run ahead of the gateway's. */
export const maxAheadMs = 30_000;

export type Rejection = {
  readonly reason: GatewayReason;
  readonly message: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Told as a google.rpc.RetryInfo. */
  readonly retryAfterMs?: number;
};

export type Envelope = {
  readonly protocolVersion: string;
  readonly deviceSessionId: string;
  readonly messageType: string;
  readonly timestampMs: bigint;
  readonly requestId: string;
  readonly payloadBytes: Uint8Array;
  readonly payloadHash: Uint8Array;
  readonly signature: Uint8Array;
  readonly idempotencyKey?: string;
  readonly ifMatch?: string;
};

export function checkVersion(envelope: Envelope): Rejection | undefined {
  if (envelope.protocolVersion === protocolVersion) return undefined;
  return {
    reason: 'UNSUPPORTED_PROTOCOL_VERSION',
    message: `This gateway speaks protocol_version ${protocolVersion}.`,
    metadata: { supported: protocolVersion },
  };
}

const token = /^[A-Za-z0-9_-]{1,64}$/;

const shape: readonly [field: string, rule: string, holds: (envelope: Envelope) => boolean][] = [
  [
    'device_session_id',
    'must be a UUID in lower case',
    (e) => isUuid(e.deviceSessionId) && e.deviceSessionId === e.deviceSessionId.toLowerCase(),
  ],
  ['message_type', 'must be 1 to 64 of a-z 0-9 _ .', (e) => /^[a-z0-9_.]{1,64}$/.test(e.messageType)],
  ['timestamp_ms', 'must be set', (e) => e.timestampMs > 0n],
  ['request_id', 'must be 1 to 64 of A-Z a-z 0-9 _ -', (e) => token.test(e.requestId)],
  [
    'payload_bytes',
    `must be at most ${maxPayloadBytes} bytes`,
    (e) => e.payloadBytes.length <= maxPayloadBytes,
  ],
  ['payload_hash', 'must be 32 bytes', (e) => e.payloadHash.length === 32],
  [
    'signature',
    'must be a canonical Ed25519 signature of 64 bytes',
    (e) => isCanonicalSignature(e.signature),
  ],
  [
    'idempotency_key',
    'must be absent or 1 to 64 of A-Z a-z 0-9 _ -',
    (e) => !e.idempotencyKey || token.test(e.idempotencyKey),
  ],
  ['if_match', 'must be absent or 1 to 64 of A-Z a-z 0-9 _ -', (e) => !e.ifMatch || token.test(e.ifMatch)],
];

export function checkShape(envelope: Envelope): Rejection | undefined {
  const broken = shape.find(([, , holds]) => !holds(envelope));
  if (broken === undefined) return undefined;
  const [field, rule] = broken;
  return { reason: 'MALFORMED_ENVELOPE', message: `${field} ${rule}.`, metadata: { field } };
}

/** Not older than the window, not more than `maxAheadMs` ahead; the answer tells the gateway's own time. */
export function checkFreshness(
  envelope: Envelope,
  nowMs: number,
  freshnessWindowMs: number,
): Rejection | undefined {
  const ageMs = BigInt(nowMs) - envelope.timestampMs;
  if (ageMs <= BigInt(freshnessWindowMs) && -ageMs <= BigInt(maxAheadMs)) return undefined;
  return {
    reason: 'STALE_REQUEST',
    message: 'timestamp_ms is too far from the gateway’s clock; sign the request again with server_time_ms.',
    metadata: { server_time_ms: String(nowMs) },
  };
}

/** @param payloadHash SHA-256 of the payload as it arrived. */
export function checkPayloadHash(envelope: Envelope, payloadHash: Uint8Array): Rejection | undefined {
  if (envelope.payloadHash.every((byte, index) => byte === payloadHash[index])) return undefined;
  return { reason: 'PAYLOAD_HASH_MISMATCH', message: 'payload_hash is not the SHA-256 of payload_bytes.' };
}
