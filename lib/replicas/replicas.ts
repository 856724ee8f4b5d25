// Spreads reads that may return slightly old data over the read replicas of a server. A replica that fails is left out
// at once, and the failed read goes to the primary; then the replica is probed every second until it works again. So no
// read waits for a replica that is known to be down, and a process starts without its replicas. Nothing here measures
// the lag of a replica.
import { sleep } from '../node/sleep.ts';
import type { Logger } from '../telemetry/logger.ts';

const retryAfterMs = 1_000;

export type Replica<Connection> = {
  /** For the log; without a password. */
  readonly name: string;
  readonly connection: Connection;
};

export class Replicas<Connection> {
  readonly #probe: (connection: Connection) => Promise<unknown>;
  readonly #log: Logger;
  readonly #usable: Replica<Connection>[] = [];
  readonly #closed = new AbortController();
  #reads = 0;

  /** @param probe a read that succeeds on a usable replica. */
  constructor(
    replicas: readonly Replica<Connection>[],
    probe: (connection: Connection) => Promise<unknown>,
    log: Logger,
  ) {
    this.#probe = probe;
    this.#log = log;
    for (const replica of replicas) void this.#useOnceItResponds(replica, false);
  }

  async read<T>(work: (connection: Connection) => Promise<T>, primary: Connection): Promise<T> {
    const replica = this.#usable[this.#reads++ % this.#usable.length];
    if (replica === undefined) return work(primary);
    try {
      return await work(replica.connection);
    } catch (error) {
      this.#leaveOut(replica, error);
      return work(primary);
    }
  }

  /** Stops probing. */
  close(): void {
    this.#closed.abort();
  }

  #leaveOut(replica: Replica<Connection>, error: unknown): void {
    const index = this.#usable.indexOf(replica);
    // Another read has found it before.
    if (index === -1) return;
    this.#usable.splice(index, 1);
    this.#warn(replica, error);
    void sleep(retryAfterMs, this.#closed.signal).then(() => this.#useOnceItResponds(replica, true));
  }

  /** @param warned whether the failure is already logged. */
  async #useOnceItResponds(replica: Replica<Connection>, warned: boolean): Promise<void> {
    const { signal } = this.#closed;
    for (let logged = warned; !signal.aborted; logged = true) {
      try {
        await this.#probe(replica.connection);
        this.#usable.push(replica);
        this.#log.info({ replica: replica.name }, 'replica is used');
        return;
      } catch (error) {
        if (!logged) this.#warn(replica, error);
      }
      await sleep(retryAfterMs, signal);
    }
  }

  #warn(replica: Replica<Connection>, error: unknown): void {
    this.#log.warn({ error, replica: replica.name }, 'replica cannot be used; its reads go elsewhere');
  }
}
