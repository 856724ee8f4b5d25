// The epoch of a Redis: a random name stored in it, which distinguishes a Redis that lost its data from one that was
// only unreachable. The name disappears with the data, and other data bring another name. A loss that leaves the name
// (the last second before a crash) is not detected.
//
// Until an epoch has its name, the round that publishes everything again is stored beside it, so that a relay that is
// interrupted continues it. It disappears with the data as well, and soon by itself: a backup must not bring it back.
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Redis } from '../redis/client.ts';
import type { Round } from './store.ts';

/** Renewed with each range of positions. */
const roundLifetimeMs = 600_000;

const storedRound = z.object({
  publishedBefore: z.iso.datetime().transform((text) => new Date(text)),
  position: z.int(),
  upTo: z.int(),
});

export class RedisEpoch {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #roundKey: string;
  #seen: string | undefined;

  /** @param key stores the name; one per outbox. */
  constructor(redis: Redis, key: string) {
    this.#redis = redis;
    this.#key = key;
    this.#roundKey = `${key}:round`;
  }

  /** Whether this epoch has no name yet, or differs from the one that this process saw last. */
  async hasChanged(): Promise<boolean> {
    const epoch = await this.#redis.get(this.#key);
    if (epoch === null) return true;
    if (this.#seen === undefined) this.#seen = epoch;
    return this.#seen !== epoch;
  }

  /** The round that was interrupted; undefined when there is none. */
  async interruptedRound(): Promise<Round | undefined> {
    const text = await this.#redis.get(this.#roundKey);
    return text === null ? undefined : storedRound.parse(JSON.parse(text));
  }

  async saveRound(round: Round): Promise<void> {
    await this.#redis.set(this.#roundKey, JSON.stringify(round), 'PX', roundLifetimeMs);
  }

  /** Names the epoch unless another process did, and makes it the one that this process saw last. */
  async begin(): Promise<void> {
    await this.#redis.del(this.#roundKey);
    await this.#redis.set(this.#key, randomBytes(8).toString('hex'), 'NX');
    this.#seen = (await this.#redis.get(this.#key)) ?? undefined;
  }
}
