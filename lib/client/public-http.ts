// The gateway's public HTTP routes: signing in, and the keys that verify what the gateway signs.
import type { ServerClock } from './server-clock.ts';
import type { Transport } from './transport.ts';
import { fromBase64, importPublicKey } from './web-crypto.ts';

const timeoutMs = 15_000;
const publicKeyBytes = 32;

/** Too many requests, a proxy or a gateway that fails, or one that is starting or stopping. */
const isPassingStatus = (status: number) => status === 429 || status >= 500;

/** The gateway refused a request of its public listener, or did not respond to it as it should. */
export class PublicHttpError extends Error {
  /** Of the response; undefined without a whole one. */
  readonly status: number | undefined;
  /** Of the error body, such as `rate_limited`; empty without one. */
  readonly code: string;
  /** Whether the same may succeed later. */
  readonly isPassing: boolean;
  /** How long to wait before that, from Retry-After; 0 without one. */
  readonly retryAfterMs: number;

  constructor(
    message: string,
    details: { status?: number; code?: string; isPassing: boolean; retryAfterMs?: number; cause?: unknown },
  ) {
    super(message, { cause: details.cause });
    this.name = 'PublicHttpError';
    this.status = details.status;
    this.code = details.code ?? '';
    this.isPassing = details.isPassing;
    this.retryAfterMs = details.retryAfterMs ?? 0;
  }
}

export class PublicHttp {
  readonly #baseUrl: string;
  readonly #fetch: Transport['fetch'];
  readonly #clock: ServerClock;

  /** @param clock learns from the date of every response. */
  constructor(baseUrl: string, fetch: Transport['fetch'], clock: ServerClock) {
    this.#baseUrl = baseUrl;
    this.#fetch = fetch;
    this.#clock = clock;
  }

  /** @param fields that the response must have, as texts. */
  async post<Field extends string>(
    route: string,
    body: object,
    fields: readonly Field[],
  ): Promise<Record<Field, string>> {
    const response = await this.#ask('POST', route, body);
    const texts = fields.map((field) => [field, asRecord(response)[field]] as const);
    if (texts.every((entry): entry is readonly [Field, string] => typeof entry[1] === 'string')) {
      return Object.fromEntries(texts) as Record<Field, string>;
    }
    throw otherThanExpected(route);
  }

  /** By key id. */
  async serverKeys(): Promise<Map<string, CryptoKey>> {
    const { keys } = asRecord(await this.#ask('GET', 'server-keys'));
    if (!Array.isArray(keys)) throw otherThanExpected('server-keys');
    return new Map(await Promise.all(keys.map(readServerKey)));
  }

  /** @throws PublicHttpError */
  async #ask(method: 'GET' | 'POST', route: string, body?: object): Promise<unknown> {
    const { status, retryAfter, text } = await this.#exchange(method, route, body);
    const parsed = parseJson(text);
    if (status >= 200 && status <= 299) return parsed;
    const { code } = asRecord(asRecord(parsed).error);
    throw new PublicHttpError(`${route} responded with ${status}: ${text.slice(0, 1_000)}`, {
      status,
      code: typeof code === 'string' ? code : '',
      isPassing: isPassingStatus(status),
      retryAfterMs: retryAfterMs(retryAfter),
    });
  }

  async #exchange(method: 'GET' | 'POST', route: string, body?: object) {
    try {
      const sentAtMs = Date.now();
      const response = await this.#fetch(`${this.#baseUrl}/api/v1/public/auth/${route}`, {
        method,
        cache: 'no-store',
        signal: AbortSignal.timeout(timeoutMs),
        ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
      const { status, headers } = response;
      this.#clock.learnDate(headers.get('date'), sentAtMs);
      return { status, retryAfter: headers.get('retry-after'), text: await response.text() };
    } catch (error) {
      throw new PublicHttpError(`${route} gave no whole response`, { isPassing: true, cause: error });
    }
  }
}

async function readServerKey(entry: unknown): Promise<[keyId: string, key: CryptoKey]> {
  const { key_id: keyId, public_key: publicKey } = asRecord(entry);
  try {
    const raw = fromBase64(String(publicKey));
    if (typeof keyId === 'string' && raw.length === publicKeyBytes)
      return [keyId, await importPublicKey(raw)];
  } catch (error) {
    throw otherThanExpected('server-keys', error);
  }
  throw otherThanExpected('server-keys');
}

/** As of a captive portal, or of a page that a proxy shows while nothing is behind it. */
function otherThanExpected(route: string, cause?: unknown): PublicHttpError {
  return new PublicHttpError(`${route} responded with something else than it should`, {
    isPassing: true,
    cause,
  });
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** @param header seconds, or a date. */
function retryAfterMs(header: string | null): number {
  if (header === null) return 0;
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return ms > 0 ? ms : 0;
}

/** @returns undefined for what is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
