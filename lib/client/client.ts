// A client of the platform: signs in, signs commands, verifies responses, follows the player's events. It knows no
// transport and no store of keys; node.ts gives it those of Node.
//
// Faults that pass do not reach the caller while its patience lasts: what fails is sent again, as a new request and under
// the same idempotency key, after pauses that grow, are random, and are never shorter than the gateway asks for.
import {
  commandBytes,
  confirmBytes,
  knownDeviceBytes,
  protocolVersion,
  recoverBytes,
  responseBytes,
  subscriptionBytes,
} from '../protocol/envelope.ts';
import { normaliseEmail } from '../users/email.ts';
import { CommandError } from './command-error.ts';
import type { DeviceKeys, Session } from './device-keys.ts';
import { EventFeed } from './event-feed.ts';
import {
  type EventSource,
  type FollowOptions,
  followEvents,
  type Hello,
  type PlayerEvent,
} from './events.ts';
import { GameHandle } from './game.ts';
import { GatewayError } from './gateway-error.ts';
import { type Api, commandClasses } from './generated/api.ts';
import { PublicHttp } from './public-http.ts';
import { persistently } from './retry.ts';
import { ServerClock } from './server-clock.ts';
import { ServerKeys } from './server-keys.ts';
import type { CommandRequest, CommandResponse, SubscribeRequest, Transport } from './transport.ts';
import { isEqual, sha256, toBase64, verify } from './web-crypto.ts';

const timeoutMs = 15_000;
const defaultPatienceMs = 60_000;

export type ClientOptions = {
  /** For how long what fails in a way that passes is tried again; 0: every failure reaches the caller at once. */
  patienceMs?: number;
};

export type CommandOptions = {
  /** Under which the command takes effect once, however often it is sent; a new one unless given. */
  idempotencyKey?: string;
  /** The `revision` that a change is based on. */
  ifMatch?: string;
  /** Ends the attempts; what was sent may still take effect. */
  signal?: AbortSignal;
};

export type CommandResult = { resultCode: string; payload: Record<string, unknown> };

export type SignInOptions = {
  /** Asks the person for the code that was mailed. */
  code: (challengeId: string) => string | Promise<string>;
  /** Under which the session is listed. */
  deviceName: string;
};

export type ClientParts = ClientOptions & {
  transport: Transport;
  /** Base URL of the gateway's public routes. */
  httpUrl: string;
  keys: DeviceKeys;
  /** How events are followed; on a stream of their own unless given. */
  follow?: Follow;
};

export type Follow = (
  source: EventSource,
  options: FollowOptions,
  deviceSessionId: string,
) => AsyncGenerator<Hello | PlayerEvent, void>;

export class GalaxyClient {
  /** A method for every message type: `user.account.get` is `client.user.account.get`. */
  readonly user: Api<CommandOptions>['user'];
  /** `lobby.game.list_mine` is `client.lobby.game.listMine`. */
  readonly lobby: Api<CommandOptions>['lobby'];
  /** `client.game(gameId)` is one game; `game.turn.get` is `client.game.turn.get`, too. */
  readonly game: ((gameId: string) => GameHandle<CommandOptions>) & Api<CommandOptions>['game'];
  readonly #transport: Transport;
  readonly #publicHttp: PublicHttp;
  readonly #serverKeys: ServerKeys;
  readonly #keys: DeviceKeys;
  readonly #follow: Follow;
  readonly #patienceMs: number;
  readonly #clock = new ServerClock();
  readonly #closed = new AbortController();
  #firstLook: Promise<void> | undefined;

