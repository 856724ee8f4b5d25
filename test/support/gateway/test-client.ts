// The client of tests: the client package, with what a test needs beyond it. It holds every event that it receives to
// the published schemas, and can sign and send what the package never would, as it is and once.
import { createPublicKey, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { type ClientReadableStream, Metadata } from '@grpc/grpc-js';
import { type CommandOptions, type CommandResult, GalaxyClient } from '../../../lib/client/client.ts';
import type { DeviceKeys, Session } from '../../../lib/client/device-keys.ts';
import type { FollowOptions, Hello, PlayerEvent } from '../../../lib/client/events.ts';
import { Connection } from '../../../lib/client/grpc-connection.ts';
import {
  gatewayErrorOf,
  grpcTransport,
  messagesOf,
  withBuffers,
} from '../../../lib/client/grpc-transport.ts';
import type { Gateway } from '../../../lib/client/node.ts';
import { sha256 } from '../../../lib/gateway/sha256.ts';
import { commandBytes, protocolVersion, subscriptionBytes } from '../../../lib/protocol/envelope.ts';
import type {
  ExecuteCommandRequest,
  ExecuteCommandResponse,
  GatewayEvent,
  SubscribeEventsRequest,
} from '../../../lib/protocol/generated/galaxy/gateway/v1/gateway.ts';
import { checkEvent } from './event-check.ts';

const timeoutMs = 15_000;

export type TestClientOptions = { patienceMs?: number; pingIntervalMs?: number };

/** Of a request that is named or dated by the test, and so sent once and not verified. */
export type RawOptions = Omit<CommandOptions, 'signal'> & { requestId?: string; timestampMs?: number };

export type OpenedCall = { call: ClientReadableStream<GatewayEvent>; requestHash: Uint8Array };

export class TestClient extends GalaxyClient {
  readonly publicKey: Uint8Array;
  readonly #privateKey: KeyObject;
  readonly #connection: Connection;

  /** @param session of an earlier sign-in with the same private key; without both, sign in first. */
  constructor(
    { httpUrl, grpcAddr, tls }: Gateway,
    privateKey = generateKeyPairSync('ed25519').privateKey,
    session?: Session,
    { patienceMs, pingIntervalMs = 10_000 }: TestClientOptions = {},
  ) {
    const keys = keysOf(privateKey, session);
    const connection = { grpcAddr, tls, pingIntervalMs };
    super({
      transport: {
        ...grpcTransport(connection),
        // So that a subclass sends commands and opens streams in another way.
        unary: async (request) => there(this).send(withBuffers(request)),
        stream: (request, signal) => messagesOf(there(this).subscribe(withBuffers(request)).call, signal),
      },
      httpUrl,
      keys,
      ...(patienceMs === undefined ? {} : { patienceMs }),
    });
    this.publicKey = keys.publicKey;
    this.#privateKey = privateKey;
    this.#connection = new Connection(connection);
  }

  override get session(): Session {
    if (super.session === undefined) throw new Error('sign in first');
    return super.session;
  }

  override async execute(
    messageType: string,
    payload: object,
    options: RawOptions = {},
  ): Promise<CommandResult> {
    const { requestId, timestampMs } = options;
    if (requestId === undefined && timestampMs === undefined) {
      return super.execute(messageType, payload, options);
    }
    const { resultCode, payloadBytes } = await this.send(this.signCommand(messageType, payload, options));
    return { resultCode, payload: JSON.parse(payloadBytes.toString('utf8')) };
  }

  override async *events(options?: FollowOptions): AsyncGenerator<Hello | PlayerEvent, void> {
    for await (const item of super.events(options)) {
      if (item.kind === 'event') checkEvent(item.eventType, item.payload);
      yield item;
    }
  }

  override close(): void {
    this.#connection.close();
    super.close();
  }

  /** A signed request, not sent yet. */
  signCommand(messageType: string, payload: object, options: RawOptions = {}): ExecuteCommandRequest {
    const payloadBytes = Buffer.from(JSON.stringify(payload));
    const { idempotencyKey = '', ifMatch = '' } = options;
    const fields = { ...this.#newRequest(payloadBytes, options), messageType, idempotencyKey, ifMatch };
    return { ...fields, payloadBytes, signature: sign(null, commandBytes(fields), this.#privateKey) };
  }

  /** Sends a request as it is. @throws GatewayError when the gateway refused it. */
  send(request: ExecuteCommandRequest): Promise<ExecuteCommandResponse> {
    return new Promise((resolve, reject) => {
      const deadline = Date.now() + timeoutMs;
      this.#connection.client.executeCommand(request, new Metadata(), { deadline }, (error, response) => {
        if (error) reject(gatewayErrorOf(error));
        else resolve(response);
      });
    });
  }

  /** A signed subscription, not sent yet. */
  signSubscription(
    lastEventId: string | undefined,
    options: Pick<RawOptions, 'requestId' | 'timestampMs'> & { payload?: Uint8Array } = {},
  ): SubscribeEventsRequest {
    const payloadBytes = Buffer.from(options.payload ?? JSON.stringify({ last_event_id: lastEventId }));
    const fields = { ...this.#newRequest(payloadBytes, options), messageType: 'gateway.events.subscribe' };
    return { ...fields, payloadBytes, signature: sign(null, subscriptionBytes(fields), this.#privateKey) };
  }

  /** Opens one stream with a subscription as it is; verifies nothing. */
  subscribe(request: SubscribeEventsRequest): OpenedCall {
    return {
      call: this.#connection.client.subscribeEvents(request),
      requestHash: sha256(subscriptionBytes(request)),
    };
  }

  #newRequest(payloadBytes: Buffer, { requestId = randomUUID(), timestampMs = Date.now() }: RawOptions) {
    const { deviceSessionId } = this.session;
    const payloadHash = sha256(payloadBytes);
    return { protocolVersion, deviceSessionId, timestampMs: BigInt(timestampMs), requestId, payloadHash };
  }
}

function there(client: TestClient | undefined): TestClient {
  if (client === undefined) throw new Error('nothing is sent before the client is made');
  return client;
}

function keysOf(privateKey: KeyObject, stored: Session | undefined): DeviceKeys {
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  let session = stored;
  return {
    publicKey: Buffer.from(x, 'base64url'),
    get session() {
      return session;
    },
    sign: async (bytes) => sign(null, bytes, privateKey),
    async bind(bound) {
      session = bound;
    },
  };
}
