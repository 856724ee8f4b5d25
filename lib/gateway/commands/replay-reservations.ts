// Anti-replay: every request id is reserved in Redis once per session, until its timestamp can no longer be fresh. The
// gateway stores nothing else in Redis.
import { randomUUID } from 'node:crypto';
import { RejectedError } from '../domain/rejection.ts';

const extraTtlMs = 60_000;
const secondTryAfterMs = 50;

/** The Redis commands that reservations use. */
export type ReplayStore = {
  set(key: string, value: string, px: 'PX', ttlMs: number, nx: 'NX'): Promise<string | null>;
  get(key: string): Promise<string | null>;
};

export class ReplayReservations {
  readonly #redis: ReplayStore;
  readonly #freshnessWindowMs: number;

  constructor(redis: ReplayStore, freshnessWindowMs: number) {
    this.#redis = redis;
    this.#freshnessWindowMs = freshnessWindowMs;
  }

  /**
   * Reserves (session, request id).
   * @throws RejectedError REPLAY_DETECTED when it was reserved before, REPLAY_STORE_UNAVAILABLE when Redis does not
   * reply. Fails closed: a request needs a reservation.
   */
  async reserve(request: { deviceSessionId: string; requestId: string; timestampMs: bigint }, nowMs: number) {
    const key = `gateway:replay:${request.deviceSessionId}:${request.requestId}`;
    const ttlMs = Number(request.timestampMs) + this.#freshnessWindowMs + extraTtlMs - nowMs;
    // Distinguishes a reservation of this call, whose reply was lost, from one of another request.
    const nonce = randomUUID();
    const owner = await this.#owner(key, nonce, ttlMs);
    if (owner !== nonce) {
      throw new RejectedError({
        reason: 'REPLAY_DETECTED',
        message: 'This request_id was used before in this session; sign every request with a new one.',
      });
    }
  }

  async #owner(key: string, nonce: string, ttlMs: number): Promise<string | null> {
    try {
      return await this.#claim(key, nonce, ttlMs);
    } catch {
      // Try once more, as the connection may just have been replaced. A second failure is reported.
    }
    try {
      await new Promise((resolve) => setTimeout(resolve, secondTryAfterMs));
      return await this.#claim(key, nonce, ttlMs);
    } catch (error) {
      throw new RejectedError(
        {
          reason: 'REPLAY_STORE_UNAVAILABLE',
          message: 'The request could not be protected from replay; try again with a new request_id.',
        },
        { cause: error },
      );
    }
  }

  /** The nonce that the key holds: this one, or that of an earlier reservation. */
  async #claim(key: string, nonce: string, ttlMs: number): Promise<string | null> {
    const reply = await this.#redis.set(key, nonce, 'PX', ttlMs, 'NX');
    return reply === 'OK' ? nonce : await this.#redis.get(key);
  }
}
