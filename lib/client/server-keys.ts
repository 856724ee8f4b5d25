// The keys with which the gateway signs.
//
// Guarantees: a key is trusted only while the gateway publishes it, as far as the client can know; known keys stay until
// another whole list has come.
import type { PublicHttp } from './public-http.ts';

/** The gateway may stop publishing a key without anything being signed with another one. */
const refreshAfterMs = 24 * 3_600_000;

export class ServerKeys {
  readonly #publicHttp: PublicHttp;
  #keys: ReadonlyMap<string, CryptoKey> = new Map();
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #fetching: Promise<void> | undefined;

  constructor(publicHttp: PublicHttp) {
    this.#publicHttp = publicHttp;
  }

  get areKnown(): boolean {
    return this.#keys.size > 0;
  }

  /**
   * @param fetch what fetches them, in its own way, by calling `refresh`.
   * @throws Error when the gateway does not publish the key.
   */
  async get(keyId: string, fetch: () => Promise<void>): Promise<CryptoKey> {
    const isOld = performance.now() - this.#fetchedAt > refreshAfterMs;
    const known = this.#keys.get(keyId);
    if (known === undefined) await fetch();
    // What is known is good until a list says otherwise.
    else if (isOld) await this.refresh().catch(() => {});
    const key = this.#keys.get(keyId);
    if (key === undefined) throw new Error(`the gateway does not publish the key ${keyId}`);
    return key;
  }

  /** Fetches the list, once for all who wait for it. @throws PublicHttpError; the known keys stay then. */
  refresh(): Promise<void> {
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #fetch(): Promise<void> {
    this.#keys = await this.#publicHttp.serverKeys();
    this.#fetchedAt = performance.now();
  }
}
