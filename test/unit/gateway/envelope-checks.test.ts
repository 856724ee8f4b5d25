import { describe, expect, it } from 'vitest';
import {
  checkPayloadHash,
  checkShape,
  checkVersion,
  type Envelope,
  maxPayloadBytes,
} from '../../../lib/gateway/domain/envelope-checks.ts';

const envelope: Envelope = {
  protocolVersion: 'v1',
  deviceSessionId: '01930f3c-7b1a-7c3e-9a55-3f1f5c1d2e4b',
  messageType: 'lobby.game.get',
  timestampMs: 1_767_225_600_000n,
  requestId: 'r-1',
  payloadBytes: new Uint8Array(2),
  payloadHash: new Uint8Array(32),
  signature: new Uint8Array(64),
};

describe('version and shape', () => {
  it('accept a well-formed envelope, with and without the optional fields', () => {
    expect(checkVersion(envelope)).toBeUndefined();
    expect(checkShape(envelope)).toBeUndefined();
    expect(checkShape({ ...envelope, idempotencyKey: '', ifMatch: '' })).toBeUndefined();
    expect(checkShape({ ...envelope, idempotencyKey: 'k'.repeat(64), ifMatch: '12' })).toBeUndefined();
    expect(checkShape({ ...envelope, payloadBytes: new Uint8Array(maxPayloadBytes) })).toBeUndefined();
  });

  it.each(['', 'v2', 'V1', 'v1 '])('refuse protocol version %j', (protocolVersion) => {
    expect(checkVersion({ ...envelope, protocolVersion })?.reason).toBe('UNSUPPORTED_PROTOCOL_VERSION');
  });

  const malformed: [string, Partial<Envelope>][] = [
    ['device_session_id', { deviceSessionId: '' }],
    ['device_session_id', { deviceSessionId: '01930F3C-7B1A-7C3E-9A55-3F1F5C1D2E4B' }],
    ['device_session_id', { deviceSessionId: '../sessions' }],
    ['message_type', { messageType: '' }],
    ['message_type', { messageType: 'Lobby.game' }],
    ['message_type', { messageType: 'a'.repeat(65) }],
    ['timestamp_ms', { timestampMs: 0n }],
    ['timestamp_ms', { timestampMs: -1n }],
    ['request_id', { requestId: '' }],
    ['request_id', { requestId: 'r'.repeat(65) }],
    ['request_id', { requestId: 'a:b' }],
    ['request_id', { requestId: 'a\n' }],
    ['payload_bytes', { payloadBytes: new Uint8Array(maxPayloadBytes + 1) }],
    ['payload_hash', { payloadHash: new Uint8Array(31) }],
    ['payload_hash', { payloadHash: new Uint8Array(0) }],
    ['signature', { signature: new Uint8Array(63) }],
    ['signature', { signature: new Uint8Array(64).fill(0xff) }],
    ['idempotency_key', { idempotencyKey: 'k'.repeat(65) }],
    ['if_match', { ifMatch: 'a b' }],
  ];
  it.each(malformed)('refuse a malformed %s and name it (%#)', (field, change) => {
    expect(checkShape({ ...envelope, ...change })).toMatchObject({
      reason: 'MALFORMED_ENVELOPE',
      metadata: { field },
    });
  });
});

describe('payload hash', () => {
  it('must be that of the payload, to the last byte', () => {
    const hash = Uint8Array.from({ length: 32 }, (_, index) => index);
    const changed = hash.with(31, 0);
    expect(checkPayloadHash({ ...envelope, payloadHash: hash }, hash)).toBeUndefined();
    expect(checkPayloadHash({ ...envelope, payloadHash: changed }, hash)?.reason).toBe(
      'PAYLOAD_HASH_MISMATCH',
    );
  });
});
