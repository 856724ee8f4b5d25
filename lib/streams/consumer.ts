// A consumer of a stream whose effects are in PostgreSQL: the stream loop, one replica at a time, with repeats known
// by the ids of their producers and with dead letters.
//
// Guarantees, beside those of stream-loop.ts: what `apply` does for an event happens once, in one transaction with the
// note that it has happened, and only while this process holds the lease. An entry that is malformed, or that `handle`
// says can never be applied (`CannotApply`), is put into the dead letters with the reason, and the stream goes on.
import { v7 as uuidv7 } from 'uuid';
import type { z } from 'zod';
import { fieldProblems } from '../http/field-problems.ts';
import type { Database } from '../outbox/store.ts';
import { inTransaction } from '../postgres/transaction.ts';
import type { Redis } from '../redis/client.ts';
import type { Logger } from '../telemetry/logger.ts';
import { startSpanFrom } from '../telemetry/spans.ts';
import type { StreamEntry } from './entry.ts';
import { deadLettered, entriesHandled, lossesSeen } from './instruments.ts';
import { type Lease, whileLeased } from './lease.ts';
import type { StreamPlace } from './offset.ts';
import { insertDeadLetter, markProcessed, saveLastError } from './store.ts';
import { consumeStream, openStreamReader } from './stream-loop.ts';
import type { StreamTables } from './tables.ts';

/** This entry can never be applied as it is. The message says why, for a person who decides what becomes of it. */
export class CannotApply extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'CannotApply';
  }
}

/** What a handler has beside its entry. */
export type Delivery<Tx> = {
  readonly traceparent: string | undefined;
  /** Runs `work` in a transaction while this process holds the lease, however often: for effects that are idempotent. */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /**
   * Runs `work` in a transaction, unless this event has been applied before. May run it again after a deadlock.
   * @returns what `work` returned; undefined for a repeat.
   */
  apply<T>(eventId: string, work: (tx: Tx) => Promise<T>): Promise<T | undefined>;
};

export type Consumer<Entry, Tx> = StreamPlace & {
  /** As it is known to operators and in the tables. */
  readonly name: string;
  readonly entry: z.ZodType<Entry>;
  /** Entries about one thing are handled in order. */
  readonly orderingKey: (entry: Entry) => string;
  /** @throws CannotApply; whatever else it throws is a failure that passes. */
  readonly handle: (entry: Entry, delivery: Delivery<Tx>) => Promise<void>;
};

export type ConsumerParts<Tx> = {
  readonly db: Database & { transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> };
  readonly tables: StreamTables;
  readonly redis: Redis;
  readonly blockMs: number;
  readonly operationTimeoutMs: number;
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
  const { db, tables, redis, blockMs, log } = parts;
  const reader = await openStreamReader(redis, parts, (error) =>
    log.warn({ error }, 'redis connection of the reader lost'),
  );
  await consumeStream(
    {
      name,
      stream,
      offsetKey,
      redis,
      reader,
      blockMs,
      prepare: (entry) => {
        const parsed = consumer.entry.safeParse(entry.fields);
        return {
          key: parsed.success ? consumer.orderingKey(parsed.data) : '',
          handle: () => handleEntry(consumer, parts, lease, { entry, parsed }),
        };
      },
      onFailure: async (error) => {
        const message = error instanceof Error ? error.message : String(error);
        await saveLastError(db, tables, name, message).catch((cause: unknown) =>
          log.warn({ error: cause }, 'the failure could not be noted down'),
        );
      },
      onLoss: (offset) => {
        lossesSeen.add(1, name);
        log.error({ offset }, 'entries of the stream were lost before they were handled');
      },
      log,
    },
    over,
  );
}

async function handleEntry<Entry, Tx extends Database>(
  consumer: Consumer<Entry, Tx>,
  { db, tables, log }: ConsumerParts<Tx>,
  lease: Lease,
  { entry, parsed }: { entry: StreamEntry; parsed: z.ZodSafeParseResult<Entry> },
): Promise<void> {
  const { name } = consumer;
  const transaction = <T>(work: (tx: Tx) => Promise<T>) =>
    inTransaction(db, async (tx: Tx) => {
      await lease.checkHeld(tx);
      return work(tx);
    });
  const span = startSpanFrom(entry.traceparent, `consume ${name}`, { 'messaging.message.id': entry.id });
  try {
    if (!parsed.success) throw new CannotApply(`malformed: ${problemsOf(parsed.error)}`);
    await consumer.handle(parsed.data, {
      traceparent: entry.traceparent === '' ? undefined : entry.traceparent,
      transaction,
      apply: (eventId, work) =>
        transaction(async (tx) => ((await markProcessed(tx, tables, name, eventId)) ? work(tx) : undefined)),
    });
    entriesHandled.add(1, name);
  } catch (error) {
    if (!(error instanceof CannotApply)) throw error;
    const reason = error.message;
    await transaction((tx) =>
      insertDeadLetter(tx, tables, { deadLetterId: uuidv7(), consumer: name, entry, reason }),
    );
    deadLettered.add(1, name);
    log.error({ entry_id: entry.id, reason }, 'entry put into the dead letters');
  } finally {
    span?.end();
  }
}

function problemsOf(error: z.ZodError): string {
  return fieldProblems(error)
    .map(({ field, problem }) => `${field} ${problem}`)
    .join('; ');
}
