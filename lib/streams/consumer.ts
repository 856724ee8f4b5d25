// A consumer of a stream whose effects are in PostgreSQL: the stream loop in one replica at a time, with dead letters,
// and with repeats detected by the ids that producers set.
//
// Guarantees, in addition to those of stream-loop.ts: what `apply` does for an event happens once, in one transaction
// with the record that it has happened, and only while this process holds the lease. An entry goes to the dead letters
// with the reason when it is malformed, when `handle` throws `CannotApply`, or when PostgreSQL refuses one of its
// values; its key goes on. An entry that fails in another way is tried again after growing pauses, in which only its key
// waits, and after eight attempts its key is parked (parking.ts). Outages do not count: while PostgreSQL or Redis fails
// the whole stream waits, and while a peer is unavailable the key. A replica that cannot reach Redis gives up the lease.
import type { z } from 'zod';
import { Refusal } from '../errors/table.ts';
import { isTransientFault } from '../errors/transient-fault.ts';
import { fieldProblems } from '../http/field-problems.ts';
import type { Database } from '../outbox/store.ts';
import { inTransaction, sqlState } from '../postgres/transaction.ts';
import type { Redis } from '../redis/client.ts';
import { toLoggedError } from '../telemetry/logged-error.ts';
import type { Logger } from '../telemetry/logger.ts';
import { inSpanFrom } from '../telemetry/spans.ts';
import type { StreamEntry } from './entry.ts';
import { deadLettered, entriesHandled, exportZero, lossesSeen } from './instruments.ts';
import type { Again } from './keyed-work.ts';
import { type Lease, LeaseLost, whileLeased } from './lease.ts';
import type { ConsumedStream } from './offset.ts';
import { Parking } from './parking.ts';
import { type DeadLetter, markProcessed, saveLastError } from './store.ts';
import { consumeStream, openStreamReader, pauseMs } from './stream-loop.ts';
import type { StreamTables } from './tables.ts';

/** After this time another replica may try: perhaps only this one's connection is broken. */
const longestOutageMs = 10_000;
/** Reason of a failure or of a dead letter, in characters. */
const longestReason = 1_000;
/** Over half a minute, so that a fault that passes soon parks nothing. */
const usualAttempts = 8;

/** This entry can never be applied as it is. The message tells an admin why. */
export class CannotApply extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'CannotApply';
  }
}

/** What a handler gets in addition to the entry. */
export type Delivery<Tx> = {
  readonly traceparent: string | undefined;
  /** Runs `work` in a transaction while this process holds the lease, for repeats too: for idempotent effects. */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /**
   * Runs `work` in a transaction, unless this event has been applied before. May run it again after a deadlock.
   * @returns what `work` returned; undefined for a repeat.
   */
  apply<T>(eventId: string, work: (tx: Tx) => Promise<T>): Promise<T | undefined>;
};

export type Consumer<Entry, Tx> = ConsumedStream & {
  /** Its name for operators and in the tables. */
  readonly name: string;
  readonly entry: z.ZodType<Entry>;
  /** Entries with one key are handled in order. */
  readonly orderingKey: (entry: Entry) => string;
  /** @throws CannotApply; after any other error the entry is tried again, and parked when that does not help. */
  readonly handle: (entry: Entry, delivery: Delivery<Tx>) => Promise<void>;
};

export type ConsumerParts<Tx> = {
  readonly db: Database & { transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> };
  readonly tables: StreamTables;
  readonly redis: Redis;
  readonly blockMs: number;
  readonly operationTimeoutMs: number;
  /** After how many failures, outages apart, the key of an entry is parked; 8 by default. */
  readonly attempts?: number;
  readonly log: Logger;
};

/** Runs until `stop` aborts; never rejects. Any number of replicas may run. */
export async function runConsumer<Entry, Tx extends Database>(
  consumer: Consumer<Entry, Tx>,
  parts: ConsumerParts<Tx>,
  stop: AbortSignal,
): Promise<void> {
  const { db, tables } = parts;
  const log = parts.log.child({ worker: consumer.name });
  log.info({ stream: consumer.stream }, 'worker started');
  exportZero(consumer.name, entriesHandled, deadLettered, lossesSeen);
  await whileLeased(
    { db, consumers: tables.consumers, name: consumer.name, log },
    (lease, over) => consume(consumer, { ...parts, log }, lease, over),
    stop,
  );
  log.info('worker stopped');
}

