import { createHash, createPrivateKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verifyWithDeviceKey } from '../../../lib/protocol/device-key.ts';
import {
  commandBytes,
  confirmBytes,
  eventBytes,
  helloBytes,
  isCanonicalSignature,
  knownDeviceBytes,
  recoverBytes,
  responseBytes,
  subscriptionBytes,
} from '../../../lib/protocol/envelope.ts';

type Vector = {
  name: string;
  payload?: string;
  fields: Record<string, string>;
  signed_bytes: string;
  signature: string;
};
type Kind =
  | 'command'
  | 'subscription'
  | 'response'
  | 'hello'
  | 'event'
  | 'confirm'
  | 'recover'
  | 'known_device';
type Vectors = Record<Kind, Vector[]> & {
  known_device_refused: Omit<Vector, 'signed_bytes'>[];
  keys: { client: { seed: string; public_key: string }; server: { seed: string } };
};

const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../../../proto/vectors/envelope-v1.json', import.meta.url), 'utf8'),
);

const bytes = (hex: string | undefined) => Buffer.from(hex ?? '', 'hex');
const hex = (value: Uint8Array) => Buffer.from(value).toString('hex');

const build: Record<Kind, (f: Record<string, string>) => Uint8Array> = {
  command: (f) => commandBytes(commandFields(f)),
  subscription: (f) => subscriptionBytes(commandFields(f)),
  response: (f) =>
    responseBytes({
      keyId: f.key_id ?? '',
      requestHash: bytes(f.request_hash),
      timestampMs: BigInt(f.timestamp_ms ?? ''),
      resultCode: f.result_code ?? '',
      payloadHash: bytes(f.payload_hash),
    }),
  hello: (f) =>
    helloBytes({
      keyId: f.key_id ?? '',
      requestHash: bytes(f.request_hash),
      timestampMs: BigInt(f.timestamp_ms ?? ''),
      payloadHash: bytes(f.payload_hash),
    }),
  event: (f) =>
    eventBytes({
      keyId: f.key_id ?? '',
      eventType: f.event_type ?? '',
      eventId: f.event_id ?? '',
      prevEventId: f.prev_event_id ?? '',
      recipientUserId: f.recipient_user_id ?? '',
      timestampMs: BigInt(f.timestamp_ms ?? ''),
      traceId: f.trace_id ?? '',
      payloadHash: bytes(f.payload_hash),
    }),
  confirm: (f) =>
    confirmBytes({ challengeId: f.challenge_id ?? '', clientPublicKey: bytes(f.client_public_key) }),
  recover: (f) =>
    recoverBytes({ recoveryCode: f.recovery_code ?? '', clientPublicKey: bytes(f.client_public_key) }),
  known_device: (f) =>
    knownDeviceBytes({
      email: f.email ?? '',
      deviceSessionId: f.device_session_id ?? '',
      timestampMs: BigInt(f.timestamp_ms ?? ''),
    }),
};

function commandFields(f: Record<string, string>) {
  return {
    protocolVersion: f.protocol_version ?? '',
    deviceSessionId: f.device_session_id ?? '',
    messageType: f.message_type ?? '',
    timestampMs: BigInt(f.timestamp_ms ?? ''),
    requestId: f.request_id ?? '',
    idempotencyKey: f.idempotency_key ?? '',
    ifMatch: f.if_match ?? '',
    payloadHash: bytes(f.payload_hash),
  };
}

const all = (Object.keys(build) as Kind[]).flatMap((kind) =>
  vectors[kind].map((vector) => ({ kind, vector })),
);

