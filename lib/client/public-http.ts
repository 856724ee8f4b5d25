// The gateway's public HTTP routes: signing in, and the keys that verify what the gateway signs.
import { createPublicKey, type KeyObject } from 'node:crypto';
import { Agent, request } from 'undici';
import { z } from 'zod';

const timeoutMs = 15_000;
const longestResponse = 256 * 1024;

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

const errorBody = z.object({ error: z.object({ code: z.string() }) });
const serverKey = z.object({ key_id: z.string(), public_key: z.base64().length(44) });
const serverKeys = z.object({ keys: z.array(serverKey) });

export class PublicHttp {
  readonly #baseUrl: string;
  readonly #agent: Agent;

  /** @param ca PEM of the authorities to trust, in place of the system's. */
  constructor(baseUrl: string, ca?: string) {
    this.#baseUrl = baseUrl;
    this.#agent = new Agent({
      maxResponseSize: longestResponse,
      connect: { timeout: timeoutMs, ...(ca === undefined ? {} : { ca }) },
    });
  }

  post(route: string, body: object): Promise<Record<string, unknown>> {
    return this.#ask('POST', route, z.record(z.string(), z.unknown()), body);
  }

  /** By key id. */
  async serverKeys(): Promise<Map<string, KeyObject>> {
    const { keys } = await this.#ask('GET', 'server-keys', serverKeys);
    return new Map(
      keys.map(({ key_id, public_key }) => {
        const x = Buffer.from(public_key, 'base64').toString('base64url');
        return [key_id, createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })];
      }),
    );
  }

  close(): void {
    void this.#agent.destroy();
  }

  /** @throws PublicHttpError */
  async #ask<T>(method: 'GET' | 'POST', route: string, form: z.ZodType<T>, body?: object): Promise<T> {
    const { status, retryAfter, text } = await this.#exchange(method, route, body);
    const parsed = parseJson(text);
    if (status < 200 || status > 299) {
      const code = errorBody.safeParse(parsed).data?.error.code ?? '';
      throw new PublicHttpError(`${route} responded with ${status}: ${text.slice(0, 1_000)}`, {
        status,
        code,
        isPassing: isPassingStatus(status),
        retryAfterMs: retryAfterMs(retryAfter),
      });
    }
    const { data, error } = form.safeParse(parsed);
    if (data !== undefined) return data;
    // As of a captive portal, or of a page that a proxy shows while nothing is behind it.
    throw new PublicHttpError(`${route} responded with something else than it should`, {
      status,
      isPassing: true,
      cause: error,
    });
  }

  async #exchange(method: 'GET' | 'POST', route: string, body?: object) {
    try {
      const response = await request(`${this.#baseUrl}/api/v1/public/auth/${route}`, {
        method,
        dispatcher: this.#agent,
        signal: AbortSignal.timeout(timeoutMs),
        ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
      const { statusCode: status, headers } = response;
      return { status, retryAfter: headers['retry-after'], text: await response.body.text() };
    } catch (error) {
      throw new PublicHttpError(`${route} gave no whole response`, { isPassing: true, cause: error });
    }
  }
}

/** @param header seconds, or a date. */
function retryAfterMs(header: string | string[] | undefined): number {
  if (typeof header !== 'string') return 0;
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
