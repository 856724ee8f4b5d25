// A client of the platform, as a game developer would write one: signs in, signs commands, verifies responses, follows
// the player's events. Used by the demo and the end-to-end tests; written from proto/ and the docs only.
import { createPublicKey, generateKeyPairSync, type KeyObject, randomUUID, sign, verify } from 'node:crypto';
import { credentials, Metadata } from '@grpc/grpc-js';
import {
  commandBytes,
  confirmBytes,
  protocolVersion,
  responseBytes,
  subscriptionBytes,
} from '../protocol/envelope.ts';
import {
  EdgeGatewayClient,
  type ExecuteCommandRequest,
  type ExecuteCommandResponse,
  type SubscribeEventsRequest,
} from '../protocol/generated/galaxy/gateway/v1/gateway.ts';
import {
  type FollowOptions,
  followEvents,
  type Hello,
  type OpenedStream,
  type PlayerEvent,
} from './events.ts';
import { GatewayError } from './gateway-error.ts';
import { sha256 } from './sha256.ts';

const timeoutMs = 15_000;

export type Endpoints = {
  /** Base URL of the gateway's public HTTP listener. */
  httpUrl: string;
  /** host:port of the gateway's authenticated gRPC listener. */
  grpcAddr: string;
};

export type Session = { deviceSessionId: string; userId: string };

export type CommandOptions = {
  idempotencyKey?: string;
  ifMatch?: string;
  /** A new UUID unless given. */
  requestId?: string;
  /** The client's clock unless given. */
  timestampMs?: number;
};

export type CommandResult = { resultCode: string; payload: Record<string, unknown> };

export class GalaxyClient {
  readonly #endpoints: Endpoints;
  readonly #grpc: EdgeGatewayClient;
  readonly #privateKey: KeyObject;
  readonly publicKey: Uint8Array;
  readonly #serverKeys = new Map<string, KeyObject>();
  #session: Session | undefined;

  /** @param session of an earlier sign-in with the same private key; without both, sign in first. */
  constructor(
    endpoints: Endpoints,
    privateKey = generateKeyPairSync('ed25519').privateKey,
    session?: Session,
  ) {
    this.#endpoints = endpoints;
    this.#grpc = new EdgeGatewayClient(endpoints.grpcAddr, credentials.createInsecure());
    this.#privateKey = privateKey;
    this.publicKey = Buffer.from(createPublicKey(privateKey).export({ format: 'jwk' }).x ?? '', 'base64url');
    this.#session = session;
  }

  get session(): Session {
    return this.#session ?? fail('sign in first');
  }

  /** Requests a sign-in code by e-mail. */
  async sendEmailCode(email: string): Promise<string> {
    const body = await this.#post('send-email-code', { email });
    return text(body, 'challenge_id');
  }