async function consume<Entry, Tx extends Database>(
  consumer: Consumer<Entry, Tx>,
  parts: ConsumerParts<Tx>,
  lease: Lease,
  over: AbortSignal,
): Promise<void> {
  const { name, stream, offsetKey } = consumer;
  const { redis, blockMs, log } = parts;
  // The loop logs that a read fails, and the service's own connection logs why.
  const reader = openStreamReader(redis, parts, () => {});
  const outage = detectOutage(reader, longestOutageMs);
  const handler = new Handler(consumer, parts, lease);
  await consumeStream(
    {
      stream,
      offsetKey,
      redis,
      reader,
      blockMs,
      prepare: (entry) => handler.prepare(entry),
      more: () => handler.retriedKeys(),
      onFailure: (error) => handler.saveFailure(error),
      onLoss: (offset) => {
        lossesSeen.add(1, name);
        log.error({ offset }, 'entries of the stream were lost before they were handled');
      },
      log,
    },
    AbortSignal.any([over, outage.signal]),
  );
  outage.stopWatching();
  if (outage.signal.aborted && !over.aborted) log.warn('redis cannot be reached; the lease is given up');
}

/** Aborts once a connection has been down for this time. */
function detectOutage(connection: Redis, ms: number): { readonly signal: AbortSignal; stopWatching(): void } {
  const outage = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const lost = () => {
    timer ??= setTimeout(() => outage.abort(), ms);
  };
  const found = () => {
    clearTimeout(timer);
    timer = undefined;
  };
  lost();
  connection.on('ready', found).on('close', lost);
  return {
    signal: outage.signal,
    stopWatching() {
      connection.off('ready', found).off('close', lost);
      found();
    },
  };
}

/** What one attempt at an entry came to, when it did not throw. */
type Outcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'never'; readonly reason: string }
  | { readonly kind: 'again'; readonly afterMs: number }
  | { readonly kind: 'failed for good'; readonly reason: string };

/** Handles the entries of one consumer while it holds the lease. */
class Handler<Entry, Tx extends Database> {
  readonly #consumer: Consumer<Entry, Tx>;
  readonly #parts: ConsumerParts<Tx>;
  readonly #lease: Lease;
  readonly #parking: Parking<Tx>;
  /** Failures of entries that are tried again, by their ids. */
  readonly #failures = new Map<string, { counted: number; all: number }>();

