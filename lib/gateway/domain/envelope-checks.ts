// Checks of a signed request's envelope that need no other process: protocol version, shape, payload hash. Each returns
// a rejection, or undefined when the check passes. lib/gateway/commands/admission.ts calls them in order, together with
// the check of freshness.ts.
import { isCanonicalSignature, protocolVersion } from '../../protocol/envelope.ts';
import { isUuid } from '../../protocol/ids.ts';
import type { Rejection } from './rejection.ts';

export const maxPayloadBytes = 256 * 1024;

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
    message: `This gateway supports protocol_version ${protocolVersion}.`,
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

/** @param payloadHash SHA-256 of the payload as it arrived. */
export function checkPayloadHash(envelope: Envelope, payloadHash: Uint8Array): Rejection | undefined {
  if (envelope.payloadHash.every((byte, index) => byte === payloadHash[index])) return undefined;
  return { reason: 'PAYLOAD_HASH_MISMATCH', message: 'payload_hash is not the SHA-256 of payload_bytes.' };
}
