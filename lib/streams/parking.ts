// Entries that fail again and again: their key is parked, with a dead letter for each of its entries, so that everything
// else goes on. Later entries of the key wait behind the first, in the stream's order, until an admin retries or
// discards them. The consumer itself applies them then: in the stream, they would come after later entries of the key.
//
// Only the holder of the lease parks entries, so it knows the parked keys. What an admin does about them meanwhile, it
// finds in the table.
import { v7 as uuidv7 } from 'uuid';
import type { Database } from '../outbox/store.ts';
import type { StreamEntry } from './entry.ts';
import {
  type DeadLetter,
  endRetry,
  findOldestParked,
  findParkedKeys,
  insertBehindParked,
  insertDeadLetter,
  releaseKey,
  takeDeadLetter,
} from './store.ts';
import type { StreamTables } from './tables.ts';

/** How often the table is asked for keys to retry. */
const askEveryMs = 1_000;

export class Parking<Tx extends Database> {
  readonly #consumer: string;
  readonly #db: Database;
  readonly #tables: StreamTables;
  /** Runs work in a transaction while the lease is held. */
  readonly #transaction: (work: (tx: Tx) => Promise<void>) => Promise<void>;
  #parked: Set<string> | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: {
    consumer: string;
    db: Database;
    tables: StreamTables;
    transaction: (work: (tx: Tx) => Promise<void>) => Promise<void>;
  }) {
    this.#consumer = parts.consumer;
    this.#db = parts.db;
    this.#tables = parts.tables;
    this.#transaction = parts.transaction;
  }

  async #keys(): Promise<Set<string>> {
    this.#parked ??= new Set(await findParkedKeys(this.#db, this.#tables, this.#consumer, 'all'));
    return this.#parked;
  }

  /** Adds a dead letter, and parks its key when there is one. @returns false when the entry is already one. */
  async add(entry: StreamEntry, reason: string, parkedKey?: string): Promise<boolean> {
    let isNew = false;
    const keys = await this.#keys();
    await this.#transaction(async (tx) => {
      isNew = await insertDeadLetter(tx, this.#tables, {
        ...this.#newLetter(entry, reason),
        ...(parkedKey === undefined ? {} : { parkedKey }),
      });
    });
    if (parkedKey !== undefined) keys.add(parkedKey);
    return isNew;
  }

  /** Puts an entry behind the others of its key, if that is parked. @returns whether it did. */
  async follow(entry: StreamEntry, parkedKey: string): Promise<boolean> {
    const keys = await this.#keys();
    if (!keys.has(parkedKey)) return false;
    let follows = false;
    await this.#transaction(async (tx) => {
      const letter = { ...this.#newLetter(entry, 'waits behind an earlier entry of its key'), parkedKey };
      follows = await insertBehindParked(tx, this.#tables, letter);
    });
    // An admin has discarded the others.
    if (!follows) keys.delete(parkedKey);
    return follows;
  }

  /** @returns the keys whose entries an admin wants to be applied; at most once a second. */
  async retriedKeys(): Promise<string[]> {
    const now = performance.now();
    if (now - this.#askedAt < askEveryMs) return [];
    this.#askedAt = now;
    return findParkedKeys(this.#db, this.#tables, this.#consumer, 'retried');
  }

  /** @returns the entry to apply next; undefined when the key is not parked any more. */
  async oldestOf(parkedKey: string): Promise<DeadLetter | undefined> {
    const oldest = await findOldestParked(this.#db, this.#tables, { consumer: this.#consumer, parkedKey });
    if (oldest === undefined) (await this.#keys()).delete(parkedKey);
    return oldest;
  }

  /** The entry was applied. */
  async remove({ deadLetterId }: DeadLetter): Promise<void> {
    await this.#transaction(async (tx) => {
      await takeDeadLetter(tx, this.#tables, deadLetterId);
    });
  }

  /** The entry can never be applied: it stays a dead letter, but none waits for it. */
  release({ deadLetterId }: DeadLetter, reason: string): Promise<void> {
    return this.#transaction((tx) => releaseKey(tx, this.#tables, { deadLetterId, reason }));
  }

  /** The entry failed again and again, so the key stays parked. */
  keepParked({ deadLetterId }: DeadLetter, parkedKey: string, reason: string): Promise<void> {
    const failed = { consumer: this.#consumer, parkedKey, deadLetterId, reason };
    return this.#transaction((tx) => endRetry(tx, this.#tables, failed));
  }

  #newLetter(entry: StreamEntry, reason: string) {
    return { deadLetterId: uuidv7(), consumer: this.#consumer, entry, reason };
  }
}