describe('the published test vectors', () => {
  it('cover every kind of signed bytes', () => {
    expect(new Set(all.map(({ kind }) => kind)).size).toBe(8);
  });

  it.each(all)('$kind: $vector.name has the published signed bytes', ({ kind, vector }) => {
    expect(hex(build[kind](vector.fields))).toBe(vector.signed_bytes);
  });

  it.each(all)('$kind: $vector.name has the published signature', ({ kind, vector }) => {
    const signer = kind === 'response' || kind === 'hello' || kind === 'event' ? 'server' : 'client';
    const der = Buffer.concat([bytes('302e020100300506032b657004220420'), bytes(vectors.keys[signer].seed)]);
    const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    expect(hex(sign(null, bytes(vector.signed_bytes), key))).toBe(vector.signature);
  });

  it.each(vectors.known_device_refused)('a known device is refused: $name', async ({ fields, signature }) => {
    const key = bytes(vectors.keys.client.public_key);
    expect(await verifyWithDeviceKey(key, new Uint8Array(build.known_device(fields)), bytes(signature))).toBe(
      false,
    );
  });

  it.each(all.filter(({ vector }) => vector.payload !== undefined))(
    '$kind: $vector.name hashes its payload with SHA-256',
    ({ vector }) => {
      const hash = createHash('sha256')
        .update(vector.payload ?? '')
        .digest('hex');
      expect(hash).toBe(vector.fields.payload_hash);
    },
  );
});

const anyText = fc.string({ unit: 'binary', maxLength: 20 });
const anyCommand = fc.record({
  protocolVersion: anyText,
  deviceSessionId: anyText,
  messageType: anyText,
  timestampMs: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  requestId: anyText,
  idempotencyKey: anyText,
  ifMatch: anyText,
  payloadHash: fc.uint8Array({ minLength: 32, maxLength: 32 }),
});

describe('signed bytes', () => {
  it('differ whenever any field differs, however text is moved between neighbouring fields', () => {
    fc.assert(
      fc.property(anyCommand, anyCommand, (one, other) => {
        const same = hex(commandBytes(one)) === hex(commandBytes(other));
        const equal = Object.keys(one).every((field) => {
          const key = field as keyof typeof one;
          return Buffer.from(String(one[key])).equals(Buffer.from(String(other[key])));
        });
        expect(same).toBe(equal);
      }),
    );
  });

  it('differ when text moves from one field to the next', () => {
    const [command] = vectors.command;
    const base = commandFields(command?.fields ?? {});
    const one = commandBytes({ ...base, idempotencyKey: 'ab', ifMatch: 'c' });
    const other = commandBytes({ ...base, idempotencyKey: 'a', ifMatch: 'bc' });
    expect(hex(one)).not.toBe(hex(other));
  });

  it('of a command are never those of a subscription', () => {
    fc.assert(
      fc.property(anyCommand, (command) => {
        expect(hex(commandBytes(command))).not.toBe(hex(subscriptionBytes(command)));
      }),
    );
  });
});

describe('a canonical signature', () => {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const withScalar = (scalar: bigint) => {
    const littleEndian = Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex').reverse();
    return Buffer.concat([Buffer.alloc(32, 7), littleEndian]);
  };

  it('has a scalar below the group order', () => {
    expect(isCanonicalSignature(withScalar(0n))).toBe(true);
    expect(isCanonicalSignature(withScalar(order - 1n))).toBe(true);
    expect(isCanonicalSignature(withScalar(order))).toBe(false);
    expect(isCanonicalSignature(withScalar(order + 1n))).toBe(false);
    expect(isCanonicalSignature(Buffer.alloc(64, 0xff))).toBe(false);
  });

  it('has 64 bytes', () => {
    expect(isCanonicalSignature(new Uint8Array(63))).toBe(false);
    expect(isCanonicalSignature(new Uint8Array(65))).toBe(false);
    expect(isCanonicalSignature(new Uint8Array(0))).toBe(false);
  });

  it('is read at its own place of a larger buffer', () => {
    const larger = Buffer.concat([Buffer.alloc(5, 0xff), withScalar(order - 1n), Buffer.alloc(5, 0xff)]);
    expect(isCanonicalSignature(larger.subarray(5, 69))).toBe(true);
  });
});
