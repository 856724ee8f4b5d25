// The backend's two listeners in the test's process: the real handlers on a database of the test file's own, with a
// clock that the test moves, the mails that went out, what the outbox published, and every line that was logged.
import { ed25519 } from '@noble/curves/ed25519.js';
import pg from 'pg';
import { pino } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import { createBackendAdminApp } from '../../../handlers/backend/admin-router.ts';
import { createBackendServiceApp } from '../../../handlers/backend/service-router.ts';
import { createAddressHash } from '../../../lib/backend/address-hash.ts';
import type { BackendContext } from '../../../lib/backend/context.ts';
import type { Entitlements } from '../../../lib/backend/domain/eligibility.ts';
import type { CodeBudget } from '../../../lib/backend/domain/mail-queues.ts';
import { createLookupLimit } from '../../../lib/backend/lookup-limit.ts';
import type { Mail, Mailer } from '../../../lib/backend/mail/mail.ts';
import { MailSender, writeMails } from '../../../lib/backend/mail/outgoing-mails.ts';
import { createMailSeal } from '../../../lib/backend/mail/seal.ts';
import { notificationStream } from '../../../lib/backend/notifications/stream.ts';
import { createOidcIssuer, type OidcClient } from '../../../lib/backend/oidc-issuer.ts';
import { createOptOutTokens } from '../../../lib/backend/opt-out-tokens.ts';
import { createRecoveryCodes } from '../../../lib/backend/recovery-codes.ts';
import { createSignInCodes } from '../../../lib/backend/sign-in-codes.ts';
import type { Database } from '../../../lib/backend/store/database.ts';
import { auditEntries, outbox as outboxTable } from '../../../lib/backend/store/schema.ts';
import { backendStreamTables } from '../../../lib/backend/store/stream-tables.ts';
import type { HttpApp } from '../../../lib/http/app.ts';
import type { ServiceCaller } from '../../../lib/operators/service-callers.ts';
import { Outbox } from '../../../lib/outbox/outbox.ts';
import type { Message } from '../../../lib/outbox/store.ts';
import { databaseOn } from '../../../lib/postgres/database.ts';
import { migrate } from '../../../lib/postgres/migrate.ts';
import { confirmBytes, knownDeviceBytes, recoverBytes } from '../../../lib/protocol/envelope.ts';
import type { Redis } from '../../../lib/redis/client.ts';
import { requeueAtOnce, statesOf } from '../../../lib/streams/admin.ts';
import { toLoggedError } from '../../../lib/telemetry/logged-error.ts';
import { operatorKey, operatorOptions } from '../operators.ts';
import { createTestDatabase, type Template } from '../stores/database.ts';
import { readTables, type Tables } from '../stores/tables.ts';

export const backendTemplate: Template = {
  name: 'backend',
  migrate: (dsn) => migrate({ dsn, folder: 'drizzle/backend/migrations', schema: 'backend' }),
};

export const entitlementDefaults: Entitlements = {
  canCreatePublicGame: true,
  canCreatePrivateGame: true,
  canJoinGame: true,
  maxOwnedGames: 10,
  maxActiveMemberships: 20,
  maxRegisteredRaceNames: 3,
};

export const mailLimits = {
  maxMailsPerNetwork: 5,
  maxMailsPerAddress: 8,
  maxMailsFromNetwork: 30,
  maxMailsPerKnownDevice: 3,
  windowMs: 3_600_000,
};

export const wrongCodeLimits = { maxWrongCodesPerAddress: 8, maxWrongCodesPerNetwork: 12 };

export const lookupRate = { count: 60, perMs: 3_600_000, burst: 5 };

const connections = 10;

export type HttpResponse = { status: number; headers: Headers; body: Record<string, unknown> };

type RequestOptions = { body?: unknown; headers?: HeadersInit };

