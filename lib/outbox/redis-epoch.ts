// The epoch of a Redis: a random name stored in it, which distinguishes a Redis that lost its data from one that was
// only unreachable. The name disappears with the data, and other data bring another name. A loss that leaves the name
// (the last second before a crash) is not detected.
import { randomBytes } from 'node:crypto';
import type { Redis } from '../redis/client.ts';

export class RedisEpoch {
  readonly #redis: Redis;
  readonly #key: string;
  #seen: string | undefined;

  /** @param key stores the name; one per outbox. */
  constructor(redis: Redis, key: string) {
    this.#redis = redis;
    this.#key = key;
  }

  /** Whether this epoch has no name yet, or differs from the one that this process saw last. */
  async hasChanged(): Promise<boolean> {
    const epoch = await this.#redis.get(this.#key);
    if (epoch === null) return true;
    if (this.#seen === undefined) this.#seen = epoch;
    return this.#seen !== epoch;
  }

  /** Names the epoch unless another process did, and makes it the one that this process saw last. */
  async begin(): Promise<void> {
    await this.#redis.set(this.#key, randomBytes(8).toString('hex'), 'NX');
    this.#seen = (await this.#redis.get(this.#key)) ?? undefined;
  }
}