  constructor({
    transport,
    httpUrl,
    keys,
    follow = followEvents,
    patienceMs = defaultPatienceMs,
  }: ClientParts) {
    this.#transport = transport;
    this.#publicHttp = new PublicHttp(httpUrl, transport.fetch, this.#clock);
    this.#serverKeys = new ServerKeys(this.#publicHttp);
    this.#keys = keys;
    this.#follow = follow;
    this.#patienceMs = patienceMs;
    const api = createApi((messageType, payload, options) => this.#command(messageType, payload, options));
    this.user = api.user;
    this.lobby = api.lobby;
    const feed = new EventFeed((signal) => this.events({ signal }));
    this.game = Object.assign((gameId: string) => new GameHandle(gameId, api.game, feed), api.game);
  }

  /** Of the last sign-in; undefined before. */
  get session(): Session | undefined {
    return this.#keys.session;
  }

  /** Signs in with a code that is mailed. @throws PublicHttpError, as `sendEmailCode` and `confirmEmailCode`. */
  async signIn(email: string, { code, deviceName }: SignInOptions): Promise<Session> {
    const challengeId = await this.sendEmailCode(email);
    return this.confirmEmailCode(challengeId, await code(challengeId), deviceName);
  }

  /**
   * Requests a sign-in code by e-mail. A client that has signed in to this account before proves it, so that floods of
   * other requests do not keep it out.
   * @param locale of the mail, and of a new account.
   * @throws PublicHttpError; with `retryAfterMs` when that is beyond the patience.
   */
  async sendEmailCode(email: string, locale?: string): Promise<string> {
    const { session } = this.#keys;
    const knownDevice = session && { known_device: await this.#knownDevice(email, session) };
    const body = await this.#post('send-email-code', { email, locale, ...knownDevice }, ['challenge_id']);
    return body.challenge_id;
  }

  async #knownDevice(email: string, { deviceSessionId }: Session): Promise<object> {
    const timestampMs = this.#clock.now();
    const fields = {
      email: normaliseEmail(email) ?? email,
      deviceSessionId,
      timestampMs: BigInt(timestampMs),
    };
    const signature = await this.#keys.sign(knownDeviceBytes(fields));
    return {
      device_session_id: deviceSessionId,
      timestamp_ms: timestampMs,
      signature: toBase64(signature),
    };
  }

  /**
   * Confirms the code and binds this client's key to a new device session.
   * @param timeZone of a new account.
   * @throws PublicHttpError; after `challenge_failed` request another code, also because a response may have been lost.
   */
  async confirmEmailCode(
    challengeId: string,
    code: string,
    deviceName: string,
    timeZone?: string,
  ): Promise<Session> {
    const { publicKey } = this.#keys;
    const proof = await this.#keys.sign(confirmBytes({ challengeId, clientPublicKey: publicKey }));
    const confirmation = {
      challenge_id: challengeId,
      code,
      client_public_key: toBase64(publicKey),
      proof: toBase64(proof),
      device_name: deviceName,
      time_zone: timeZone,
    };
    return this.#bind('confirm-email-code', confirmation);
  }

  /**
   * Signs in by a recovery code in place of the mailbox, and binds this client's key to a new device session.
   * @throws PublicHttpError; after `challenge_failed` try another code, also because a response may have been lost.
   */
  async recover(email: string, recoveryCode: string, deviceName: string): Promise<Session> {
    const { publicKey } = this.#keys;
    const proof = await this.#keys.sign(recoverBytes({ recoveryCode, clientPublicKey: publicKey }));
    return this.#bind('recover', {
      email,
      recovery_code: recoveryCode,
      client_public_key: toBase64(publicKey),
      proof: toBase64(proof),
      device_name: deviceName,
    });
  }

  async #bind(route: string, proven: object): Promise<Session> {
    const body = await this.#post(route, proven, ['device_session_id', 'user_id']);
    const session = { deviceSessionId: body.device_session_id, userId: body.user_id };
    await this.#keys.bind(session);
    return session;
  }

  /**
   * Runs one command of any type, and returns also what a service has refused.
   * @throws GatewayError when the gateway refused it.
   */
  execute(messageType: string, payload: object, options: CommandOptions = {}): Promise<CommandResult> {
    return this.#attempts(messageType, payload, options, (result) => result);
  }

  /**
   * Follows the player's events: a hello first, then each event, verified, in order and once; opens the stream again
   * when it ends. After a hello with `resumed: false` events may be missing.
   * @throws GatewayError when its reason says not to retry.
   */
  events(options: FollowOptions = {}): AsyncGenerator<Hello | PlayerEvent, void> {
    const closed = this.#closed.signal;
    const signal = options.signal === undefined ? closed : AbortSignal.any([options.signal, closed]);
    const { userId, deviceSessionId } = this.#signedIn();
    const source: EventSource = {
      userId,
      subscribe: async (lastEventId, left) => {
        await this.#transport.ready(Number.POSITIVE_INFINITY, left);
        const request = await this.#signSubscription(lastEventId);
        return {
          messages: this.#transport.stream(request, left),
          requestHash: await sha256(subscriptionBytes(request)),
        };
      },
      serverKey: (keyId, left) => this.#serverKey(keyId, left),
      clock: this.#clock,
    };
    return this.#follow(source, { ...options, signal }, deviceSessionId);
  }

  /** Ends all that goes on. */
  close(): void {
    this.#closed.abort();
    this.#transport.close();
  }

  #signedIn(): Session {
    if (this.session === undefined) throw new Error('sign in first');
    return this.session;
  }

  #command(messageType: string, payload: object, options: CommandOptions): Promise<unknown> {
    return this.#attempts(messageType, payload, options, ({ resultCode, payload: result }) => {
      if (resultCode === 'ok') return result;
      throw new CommandError(messageType, resultCode, result);
    });
  }

  /** @param read makes the result of a response; what it throws may be a reason for another attempt. */
  #attempts<T>(
    messageType: string,
    payload: object,
    { idempotencyKey = crypto.randomUUID(), ifMatch = '', signal }: CommandOptions,
    read: (result: CommandResult) => T,
  ): Promise<T> {
    const command = {
      messageType,
      payload,
      idempotencyKey: isRead(messageType) ? '' : idempotencyKey,
      ifMatch,
    };
    const once = async () => read(await this.#executeOnce(command));
    if (this.#patienceMs === 0) return once();
    return this.#persistently(async () => {
      await this.#transport.ready(timeoutMs, signal);
      const sentAtMs = Date.now();
      try {
        return await once();
      } catch (error) {
        if (!(error instanceof GatewayError && error.isStale)) throw error;
        this.#clock.learn(error.serverTimeMs, sentAtMs);
        return once();
      }
    }, signal);
  }

  async #executeOnce(command: Command): Promise<CommandResult> {
    const request = await this.#signCommand(command);
    const sentAtMs = Date.now();
    const response = await this.#transport.unary(request, timeoutMs);
    const receivedAtMs = Date.now();
    await this.#verifyResponse(request, response);
    this.#clock.learn(Number(response.timestampMs), sentAtMs, receivedAtMs);
    const payload = JSON.parse(new TextDecoder().decode(response.payloadBytes));
    return { resultCode: response.resultCode, payload };
  }

  async #signCommand({ payload, ...command }: Command): Promise<CommandRequest> {
    const payloadBytes = new TextEncoder().encode(JSON.stringify(payload));
    const fields = { ...(await this.#newRequest(payloadBytes)), ...command };
    return { ...fields, payloadBytes, signature: await this.#keys.sign(commandBytes(fields)) };
  }

  async #signSubscription(lastEventId: string | undefined): Promise<SubscribeRequest> {
    const payloadBytes = new TextEncoder().encode(JSON.stringify({ last_event_id: lastEventId }));
    const fields = { ...(await this.#newRequest(payloadBytes)), messageType: 'gateway.events.subscribe' };
    return { ...fields, payloadBytes, signature: await this.#keys.sign(subscriptionBytes(fields)) };
  }

  async #newRequest(payloadBytes: Uint8Array) {
    const { deviceSessionId } = this.#signedIn();
    // Before anything is dated, since this device's clock may be wrong: the response has the gateway's. Without one the
    // refusal of a stale request says it, and the keys are fetched again when they are needed.
    this.#firstLook ??= this.#serverKeys.refresh().catch(() => {});
    await this.#firstLook;
    return {
      protocolVersion,
      deviceSessionId,
      timestampMs: BigInt(this.#clock.now()),
      requestId: crypto.randomUUID(),
      payloadHash: await sha256(payloadBytes),
    };
  }

  #persistently<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const closed = this.#closed.signal;
    const over = signal === undefined ? closed : AbortSignal.any([signal, closed]);
    return persistently(work, { patienceMs: this.#patienceMs, signal: over });
  }

  async #verifyResponse(request: CommandRequest, response: CommandResponse): Promise<void> {
    const { keyId, timestampMs, resultCode, payloadHash, payloadBytes, signature } = response;
    const requestHash = await sha256(commandBytes(request));
    const bytes = responseBytes({ keyId, requestHash, timestampMs, resultCode, payloadHash });
    const key = await this.#serverKey(keyId);
    const isIntact = isEqual(await sha256(payloadBytes), payloadHash);
    if (!isIntact || !(await verify(key, bytes, signature))) {
      throw new Error('the response does not have a valid signature of the gateway');
    }
  }

  #serverKey(keyId: string, signal?: AbortSignal): Promise<CryptoKey> {
    return this.#serverKeys.get(keyId, () => this.#persistently(() => this.#serverKeys.refresh(), signal));
  }

  #post<Field extends string>(route: string, body: object, fields: readonly Field[]) {
    return this.#persistently(() => this.#publicHttp.post(route, body, fields));
  }
}

type Command = { messageType: string; payload: object; idempotencyKey: string; ifMatch: string };

function isRead(messageType: string): boolean {
  return Object.entries(commandClasses).some(([name, kind]) => name === messageType && kind === 'read');
}

type Run = (messageType: string, payload: object, options: CommandOptions) => Promise<unknown>;

/** The generated interface has a method for every key of the generated table. */
function createApi(run: Run): Api<CommandOptions> {
  const api: Record<string, Record<string, Record<string, unknown>>> = {};
  for (const messageType of Object.keys(commandClasses)) {
    const [area = '', noun = '', verb = ''] = messageType.split('.').map(camelCase);
    const method = (payload: object = {}, options: CommandOptions = {}) => run(messageType, payload, options);
    api[area] = { ...api[area], [noun]: { ...api[area]?.[noun], [verb]: method } };
  }
  return api as unknown as Api<CommandOptions>;
}

function camelCase(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