export type TestBackend = {
  readonly app: HttpApp;
  readonly adminApp: HttpApp;
  readonly db: Database;
  readonly pool: pg.Pool;
  /** Of its database. */
  readonly dsn: string;
  /** Those that were sent, by the mailer that records them. */
  readonly mails: Mail[];
  /** What the outbox has published, in its order. */
  readonly published: Message[];
  readonly logLines: string[];
  /** Moves the backend's clock. */
  advance(ms: number): void;
  now(): Date;
  request(method: string, path: string, options?: RequestOptions): Promise<HttpResponse>;
  /** The same, to the admin listener. */
  adminRequest(method: string, path: string, options?: RequestOptions): Promise<HttpResponse>;
  /** Resolves when nothing goes on in the background. */
  settled(): Promise<void>;
  /** Sends what is due, as the mail worker does; ends pauses after failures first. */
  sendMails(): Promise<void>;
  /** Writes and sends mails, as the context has it. */
  readonly outgoingMails: BackendContext['mails'];
  /** Another process that sends mails. */
  newMailSender(): MailSender;
  /** Every row of every table then, to show that nothing changed. */
  snapshot(): Promise<Tables>;
  close(): Promise<void>;
};

export const secret = 'the secret of the tests, with 32 bytes or more';

export async function startTestBackend(
  options: {
    callers?: readonly ServiceCaller[];
    lobby?: { httpUrl: string; token: string | undefined; timeoutMs: number };
    /** Where the streams of the admin's routes are. */
    redis?: Redis;
    /** Instead of the one that records. */
    mailer?: Mailer;
    /** Of mails with codes; none unless it is given. */
    budget?: CodeBudget;
    /** At which operators may sign in. */
    oidc?: OidcClient;
  } = {},
): Promise<TestBackend> {
  const database = await createTestDatabase(backendTemplate);
  const pool = new pg.Pool({ connectionString: database.dsn, max: connections, idleTimeoutMillis: 0 });
  pool.on('error', () => {});
  // All of them are open before the test begins: requests that it sends at once then really run at once.
  await Promise.all(Array.from({ length: connections }, () => pool.query('select pg_sleep(0.05)')));
  const mails: Mail[] = [];
  const logLines: string[] = [];
  const log = pino(
    { level: 'trace', serializers: { error: toLoggedError } },
    { write: (line: string) => logLines.push(line) },
  );
  let clock = Date.parse('2026-01-31T12:00:00.000Z');
  const now = () => new Date(clock);
  const db = databaseOn(pool);
  const published: Message[] = [];
  const publish = async (message: Message) => {
    published.push(message);
  };
  const publishers = {
    session_invalidation: publish,
    user_lifecycle: publish,
    notification_intent: publish,
  };
  const outbox = new Outbox({ db, table: outboxTable, publishers, log });
  const seal = await createMailSeal(secret);
  const recorder: Mailer = {
    async send(mail) {
      mails.push(mail);
    },
    close() {},
  };
  const { mailer = recorder, budget = { rate: 'off', accountPercent: 0 } } = options;
  const newMailSender = () =>
    new MailSender({ db, seal, mailer, budget, maxConcurrent: 4, timeoutMs: 5_000, now, log });
  const sender = newMailSender();
  const settled = async () => {
    await sender.settled();
    await outbox.settled();
  };
  const context: BackendContext = {
    db,
    outbox,
    codes: await createSignInCodes(secret),
    recoveryCodes: await createRecoveryCodes(secret),
    hashAddress: await createAddressHash(secret),
    optOutTokens: await createOptOutTokens(secret),
    mails: { write: (tx, written) => writeMails(tx, seal, written), sendSoon: () => sender.sendSoon() },
    mailLimits,
    wrongCodeLimits,
    lookupWaitMs: createLookupLimit(lookupRate, () => clock),
    entitlementDefaults,
    signAssertion: operatorKey.sign,
    oidcIssuer: options.oidc && createOidcIssuer(options.oidc),
    now,
    newId: () => uuidv7(),
    log,
  };
  const httpOptions = { log, ready: () => true, bodyLimitBytes: 65_536, callers: options.callers };
  const app = createBackendServiceApp(httpOptions, context, options.lobby);
  const consumers = [notificationStream('notification:intents')];
  const theRedis = () => {
    if (options.redis === undefined) throw new Error('this backend has no Redis');
    return options.redis;
  };
  const adminApp = createBackendAdminApp({ ...httpOptions, ...operatorOptions }, context, {
    db,
    tables: backendStreamTables,
    audit: auditEntries,
    outbox: outboxTable,
    consumers,
    states: statesOf(consumers, { read: async (work) => work(theRedis()) }),
    requeue: (...requeue) => requeueAtOnce(theRedis())(...requeue),
  });
  return {
    app,
    adminApp,
    db,
    pool,
    dsn: database.dsn,
    mails,
    published,
    logLines,
    advance: (ms) => {
      clock += ms;
    },
    now,
    request: (method, path, options) => ask(app, method, path, options),
    adminRequest: (method, path, options) => ask(adminApp, method, path, options),
    settled,
    outgoingMails: context.mails,
    newMailSender,
    async sendMails() {
      await pool.query(`update backend.mails set next_attempt_at = now() - interval '1 second'`);
      sender.sendSoon();
      await sender.settled();
    },
    async snapshot() {
      await settled();
      return readTables(pool, ['backend']);
    },
    async close() {
      await sender.stop();
      await settled();
      await pool.end();
      await database.drop();
    },
  };
}

