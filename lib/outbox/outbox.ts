// What a service has decided and others must hear of: written in the transaction that decides it, published
// afterwards. A service composes one with the kinds of messages that it publishes; docs/outbox.md has the whole.
//
// Guarantees: a message exists exactly when its transaction was committed; it is published at least once, however
// often processes die; under one ordering key messages are published in the order of their commits, except that what
// was published already may be repeated. Several processes may publish at once: each message is published while its
// row is locked, and only a key's oldest waiting message can be claimed, so a key has one publisher at a time. Whoever
// published looks again after its commit, so a message that was committed meanwhile, and could not be claimed by its
// writer, is found at once by whoever held the key.
//
// It asks of writers that they hold a lock on what the key names (the user's row, the game's row) while they write,
// since the order of a key is that of its positions. A message that a publisher keeps refusing holds back its key,
// and no other.
import type { Logger } from '../telemetry/logger.ts';
import { failedAttempts, publishedMessages } from './instruments.ts';
import {
  type Database,
  databaseNow,
  type Message,
  markFailed,
  type NewMessage,
  outboxStatements,
  unpublish,
} from './store.ts';
import type { OutboxTable } from './table.ts';

/** Resolves once the message has been accepted where it belongs; bounded in time. A message may come again. */
export type Publish = (message: Message) => Promise<void>;

const batchSize = 100;
const unpublishedAtOnce = 5_000;
const firstRetryMs = 500;
/** Short, since what holds messages back is mostly a Redis that is away, and it may be back at any time. */
const longestRetryMs = 5_000;
/** Keys that wait in this process; what is beyond is left to the relay. */
const maxWaitingKeys = 10_000;

export class Outbox {
  readonly #db: Database;
  readonly #table: OutboxTable;
  readonly #statements: ReturnType<typeof outboxStatements>;
  readonly #publishers: Readonly<Record<string, Publish>>;
  readonly #log: Logger;
  readonly #waitingKeys = new Set<string>();
  #publishing: Promise<void> | undefined;

  /** @param parts.publishers by kind; a message of another kind waits for a process that knows it. */
  constructor(parts: {
    db: Database;
    table: OutboxTable;
    publishers: Readonly<Record<string, Publish>>;
    log: Logger;
  }) {
    this.#db = parts.db;
    this.#table = parts.table;
    this.#statements = outboxStatements(parts.table);
    this.#publishers = parts.publishers;
    this.#log = parts.log;
  }

  /** Writes messages, in this order, with the transaction that decides them. */
  async write(tx: Database, messages: readonly NewMessage[]): Promise<void> {
    for (const { kind, orderingKey, payload, traceparent = null } of messages) {
      await this.#statements.insert(tx, { kind, orderingKey, payload, traceparent });
    }
  }

  /**
   * Publishes what waits under these keys, in the background; to be called after the commit. One connection to the
   * database does it, however much there is. What cannot be published now is left to the relay.
   */
  publishSoon(orderingKeys: readonly string[]): void {
    for (const key of orderingKeys) {
      if (this.#waitingKeys.size < maxWaitingKeys) this.#waitingKeys.add(key);
    }
    this.#publishing ??= this.#publishWaitingKeys().finally(() => {
      this.#publishing = undefined;
    });
  }

  /** Resolves when nothing is being published in the background any more. */
  async settled(): Promise<void> {
    await this.#publishing;
  }

  /** Publishes whatever is due, of all keys, as long as that makes progress and `stop` does not abort. */
  async publishDue(stop: AbortSignal): Promise<void> {
    while (!stop.aborted && (await this.#publishBatch('due')).length > 0);
  }

  /**
   * Lets everything that is still kept be published once more, in its order: for when what it was published to has
   * been lost. @returns how many messages.
   */
  async publishAgain(): Promise<number> {
    const publishedBefore = await databaseNow(this.#db, this.#table);
    let messages = 0;
    for (;;) {
      const batch = await unpublish(this.#db, this.#table, { publishedBefore, limit: unpublishedAtOnce });
      messages += batch;
      if (batch < unpublishedAtOnce) return messages;
    }
  }

  async #publishWaitingKeys(): Promise<void> {
    while (this.#waitingKeys.size > 0) {
      const keys = [...this.#waitingKeys].slice(0, batchSize);
      for (const key of keys) this.#waitingKeys.delete(key);
      try {
        // Looked at again after the commit, together with what waits by then.
        for (const key of await this.#publishBatch(keys)) this.#waitingKeys.add(key);
      } catch (error) {
        this.#log.warn({ error }, 'messages were left to the outbox relay');
      }
    }
  }

  /**
   * Not tried again when the transaction fails: what was published stays published, the relay repeats it.
   * @returns the keys under which something was published.
   */
  #publishBatch(which: 'due' | readonly string[]): Promise<string[]> {
    return this.#db.transaction(async (tx) => {
      const kinds = Object.keys(this.#publishers);
      const claim = { kinds, limit: batchSize };
      const messages =
        which === 'due'
          ? await this.#statements.claimDue(tx, claim)
          : await this.#statements.claimOfKeys(tx, { ...claim, keys: which });
      const done = new Set<number>();
      await Promise.all(
        messages.map(async (message) => {
          if (await this.#publish(message)) done.add(message.position);
        }),
      );
      if (done.size > 0) await this.#statements.markPublished(tx, { positions: [...done] });
      for (const { position, failures } of messages) {
        if (done.has(position)) continue;
        await markFailed(tx, this.#table, { position, retryAfterMs: retryAfterMs(failures) });
      }
      return messages.filter(({ position }) => done.has(position)).map(({ orderingKey }) => orderingKey);
    });
  }

  async #publish(message: Message): Promise<boolean> {
    const { kind, position, failures } = message;
    try {
      const publish = this.#publishers[kind];
      if (publish === undefined) throw new TypeError(`nobody publishes messages of kind ${kind} here`);
      await publish(message);
      publishedMessages.add(1, kind);
      return true;
    } catch (error) {
      failedAttempts.add(1, kind);
      this.#log.warn({ error, kind, position, failures: failures + 1 }, 'message could not be published');
      return false;
    }
  }
}

/** The pause after a failure that followed on so many others. */
export function retryAfterMs(failures: number): number {
  return Math.min(firstRetryMs * 2 ** Math.min(failures, 30), longestRetryMs);
}
