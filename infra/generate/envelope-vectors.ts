// Makes proto/vectors/envelope-v1.json: examples of every kind of signed bytes, for clients in any language.
// Ed25519 is deterministic, so the file changes only when the envelope does, which must not happen within v1.
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import {
  commandBytes,
  confirmBytes,
  eventBytes,
  helloBytes,
  type KnownDeviceFields,
  knownDeviceBytes,
  recoverBytes,
  responseBytes,
  subscriptionBytes,
} from '../../lib/protocol/envelope.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

/** A key pair from a fixed 32-byte seed, RFC 8032 section 5.1.5. */
function keyPair(firstByte: number) {
  const seed = Uint8Array.from({ length: 32 }, (_, index) => firstByte + index);
  // PrivateKeyInfo of an Ed25519 key up to the seed, RFC 8410 section 7.
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const publicKey = Buffer.from(createPublicKey(privateKey).export({ format: 'jwk' }).x ?? '', 'base64url');
  return { seed, privateKey, publicKey };
}

const client = keyPair(0);
const server = keyPair(32);
const keyId = hex(sha256(server.publicKey)).slice(0, 16);

type Fields = Record<string, string | bigint | Uint8Array>;

function vector(
  name: string,
  fields: Fields,
  bytes: Uint8Array,
  key: KeyObject,
  payload?: string,
  /** Name of the vector that this one responds to. */
  request?: string,
) {
  const shown = Object.entries(fields).map(([field, value]) => [
    field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    value instanceof Uint8Array ? hex(value) : String(value),
  ]);
  return {
    name,
    ...(request === undefined ? {} : { request }),
    ...(payload === undefined ? {} : { payload }),
    fields: Object.fromEntries(shown),
    signed_bytes: hex(bytes),
    signature: hex(sign(null, bytes, key)),
  };
}

const session = '01930f3c-7b1a-7c3e-9a55-3f1f5c1d2e4b';
const user = '01930f3c-7b1a-7000-8000-00000000a11c';

function command(name: string, payload: string, options: { idempotencyKey?: string; ifMatch?: string }) {
  const fields = {
    protocolVersion: 'v1',
    deviceSessionId: session,
    messageType: 'lobby.game.update',
    timestampMs: 1_767_225_600_123n,
    requestId: 'req-0001_A',
    idempotencyKey: options.idempotencyKey ?? '',
    ifMatch: options.ifMatch ?? '',
    payloadHash: sha256(Buffer.from(payload)),
  };
  return vector(name, fields, commandBytes(fields), client.privateKey, payload);
}

function subscription(name: string, payload: string) {
  const fields = {
    protocolVersion: 'v1',
    deviceSessionId: session,
    messageType: 'gateway.events.subscribe',
    timestampMs: 1_767_225_600_123n,
    requestId: 'sub-1',
    payloadHash: sha256(Buffer.from(payload)),
  };
  return vector(name, fields, subscriptionBytes(fields), client.privateKey, payload);
}

/** Signatures that the client's key must not verify for these fields. */
function refusedKnownDevices(fields: KnownDeviceFields) {
  const refused = (name: string, signed: Uint8Array, key: KeyObject = client.privateKey) => {
    const { signed_bytes: _, ...shown } = vector(name, fields, signed, key);
    return shown;
  };
  const { email, deviceSessionId } = fields;
  const confirmation = confirmBytes({ challengeId: deviceSessionId, clientPublicKey: client.publicKey });
  return [
    refused('signed by another key', knownDeviceBytes(fields), server.privateKey),
    refused('signed for another address', knownDeviceBytes({ ...fields, email: 'grace@example.com' })),
    refused(
      'signed for the address as it was typed',
      knownDeviceBytes({ ...fields, email: 'Ada@Example.com' }),
    ),
    refused('signed for another session', knownDeviceBytes({ ...fields, deviceSessionId: user })),
    refused('signed at another time', knownDeviceBytes({ ...fields, timestampMs: fields.timestampMs + 1n })),
    refused(
      'fields in another order',
      knownDeviceBytes({ ...fields, email: deviceSessionId, deviceSessionId: email }),
    ),
    refused('signed as a confirmation', confirmation),
  ];
}