async function ask(
  app: HttpApp,
  method: string,
  path: string,
  { body, headers }: RequestOptions = {},
): Promise<HttpResponse> {
  const response = await app.request(path, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...Object.fromEntries(new Headers(headers)),
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

/** A device with a key of its own, and the two calls that it signs in with. */
export class TestDevice {
  readonly #backend: TestBackend;
  readonly #secret = crypto.getRandomValues(new Uint8Array(32));
  readonly publicKey = ed25519.getPublicKey(this.#secret);

  constructor(backend: TestBackend) {
    this.#backend = backend;
  }

  async askForCode(email: string, locale?: string): Promise<{ challengeId: string; code: string }> {
    const { status, body } = await this.#backend.request('POST', '/api/v1/public/auth/send-email-code', {
      body: { email, ...(locale === undefined ? {} : { locale }) },
    });
    if (status !== 202) throw new Error(`send-email-code responded with ${status} ${JSON.stringify(body)}`);
    const challengeId = String(body.challenge_id);
    await this.#backend.settled();
    const content = this.#backend.mails.find(({ mailId }) => mailId === challengeId)?.content;
    if (content?.kind !== 'sign_in_code') throw new Error('no code was mailed');
    return { challengeId, code: content.code };
  }

  /** The body of a confirmation, as a well-behaved client sends it. */
  confirmation(challengeId: string, code: string): Record<string, unknown> {
    const proof = ed25519.sign(confirmBytes({ challengeId, clientPublicKey: this.publicKey }), this.#secret);
    return {
      challenge_id: challengeId,
      code,
      client_public_key: base64(this.publicKey),
      proof: base64(proof),
    };
  }

  /** What it adds to a request for a code once it has signed in. @param email normalised. */
  knownDevice(email: string, deviceSessionId: string, at = this.#backend.now()): Record<string, unknown> {
    const timestampMs = at.getTime();
    const bytes = knownDeviceBytes({ email, deviceSessionId, timestampMs: BigInt(timestampMs) });
    return {
      device_session_id: deviceSessionId,
      timestamp_ms: timestampMs,
      signature: base64(ed25519.sign(bytes, this.#secret)),
    };
  }

  confirm(challengeId: string, code: string, changes: Record<string, unknown> = {}): Promise<HttpResponse> {
    return this.#backend.request('POST', '/api/v1/public/auth/confirm-email-code', {
      body: { ...this.confirmation(challengeId, code), ...changes },
    });
  }

  /** The body of a sign-in by a recovery code, as a well-behaved client sends it. */
  recovery(email: string, recoveryCode: string): Record<string, unknown> {
    const bytes = recoverBytes({ recoveryCode, clientPublicKey: this.publicKey });
    return {
      email,
      recovery_code: recoveryCode,
      client_public_key: base64(this.publicKey),
      proof: base64(ed25519.sign(bytes, this.#secret)),
    };
  }

  recover(email: string, recoveryCode: string, changes: Record<string, unknown> = {}): Promise<HttpResponse> {
    return this.#backend.request('POST', '/api/v1/public/auth/recover', {
      body: { ...this.recovery(email, recoveryCode), ...changes },
    });
  }

  async signIn(email: string): Promise<{ deviceSessionId: string; userId: string }> {
    const { challengeId, code } = await this.askForCode(email);
    const { status, body } = await this.confirm(challengeId, code);
    if (status !== 201)
      throw new Error(`confirm-email-code responded with ${status} ${JSON.stringify(body)}`);
    return { deviceSessionId: String(body.device_session_id), userId: String(body.user_id) };
  }
}

export const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

/** A code that is not the right one. */
export const otherCode = (code: string) => (code === '00000000' ? '00000001' : '00000000');
