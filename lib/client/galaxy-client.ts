// A client of the platform, as a game developer would write one: signs in, signs commands, verifies responses, follows
// the player's events. Used by the demo and the end-to-end tests; written from proto/ and the docs only.
//
// Faults that pass do not reach the caller while its patience lasts: what fails is sent again, as a new request and under
// the same idempotency key, after pauses that grow, are random, and are never shorter than the gateway asks for.
import { createPublicKey, generateKeyPairSync, type KeyObject, randomUUID, sign, verify } from 'node:crypto';
import { Metadata } from '@grpc/grpc-js';
import {
  commandBytes,
  confirmBytes,
  knownDeviceBytes,
  protocolVersion,
  recoverBytes,
  responseBytes,
  subscriptionBytes,
} from '../protocol/envelope.ts';
import type {
  ExecuteCommandRequest,
  ExecuteCommandResponse,
  SubscribeEventsRequest,
} from '../protocol/generated/galaxy/gateway/v1/gateway.ts';
import { normaliseEmail } from '../users/email.ts';
import { Connection } from './connection.ts';
import {
  type EventSource,
  type FollowOptions,
  followEvents,
  type Hello,
  type OpenedStream,
  type PlayerEvent,
} from './events.ts';
import { GatewayError } from './gateway-error.ts';
import { PublicHttp } from './public-http.ts';
import { persistently } from './retry.ts';
import { ServerClock } from './server-clock.ts';
import { sha256 } from './sha256.ts';

const timeoutMs = 15_000;

export type Endpoints = {
  /** Base URL of the gateway's public HTTP listener. */
  httpUrl: string;
  /** host:port of the gateway's authenticated gRPC listener. */
  grpcAddr: string;
  /**
   * Set when that listener has TLS; its host is a name then, as gRPC takes no IP address there. `ca`: PEM of the
   * authorities to trust, in place of the system's; those count for an https `httpUrl`, too.
   */
  tls?: { ca?: string };
};

export type ClientOptions = {
  /** For how long what fails in a way that passes is tried again; 0: every failure reaches the caller at once. */
  patienceMs?: number;
  /** Between two pings; a silent link is noticed after three halves of it. */
  pingIntervalMs?: number;
};

export type Session = { deviceSessionId: string; userId: string };

export type CommandOptions = {
  idempotencyKey?: string;
  ifMatch?: string;
  /** A new UUID unless given. */
  requestId?: string;
  /** The gateway's time, as far as it is known, unless given. */
  timestampMs?: number;
};

export type CommandResult = { resultCode: string; payload: Record<string, unknown> };

export class GalaxyClient {
  readonly #connection: Connection;
  readonly #publicHttp: PublicHttp;
  readonly #patienceMs: number;
  readonly #clock = new ServerClock();
  readonly #closed = new AbortController();
  readonly #privateKey: KeyObject;
  readonly publicKey: Uint8Array;
  #serverKeys: ReadonlyMap<string, KeyObject> = new Map();
  #session: Session | undefined;

  /** @param session of an earlier sign-in with the same private key; without both, sign in first. */
  constructor(
    endpoints: Endpoints,
    privateKey = generateKeyPairSync('ed25519').privateKey,
    session?: Session,
    { patienceMs = 60_000, pingIntervalMs = 10_000 }: ClientOptions = {},
  ) {
    const { httpUrl, grpcAddr, tls } = endpoints;
    this.#connection = new Connection({ grpcAddr, tls, pingIntervalMs });
    this.#publicHttp = new PublicHttp(httpUrl, tls?.ca);
    this.#patienceMs = patienceMs;
    this.#privateKey = privateKey;
    this.publicKey = Buffer.from(createPublicKey(privateKey).export({ format: 'jwk' }).x ?? '', 'base64url');
    this.#session = session;
  }

  get session(): Session {
    return this.#session ?? fail('sign in first');
  }

