// Bounds the requests that have arrived and are not verified yet, in number and in bytes: per client address and in all.
// Anyone can send them, and each is held in memory while its session is looked up.
import { type Bounds, Capacity, overloaded, type Release } from '../commands/capacity.ts';
import { RejectedError } from '../domain/rejection.ts';
import { requestRateLimited } from '../instruments.ts';

const mebibyte = 1024 * 1024;
export const unverifiedBounds: { readonly address: Bounds; readonly all: Bounds } = {
  address: { requests: 256, bytes: 8 * mebibyte },
  all: { requests: 1_024, bytes: 32 * mebibyte },
};

/** What the fields of an envelope take besides the payload, roughly. */
const envelopeBytes = 1_024;

export class UnverifiedRequests {
  readonly #all = new Capacity(unverifiedBounds.all);
  /** Of the addresses that have such a request. */
  readonly #addresses = new Map<string, Capacity>();

  /**
   * @param address as limits count it; undefined for one that has no bound of its own.
   * @throws RejectedError RATE_LIMITED, OVERLOADED
   */
  take(address: string | undefined, payloadBytes: number): Release {
    const bytes = payloadBytes + envelopeBytes;
    const releaseAddress = address === undefined ? () => {} : this.#takeOfAddress(address, bytes);
    const releaseAll = this.#all.take(bytes);
    if (releaseAll === undefined) {
      releaseAddress();
      throw overloaded('verification');
    }
    return () => {
      releaseAddress();
      releaseAll();
    };
  }

  #takeOfAddress(address: string, bytes: number): Release {
    const capacity = this.#addresses.get(address) ?? new Capacity(unverifiedBounds.address);
    const release = capacity.take(bytes);
    if (release === undefined) {
      requestRateLimited('unverified_in_flight');
      throw new RejectedError({
        reason: 'RATE_LIMITED',
        message:
          'Too many requests from this address wait for verification; send this one again after the time in the RetryInfo.',
        metadata: { limit: 'unverified_in_flight' },
        retryAfterMs: 200 + Math.floor(Math.random() * 800),
      });
    }
    this.#addresses.set(address, capacity);
    return () => {
      release();
      if (capacity.unused) this.#addresses.delete(address);
    };
  }
}
