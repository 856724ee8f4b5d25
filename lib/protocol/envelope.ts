// The signed envelope, version v1: the exact bytes that Ed25519 signatures cover.
//
// Layout: a label, then the fields of that label in a fixed order. The label and every field are written as a
// 4-byte big-endian length and that many bytes. A string is its UTF-8 bytes, an integer 8 bytes big-endian (two's
// complement), a hash or key its raw bytes; an absent string has length 0. So no two different requests have the
// same signed bytes, and bytes signed for one purpose are never valid for another.
//
// Pure; used by the gateway, the backend, the demo's client and the test vectors in proto/vectors.

export const protocolVersion = 'v1';

type Field = string | bigint | Uint8Array;

const utf8 = new TextEncoder();
const longestUtf8 = 3;

/** Writes in one pass into a buffer for the longest encoding, as every request and response comes through here. */
function signedBytes(label: string, fields: readonly Field[]): Uint8Array<ArrayBuffer> {
  const parts = [label, ...fields];
  const bytes = new Uint8Array(parts.reduce((total, part) => total + 4 + maxBytesOf(part), 0));
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const part of parts) {
    const length = writeField(part, bytes, view, offset + 4);
    view.setUint32(offset, length);
    offset += 4 + length;
  }
  return bytes.subarray(0, offset);
}

function maxBytesOf(field: Field): number {
  if (typeof field === 'bigint') return 8;
  return typeof field === 'string' ? field.length * longestUtf8 : field.length;
}

/** @returns how many bytes the field took. */
function writeField(field: Field, bytes: Uint8Array, view: DataView, offset: number): number {
  if (typeof field === 'string') return utf8.encodeInto(field, bytes.subarray(offset)).written;
  if (typeof field === 'bigint') {
    view.setBigInt64(offset, field);
    return 8;
  }
  bytes.set(field, offset);
  return field.length;
}

export type CommandFields = {
  protocolVersion: string;
  deviceSessionId: string;
  messageType: string;
  timestampMs: bigint;
  requestId: string;
  idempotencyKey: string;
  ifMatch: string;
  /** SHA-256 of the payload, 32 bytes. */
  payloadHash: Uint8Array;
};

/** The bytes that a client signs to run a command. */
export function commandBytes(command: CommandFields): Uint8Array<ArrayBuffer> {
  return signedBytes('galaxy-execute-v1', [
    command.protocolVersion,
    command.deviceSessionId,
    command.messageType,
    command.timestampMs,
    command.requestId,
    command.idempotencyKey,
    command.ifMatch,
    command.payloadHash,
  ]);
}

export type SubscriptionFields = Omit<CommandFields, 'idempotencyKey' | 'ifMatch'>;

/** The bytes that a client signs to open an event stream. */
export function subscriptionBytes(subscription: SubscriptionFields): Uint8Array<ArrayBuffer> {
  return signedBytes('galaxy-subscribe-v1', [
    subscription.protocolVersion,
    subscription.deviceSessionId,
    subscription.messageType,
    subscription.timestampMs,
    subscription.requestId,
    subscription.payloadHash,
  ]);
}

/** The bytes that a client signs to register a key with a recovery code. */
export function recoverBytes(recovery: {
  /** As it is in the request. */
  recoveryCode: string;
  clientPublicKey: Uint8Array;
}): Uint8Array<ArrayBuffer> {
  return signedBytes('galaxy-recover-v1', [recovery.recoveryCode, recovery.clientPublicKey]);
}

export type ResponseFields = {
  keyId: string;
  /** SHA-256 of the request's signed bytes, so that a response is valid for one request of one session only. */
  requestHash: Uint8Array;
  timestampMs: bigint;
  resultCode: string;
  payloadHash: Uint8Array;
};

/** The bytes that the gateway signs to respond to a command. */
export function responseBytes(response: ResponseFields): Uint8Array<ArrayBuffer> {
  return signedBytes('galaxy-response-v1', [
    response.keyId,
    response.requestHash,
    response.timestampMs,
    response.resultCode,
    response.payloadHash,
  ]);
}

export type HelloFields = Omit<ResponseFields, 'resultCode'>;

/** The bytes that the gateway signs for the first event of a stream, `gateway.hello`. */
export function helloBytes(hello: HelloFields): Uint8Array<ArrayBuffer> {
  return signedBytes('galaxy-hello-v1', [
    hello.keyId,
    hello.requestHash,
    hello.timestampMs,
    hello.payloadHash,
  ]);
}

export type EventFields = {
  keyId: string;
  eventType: string;
  eventId: string;
  prevEventId: string;
  recipientUserId: string;
  timestampMs: bigint;
  traceId: string;
  payloadHash: Uint8Array;
};

/** The bytes that the gateway signs for every other event; they do not depend on the stream that carries it. */
export function eventBytes(event: EventFields): Uint8Array<ArrayBuffer> {
  return signedBytes('galaxy-event-v1', [
    event.keyId,
    event.eventType,
    event.eventId,
    event.prevEventId,
    event.recipientUserId,
    event.timestampMs,
    event.traceId,
    event.payloadHash,
  ]);
}

/** The bytes that a client signs at sign-in to prove that it has the private key of the key that it registers. */
export function confirmBytes(confirmation: {
  challengeId: string;
  /** 32 raw bytes. */
  clientPublicKey: Uint8Array;
}): Uint8Array<ArrayBuffer> {
  return signedBytes('galaxy-confirm-v1', [confirmation.challengeId, confirmation.clientPublicKey]);
}

export type KnownDeviceFields = {
  /** Normalised, as `user.account.get` returns it. */
  email: string;
  deviceSessionId: string;
  timestampMs: bigint;
};

/** The bytes that a device signs when it requests a code for the address of an account that it has signed in to. */
export function knownDeviceBytes(device: KnownDeviceFields): Uint8Array<ArrayBuffer> {
  return signedBytes('galaxy-known-device-v1', [device.email, device.deviceSessionId, device.timestampMs]);
}

// The order of the Ed25519 base point, RFC 8032 section 5.1.
const groupOrder = 2n ** 252n + 27742317777372353535851937790883648493n;

/**
 * Whether a signature has 64 bytes and its scalar S is below the group's order (RFC 8032 section 5.1.7). Otherwise
 * a second valid signature could be made from a first one without the key.
 */
export function isCanonicalSignature(signature: Uint8Array): boolean {
  if (signature.length !== 64) return false;
  const view = new DataView(signature.buffer, signature.byteOffset + 32, 32);
  let scalar = 0n;
  for (const offset of [24, 16, 8, 0]) scalar = (scalar << 64n) | view.getBigUint64(offset, true);
  return scalar < groupOrder;
}
