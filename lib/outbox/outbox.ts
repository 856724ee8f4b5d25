// Messages from a service to others: written in the transaction that decides, published after the commit. A service
// creates an outbox with a publisher for each kind of message; docs/outbox.md describes it.
//
// Guarantees: a message exists exactly when its transaction was committed; it is published at least once, however
// often processes die; messages with one ordering key are published in the order of their commits, though published
// ones may be repeated. Several processes may publish at once: a key's messages are published while the row of its oldest
// one is locked, and nothing else of the key can be claimed, so a key has one publisher at a time. A publisher looks again
// after its commit, since the writer of a message that was committed in between could not claim it.
//
// A writer must hold a lock on what the key names (the user's row, the game's row) while it writes, since the order of
// a key is the order of its positions. A message whose publisher refuses it again and again blocks its key, and no
// other.
import type { Logger } from '../telemetry/logger.ts';
import { failedAttempts, publishedMessages } from './instruments.ts';
import {
  type Database,
  type Message,
  markFailed,
  type NewMessage,
  newRound,
  outboxStatements,
  type Round,
  unpublish,
} from './store.ts';
import type { OutboxTable } from './table.ts';

/** Resolves once the destination has accepted the message; bounded in time. A message may come again. */
export type Publish = (message: Message) => Promise<void>;

const batchSize = 100;
const positionsAtOnce = 5_000;
const firstRetryMs = 500;
/** Short, since the usual cause is an unavailable Redis, which may return at any time. */
const longestRetryMs = 5_000;
/** Keys that wait in this process; the relay publishes the messages of further ones. */
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
  write(tx: Database, messages: readonly NewMessage[]): Promise<void> {
    return this.#statements.insert(tx, messages);
  }

  /**
   * Publishes the waiting messages of these keys in the background; call it after the commit. It uses one connection to
   * the database at a time. The relay publishes what cannot be published now.
   */
  publishSoon(orderingKeys: readonly string[]): void {
    for (const key of orderingKeys) {
      if (this.#waitingKeys.size < maxWaitingKeys) this.#waitingKeys.add(key);
    }
    this.#publishing ??= this.#publishWaitingKeys().finally(() => {
      this.#publishing = undefined;
    });
  }

  /** How long the oldest message has waited, in milliseconds; undefined when none waits. */
  async oldestWaitingMs(): Promise<number | undefined> {
    const [oldest] = await this.#statements.oldestWaiting(this.#db, {});
    return oldest?.ms;
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
   * Makes all stored messages wait again, in their order: for a destination that lost its data.
   * @param begun a round that was interrupted; it continues where it was.
   * @param onProgress called before the first range of positions, and after each.
   * @returns how many messages.
   */
  async publishAgain(
    begun?: Round,
    onProgress: (round: Round) => Promise<void> = () => Promise.resolve(),
  ): Promise<number> {
    let round = begun ?? (await newRound(this.#db, this.#table));
    await onProgress(round);
    let messages = 0;
    while (round.position < round.upTo) {
      const done = await unpublish(this.#db, this.#table, { round, positions: positionsAtOnce });
      round = done.round;
      messages += done.messages;
      await onProgress(round);
    }
    return messages;
  }

  async #publishWaitingKeys(): Promise<void> {
    while (this.#waitingKeys.size > 0) {
      const keys = [...this.#waitingKeys].slice(0, batchSize);
      for (const key of keys) this.#waitingKeys.delete(key);
      try {
        // Looked up again after the commit, together with the keys that wait by then.
        for (const key of await this.#publishBatch(keys)) this.#waitingKeys.add(key);
      } catch (error) {
        this.#log.warn({ error }, 'messages were left to the outbox relay');
      }
    }
  }

  /**
   * Not retried when the transaction fails: published messages cannot be taken back, and the relay repeats them.
   * @returns the keys of the published messages.
   */
  #publishBatch(which: 'due' | readonly string[]): Promise<string[]> {
    return this.#db.transaction(async (tx) => {
      const kinds = Object.keys(this.#publishers);
      const claim = { kinds, limit: batchSize };
      const messages =
        which === 'due'
          ? await this.#statements.claimDue(tx, claim)
          : await this.#statements.claimOfKeys(tx, { ...claim, keys: which });
      const keys = new Set<string>();
      // One message of each key at a time. Its mark fails when the connection is lost and with it the lock on the key.
      for (let queues = this.#queues(messages); queues.length > 0; ) {
        const attempts = await Promise.all(
          queues.map(async ([message, ...rest]) => ({ message, rest, done: await this.#publish(message) })),
        );
        const done = attempts.filter((attempt) => attempt.done);
        const positions = done.map(({ message }) => message.position);
        if (positions.length > 0) await this.#statements.markPublished(tx, { positions });
        for (const { message } of attempts.filter((attempt) => !attempt.done)) {
          const { position, failures } = message;
          await markFailed(tx, this.#table, { position, retryAfterMs: retryAfterMs(failures) });
        }
        for (const { message } of done) keys.add(message.orderingKey);
        queues = done.flatMap(({ rest: [next, ...rest] }) => (next === undefined ? [] : [[next, ...rest]]));
      }
      return [...keys];
    });
  }

  /** The messages of each key, up to the first of a kind that this process does not know. */
  #queues(messages: readonly Message[]): [Message, ...Message[]][] {
    return [...Map.groupBy(messages, ({ orderingKey }) => orderingKey).values()].flatMap((ofKey) => {
      const unknown = ofKey.findIndex(({ kind }) => !Object.hasOwn(this.#publishers, kind));
      const [first, ...rest] = unknown === -1 ? ofKey : ofKey.slice(0, unknown);
      return first === undefined ? [] : [[first, ...rest]];
    });
  }

  async #publish(message: Message): Promise<boolean> {
    const { kind, position, failures } = message;
    try {
      const publish = this.#publishers[kind];
      if (publish === undefined)
        throw new TypeError(`this process has no publisher for messages of kind ${kind}`);
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

/** The pause after a failure that so many failures preceded. */
export function retryAfterMs(failures: number): number {
  return Math.min(firstRetryMs * 2 ** Math.min(failures, 30), longestRetryMs);
}