  /**
   * Requests a sign-in code by e-mail. A client that has signed in to this account before proves it, so that floods of
   * other requests do not keep it out.
   * @throws PublicHttpError; with `retryAfterMs` when that is beyond the patience.
   */
  async sendEmailCode(email: string): Promise<string> {
    const body = await this.#post('send-email-code', {
      email,
      ...(this.#session && { known_device: this.#knownDevice(email, this.#session) }),
    });
    return text(body, 'challenge_id');
  }

  #knownDevice(email: string, { deviceSessionId }: Session): object {
    const timestampMs = this.#clock.now();
    const fields = {
      email: normaliseEmail(email) ?? email,
      deviceSessionId,
      timestampMs: BigInt(timestampMs),
    };
    const signature = sign(null, knownDeviceBytes(fields), this.#privateKey);
    return {
      device_session_id: deviceSessionId,
      timestamp_ms: timestampMs,
      signature: signature.toString('base64'),
    };
  }

  /**
   * Confirms the code and binds this client's key to a new device session.
   * @throws PublicHttpError; after `challenge_failed` request another code, also because a response may have been lost.
   */
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
   * Signs in by a recovery code in place of the mailbox, and binds this client's key to a new device session.
   * @throws PublicHttpError; after `challenge_failed` try another code, also because a response may have been lost.
   */
  async recover(email: string, recoveryCode: string, deviceName: string): Promise<void> {
    const bytes = recoverBytes({ recoveryCode, clientPublicKey: this.publicKey });
    const body = await this.#post('recover', {
      email,
      recovery_code: recoveryCode,
      client_public_key: Buffer.from(this.publicKey).toString('base64'),
      proof: sign(null, bytes, this.#privateKey).toString('base64'),
      device_name: deviceName,
    });
    this.#session = { deviceSessionId: text(body, 'device_session_id'), userId: text(body, 'user_id') };
  }

  /**
   * Runs one command and verifies the signature of its response.
   * @throws GatewayError when the gateway refused it.
   */
  execute(messageType: string, payload: object, options: CommandOptions = {}): Promise<CommandResult> {
    // What was dated or named by the caller is sent once, and so is everything without patience.
    const once =
      this.#patienceMs === 0 || options.requestId !== undefined || options.timestampMs !== undefined;
    if (once) return this.#executeOnce(messageType, payload, options);
    const { idempotencyKey = randomUUID() } = options;
    const attempt = async () => {
      await this.#connection.ready(timeoutMs);
      const sentAtMs = Date.now();
      try {
        return await this.#executeOnce(messageType, payload, { ...options, idempotencyKey });
      } catch (error) {
        if (!(error instanceof GatewayError && error.isStale)) throw error;
        this.#clock.learn(error.serverTimeMs, sentAtMs);
        return this.#executeOnce(messageType, payload, { ...options, idempotencyKey });
      }
    };
    return this.#persistently(attempt);
  }

  /** A signed request, not sent yet. */
  signCommand(messageType: string, payload: object, options: CommandOptions = {}): ExecuteCommandRequest {
    const payloadBytes = Buffer.from(JSON.stringify(payload));
    const fields = {
      protocolVersion,
      deviceSessionId: this.session.deviceSessionId,
      messageType,
      timestampMs: BigInt(options.timestampMs ?? this.#clock.now()),
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
      this.#connection.client.executeCommand(
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
    const source: EventSource = {
      userId: this.session.userId,
      subscribe: async (lastEventId, signal) => {
        await this.#connection.ready(Number.POSITIVE_INFINITY, signal);
        return this.subscribe(this.signSubscription(lastEventId));
      },
      serverKey: (keyId, signal) => this.#serverKey(keyId, signal),
      clock: this.#clock,
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
      timestampMs: BigInt(options.timestampMs ?? this.#clock.now()),
      requestId: options.requestId ?? randomUUID(),
      payloadHash: sha256(payloadBytes),
    };
    return { ...fields, payloadBytes, signature: sign(null, subscriptionBytes(fields), this.#privateKey) };
  }

  /** Opens one stream with a subscription as it is; verifies nothing. */
  subscribe(request: SubscribeEventsRequest): OpenedStream {
    return {
      call: this.#connection.client.subscribeEvents(request),
      requestHash: sha256(subscriptionBytes(request)),
    };
  }

  close(): void {
    this.#closed.abort();
    this.#connection.close();
    this.#publicHttp.close();
  }

  async #executeOnce(messageType: string, payload: object, options: CommandOptions): Promise<CommandResult> {
    const request = this.signCommand(messageType, payload, options);
    const sentAtMs = Date.now();
    const response = await this.send(request);
    const receivedAtMs = Date.now();
    await this.#verifyResponse(request, response);
    this.#clock.learn(Number(response.timestampMs), sentAtMs, receivedAtMs);
    return { resultCode: response.resultCode, payload: JSON.parse(response.payloadBytes.toString('utf8')) };
  }

  #persistently<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const closed = this.#closed.signal;
    const over = signal === undefined ? closed : AbortSignal.any([signal, closed]);
    return persistently(work, { patienceMs: this.#patienceMs, signal: over });
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

  async #serverKey(keyId: string, signal?: AbortSignal): Promise<KeyObject> {
    const known = this.#serverKeys.get(keyId);
    if (known !== undefined) return known;
    // Keys that are no longer published are no longer trusted.
    this.#serverKeys = await this.#persistently(() => this.#publicHttp.serverKeys(), signal);
    return this.#serverKeys.get(keyId) ?? fail(`the gateway does not publish the key ${keyId}`);
  }

  #post(route: string, body: object): Promise<Record<string, unknown>> {
    return this.#persistently(() => this.#publicHttp.post(route, body));
  }
}

function text(body: Record<string, unknown>, field: string): string {
  const value = body[field];
  return typeof value === 'string' ? value : fail(`the response has no ${field}`);
}

function fail(message: string): never {
  throw new Error(message);
}
