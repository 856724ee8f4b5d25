// Bounds how many requests are in one place at a time, and how many bytes they hold. Nobody waits for a place here: a
// request that finds none is refused at once and may be sent again as it is.
import { RejectedError } from '../domain/rejection.ts';

export type Bounds = { readonly requests: number; readonly bytes: number };

/** Gives a place back; further calls do nothing. */
export type Release = () => void;

export class Capacity {
  readonly #bounds: Bounds;
  #requests = 0;
  #bytes = 0;

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  get unused(): boolean {
    return this.#requests === 0;
  }

  /** @returns undefined when there is no place for a request of so many bytes. */
  take(bytes: number): Release | undefined {
    const { requests: maxRequests, bytes: maxBytes } = this.#bounds;
    if (this.#requests >= maxRequests || this.#bytes + bytes > maxBytes) return undefined;
    this.#requests += 1;
    this.#bytes += bytes;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#requests -= 1;
      this.#bytes -= bytes;
    };
  }
}

const retryAfterMs = 1_000;

/** The refusal of a request for which there is no place, spread so that not all come back at once. */
export function overloaded(what: string): RejectedError {
  return new RejectedError({
    reason: 'OVERLOADED',
    message: `Too many requests wait for ${what}; send this one again after the time in the RetryInfo.`,
    retryAfterMs: retryAfterMs + Math.floor(Math.random() * retryAfterMs),
  });
}