  constructor(consumer: Consumer<Entry, Tx>, parts: ConsumerParts<Tx>, lease: Lease) {
    this.#consumer = consumer;
    this.#parts = parts;
    this.#lease = lease;
    const { db, tables } = parts;
    this.#parking = new Parking({
      consumer: consumer.name,
      db,
      tables,
      transaction: (work) => this.#transaction(work),
    });
  }

  prepare(entry: StreamEntry): { key: string; handle: () => Promise<Again> } {
    const parsed = this.#consumer.entry.safeParse(entry.fields);
    const key = parsed.success ? this.#consumer.orderingKey(parsed.data) : '';
    return { key, handle: () => this.#handle(entry, parsed, parsed.success ? key : undefined) };
  }

  async retriedKeys(): Promise<{ key: string; handle: () => Promise<Again> }[]> {
    const keys = await this.#parking.retriedKeys();
    return keys.map((key) => ({ key, handle: () => this.#applyParked(key) }));
  }

  async saveFailure(error: unknown): Promise<void> {
    const { db, tables, log } = this.#parts;
    await saveLastError(db, tables, this.#consumer.name, describeFailure(error)).catch((cause: unknown) =>
      log.warn({ error: cause }, 'the failure could not be recorded'),
    );
  }

  async #handle(entry: StreamEntry, parsed: Parsed<Entry>, key: string | undefined): Promise<Again> {
    if (key !== undefined && (await this.#parking.follow(entry, key))) {
      deadLettered.add(1, this.#consumer.name);
      return undefined;
    }
    const outcome = await this.#attempt(entry, parsed);
    if (outcome.kind === 'again') return outcome;
    if (outcome.kind === 'done') return undefined;
    const parkedKey = outcome.kind === 'never' ? undefined : key;
    if (!(await this.#parking.add(entry, outcome.reason, parkedKey))) return undefined;
    deadLettered.add(1, this.#consumer.name);
    this.#parts.log.error(
      { entry_id: entry.id, reason: outcome.reason, ...(parkedKey === undefined ? {} : { parked_key: key }) },
      'entry added to the dead letters',
    );
    return undefined;
  }

  /** Applies the oldest entry of a parked key, and asks to be called again while there may be another one. */
  async #applyParked(key: string): Promise<Again> {
    const { log } = this.#parts;
    const letter = await this.#parking.oldestOf(key);
    if (letter === undefined) {
      log.info({ parked_key: key }, 'a parked key goes on');
      return undefined;
    }
    const outcome = await this.#attempt(...this.#restored(letter));
    switch (outcome.kind) {
      case 'done':
        await this.#parking.remove(letter);
        return { afterMs: 0 };
      case 'never':
        await this.#parking.release(letter, outcome.reason);
        return { afterMs: 0 };
      case 'again':
        return outcome;
      case 'failed for good':
        await this.#parking.keepParked(letter, key, outcome.reason);
        log.error({ parked_key: key, reason: outcome.reason }, 'the retry of a parked key has failed');
        return undefined;
      default:
        return outcome satisfies never;
    }
  }

  #restored({ entryId: id, fields: stored }: DeadLetter): [StreamEntry, Parsed<Entry>] {
    const { traceparent = '', ...fields } = stored;
    return [{ id, fields, traceparent }, this.#consumer.entry.safeParse(fields)];
  }

  /** @throws when the whole stream must wait: the lease is lost, or a store fails. */
  async #attempt(entry: StreamEntry, parsed: Parsed<Entry>): Promise<Outcome> {
    const { name } = this.#consumer;
    try {
      const attributes = { 'messaging.message.id': entry.id };
      await inSpanFrom(entry.traceparent, `consume ${name}`, attributes, () => this.#apply(entry, parsed));
      this.#failures.delete(entry.id);
      entriesHandled.add(1, name);
      return { kind: 'done' };
    } catch (error) {
      const reason = permanentReason(error);
      if (reason !== undefined) return { kind: 'never', reason };
      if (error instanceof LeaseLost || isTransientFault(error)) throw error;
      return await this.#failed(entry, error);
    }
  }

  async #failed({ id }: StreamEntry, error: unknown): Promise<Outcome> {
    const { attempts = usualAttempts, log } = this.#parts;
    const before = this.#failures.get(id) ?? { counted: 0, all: 0 };
    const isOutage = error instanceof Refusal && error.code === 'service_unavailable';
    const failures = { counted: before.counted + (isOutage ? 0 : 1), all: before.all + 1 };
    log.warn({ error, entry_id: id, failures: failures.all }, 'an entry could not be handled');
    await this.saveFailure(error);
    if (failures.counted >= attempts) {
      this.#failures.delete(id);
      return { kind: 'failed for good', reason: `failed ${attempts} times: ${describeFailure(error)}` };
    }
    this.#failures.set(id, failures);
    return { kind: 'again', afterMs: pauseMs(failures.all) };
  }

  async #apply(entry: StreamEntry, parsed: Parsed<Entry>): Promise<void> {
    const { name, handle } = this.#consumer;
    const { tables } = this.#parts;
    refuseUnusable(entry, parsed);
    await handle(parsed.data, {
      traceparent: entry.traceparent === '' ? undefined : entry.traceparent,
      transaction: (work) => this.#transaction(work),
      apply: (eventId, work) =>
        this.#transaction(async (tx) =>
          (await markProcessed(tx, tables, name, eventId)) ? work(tx) : undefined,
        ),
    });
  }

  #transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return inTransaction(this.#parts.db, async (tx: Tx) => {
      await this.#lease.checkHeld(tx);
      return work(tx);
    });
  }
}

type Parsed<Entry> = z.ZodSafeParseResult<Entry>;

/** @throws CannotApply for an entry that does not fit this consumer's schema, or that PostgreSQL cannot store. */
function refuseUnusable<Entry>(
  { fields }: StreamEntry,
  parsed: z.ZodSafeParseResult<Entry>,
): asserts parsed is z.ZodSafeParseSuccess<Entry> {
  if (
    Object.entries(fields)
      .flat()
      .some((text) => text.includes('\0'))
  ) {
    throw new CannotApply('malformed: contains a NUL character, which PostgreSQL cannot store');
  }
  if (parsed.success) return;
  const problems = fieldProblems(parsed.error).map(({ field, problem }) => `${field} ${problem}`);
  throw new CannotApply(`malformed: ${problems.join('; ')}`);
}

/** Why the entry can never be applied. @returns undefined when another attempt may succeed. */
function permanentReason(error: unknown): string | undefined {
  if (error instanceof CannotApply) return shortened(error.message);
  // Class 22: a column cannot store a value of the entry.
  if (sqlState(error)?.code.startsWith('22')) return shortened(`malformed: ${describeFailure(error)}`);
  return undefined;
}

/** For an admin, without the values of statements. */
function describeFailure(error: unknown): string {
  let innermost = error;
  while (innermost instanceof Error && innermost.cause !== undefined) innermost = innermost.cause;
  return shortened(toLoggedError(innermost).message);
}

function shortened(text: string): string {
  return text.length <= longestReason ? text : `${text.slice(0, longestReason)}…`;
}
