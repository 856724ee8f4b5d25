// Tells a Redis that has lost what it held from one that was merely away, by a random name that is kept in it: the
// name is gone when the data are, and another one when other data took their place. A loss that leaves the name in
// place (the last second before a crash) is not seen.
import { randomBytes } from 'node:crypto';
import type { Redis } from '../redis/client.ts';

export class RedisEpoch {
  readonly #redis: Redis;
  readonly #key: string;
  #known: string | undefined;

  /** @param key of the name, one per outbox. */
  constructor(redis: Redis, key: string) {
    this.#redis = redis;
    this.#key = key;
  }

  /** Whether nobody has remembered this life yet, or it is another one than this process saw last. */
  async isNew(): Promise<boolean> {
    const name = await this.#redis.get(this.#key);
    if (name === null) return true;
    if (this.#known === undefined) this.#known = name;
    return this.#known !== name;
  }

  async remember(): Promise<void> {
    await this.#redis.set(this.#key, randomBytes(8).toString('hex'), 'NX');
    this.#known = (await this.#redis.get(this.#key)) ?? undefined;
  }
}