export function envelopeVectors(): string {
  const payload = '{"game_id":"01930f3c-7b1a-7000-8000-0000000000aa","game_name":"Перекрёсток ✦"}';
  const commands = [
    command('command with neither optional field', '{}', {}),
    command('command with an empty payload', '', {}),
    command('command with both optional fields', payload, { idempotencyKey: 'once-42', ifMatch: '7' }),
  ];
  const subscriptions = [
    subscription('subscription', '{}'),
    subscription('subscription that resumes', '{"last_event_id":"k3J9-17"}'),
  ];
  const result = '{"game_id":"01930f3c-7b1a-7000-8000-0000000000aa","revision":8}';
  const refusal = '{"error":{"code":"revision_mismatch","message":"The game has changed."}}';
  const requestHash = (signed: { signed_bytes: string } | undefined) =>
    sha256(Buffer.from(signed?.signed_bytes ?? '', 'hex'));
  const responseVector = (name: string, resultCode: string, body: string) => {
    const fields = {
      keyId,
      requestHash: requestHash(commands[2]),
      timestampMs: 1_767_225_600_200n,
      resultCode,
      payloadHash: sha256(Buffer.from(body)),
    };
    return vector(name, fields, responseBytes(fields), server.privateKey, body, commands[2]?.name);
  };
  const helloPayload = '{"server_time_ms":1767225600200,"resumed":true,"last_event_id":"k3J9-17"}';
  const hello = {
    keyId,
    requestHash: requestHash(subscriptions[1]),
    timestampMs: 1_767_225_600_200n,
    payloadHash: sha256(Buffer.from(helloPayload)),
  };
  const eventPayload = '{"game_id":"01930f3c-7b1a-7000-8000-0000000000aa"}';
  const event = {
    keyId,
    eventType: 'lobby.application.approved',
    eventId: 'k3J9-18',
    prevEventId: 'k3J9-17',
    recipientUserId: user,
    timestampMs: 1_767_225_601_000n,
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    payloadHash: sha256(Buffer.from(eventPayload)),
  };
  const confirmation = {
    challengeId: '01930f3c-7b1a-7000-8000-0000000000c0',
    clientPublicKey: client.publicKey,
  };
  const recovery = { recoveryCode: '7K3QZ-0M9RX-2PVTA-H48DC', clientPublicKey: client.publicKey };
  const knownDevice = { email: 'ada@example.com', deviceSessionId: session, timestampMs: 1_767_225_600_123n };
  const document = {
    about:
      'Signed bytes of the envelope, version v1; see docs/envelope.md. Bytes are hexadecimal, payloads are UTF-8 ' +
      'text, timestamps are decimal milliseconds. A client that makes the same signed_bytes from the same fields, ' +
      'and the same signature from the same key, speaks the envelope. A request_hash is the SHA-256 of the signed_bytes ' +
      'of the vector that `request` names.',
    keys: {
      client: { seed: hex(client.seed), public_key: hex(client.publicKey) },
      server: { seed: hex(server.seed), public_key: hex(server.publicKey), key_id: keyId },
    },
    command: commands,
    subscription: subscriptions,
    response: [
      responseVector('answer', 'ok', result),
      responseVector('refusal by a service', 'revision_mismatch', refusal),
    ],
    hello: [
      vector('hello', hello, helloBytes(hello), server.privateKey, helloPayload, subscriptions[1]?.name),
    ],
    event: [vector('event', event, eventBytes(event), server.privateKey, eventPayload)],
    confirm: [vector('confirmation at sign-in', confirmation, confirmBytes(confirmation), client.privateKey)],
    recover: [vector('sign-in by a recovery code', recovery, recoverBytes(recovery), client.privateKey)],
    known_device: [
      vector('known device at sign-in', knownDevice, knownDeviceBytes(knownDevice), client.privateKey),
    ],
    known_device_refused: refusedKnownDevices(knownDevice),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