  /** Confirms the code and binds this client's key to a new device session. */
  async confirmEmailCode(challengeId: string, code: string, deviceName: string): Promise<void> {
    const proof = sign(
      null,
      confirmBytes({ challengeId, clientPublicKey: this.publicKey }),
      this.#privateKey,
    );
    const body = await this.#post('confirm-email-code', {
      challenge_id: challengeId,
      code,
      client_public_key: Buffer.from(this.publicKey).toString('base64'),
      proof: proof.toString('base64'),
      device_name: deviceName,
    });
    this.#session = { deviceSessionId: text(body, 'device_session_id'), userId: text(body, 'user_id') };
  }

  /**
   * Runs one command and verifies the signature of its response.
   * @throws GatewayError when the gateway refused it.
   */
  async execute(messageType: string, payload: object, options: CommandOptions = {}): Promise<CommandResult> {
    const request = this.signCommand(messageType, payload, options);
    const response = await this.send(request);
    await this.#verifyResponse(request, response);
    return { resultCode: response.resultCode, payload: JSON.parse(response.payloadBytes.toString('utf8')) };
  }

  /** A signed request, not sent yet. */
  signCommand(messageType: string, payload: object, options: CommandOptions = {}): ExecuteCommandRequest {
    const payloadBytes = Buffer.from(JSON.stringify(payload));
    const fields = {
      protocolVersion,
      deviceSessionId: this.session.deviceSessionId,
      messageType,
      timestampMs: BigInt(options.timestampMs ?? Date.now()),
      requestId: options.requestId ?? randomUUID(),
      idempotencyKey: options.idempotencyKey ?? '',
      ifMatch: options.ifMatch ?? '',
      payloadHash: sha256(payloadBytes),
    };
    return { ...fields, payloadBytes, signature: sign(null, commandBytes(fields), this.#privateKey) };
  }

  /** Sends a request as it is. @throws GatewayError when the gateway refused it. */
  send(request: ExecuteCommandRequest): Promise<ExecuteCommandResponse> {
    return new Promise((resolve, reject) => {
      this.#grpc.executeCommand(
        request,
        new Metadata(),
        { deadline: Date.now() + timeoutMs },
        (error, response) => {
          if (error) reject(new GatewayError(error));
          else resolve(response);
        },
      );
    });
  }

  /**
   * Follows the player's events: a hello first, then each event, verified, in order and once; opens the stream again
   * when it ends. After a hello with `resumed: false` events may be missing.
   * @throws GatewayError when its reason says not to retry.
   */
  events(options: FollowOptions = {}): AsyncGenerator<Hello | PlayerEvent, void> {
    const source = {
      userId: this.session.userId,
      subscribe: (lastEventId: string | undefined) => this.subscribe(this.signSubscription(lastEventId)),
      serverKey: (keyId: string) => this.#serverKey(keyId),
    };
    return followEvents(source, options);
  }

  /** A signed subscription, not sent yet. */
  signSubscription(
    lastEventId: string | undefined,
    options: Pick<CommandOptions, 'requestId' | 'timestampMs'> & { payload?: Uint8Array } = {},
  ): SubscribeEventsRequest {
    const payloadBytes = Buffer.from(options.payload ?? JSON.stringify({ last_event_id: lastEventId }));
    const fields = {
      protocolVersion,
      deviceSessionId: this.session.deviceSessionId,
      messageType: 'gateway.events.subscribe',
      timestampMs: BigInt(options.timestampMs ?? Date.now()),
      requestId: options.requestId ?? randomUUID(),
      payloadHash: sha256(payloadBytes),
    };
    return { ...fields, payloadBytes, signature: sign(null, subscriptionBytes(fields), this.#privateKey) };
  }

  /** Opens one stream with a subscription as it is; verifies nothing. */
  subscribe(request: SubscribeEventsRequest): OpenedStream {
    return {
      call: this.#grpc.subscribeEvents(request),
      requestHash: sha256(subscriptionBytes(request)),
    };
  }

  close(): void {
    this.#grpc.close();
  }

  async #verifyResponse(request: ExecuteCommandRequest, response: ExecuteCommandResponse): Promise<void> {
    const bytes = responseBytes({
      keyId: response.keyId,
      requestHash: sha256(commandBytes(request)),
      timestampMs: response.timestampMs,
      resultCode: response.resultCode,
      payloadHash: response.payloadHash,
    });
    const key = await this.#serverKey(response.keyId);
    const intact = sha256(response.payloadBytes).equals(response.payloadHash);
    if (!intact || !verify(null, bytes, key, response.signature)) {
      throw new Error('the response does not have a valid signature of the gateway');
    }
  }

  async #serverKey(keyId: string): Promise<KeyObject> {
    const known = this.#serverKeys.get(keyId);
    if (known !== undefined) return known;
    const response = await fetch(`${this.#endpoints.httpUrl}/api/v1/public/auth/server-keys`);
    const body = (await response.json()) as { keys: { key_id: string; public_key: string }[] };
    // Keys that are no longer published are no longer trusted.
    this.#serverKeys.clear();
    for (const { key_id, public_key } of body.keys) {
      const x = Buffer.from(public_key, 'base64').toString('base64url');
      this.#serverKeys.set(
        key_id,
        createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }),
      );
    }
    return this.#serverKeys.get(keyId) ?? fail(`the gateway does not publish the key ${keyId}`);
  }

  async #post(route: string, body: object): Promise<Record<string, unknown>> {
    const response = await fetch(`${this.#endpoints.httpUrl}/api/v1/public/auth/${route}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const result = (await response.json()) as Record<string, unknown>;
    if (!response.ok)
      throw new Error(`${route} responded with ${response.status}: ${JSON.stringify(result)}`);
    return result;
  }
}

function text(body: Record<string, unknown>, field: string): string {
  const value = body[field];
  return typeof value === 'string' ? value : fail(`the response has no ${field}`);
}

function fail(message: string): never {
  throw new Error(message);
}
