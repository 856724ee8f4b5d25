// A consumer of a stream whose effects are in PostgreSQL: the stream loop in one replica at a time, with dead letters,
// and with repeats detected by the ids that producers set.
//
// Guarantees, in addition to those of stream-loop.ts: what `apply` does for an event happens once, in one transaction
// with the record that it has happened, and only while this process holds the lease. An entry goes to the dead letters
// with the reason when it is malformed, when `handle` throws `CannotApply`, or when PostgreSQL refuses one of its
// values; the stream then continues. A replica that cannot reach Redis gives up the lease.
import { v7 as uuidv7 } from 'uuid';
import type { z } from 'zod';
import { fieldProblems } from '../http/field-problems.ts';
import type { Database } from '../outbox/store.ts';
import { inTransaction, sqlState } from '../postgres/transaction.ts';
import type { Redis } from '../redis/client.ts';
import { toLoggedError } from '../telemetry/logged-error.ts';
import type { Logger } from '../telemetry/logger.ts';
import { inSpanFrom } from '../telemetry/spans.ts';
import type { StreamEntry } from './entry.ts';
import { deadLettered, entriesHandled, exportZero, lossesSeen } from './instruments.ts';
import { type Lease, whileLeased } from './lease.ts';
import type { ConsumedStream } from './offset.ts';
import { insertDeadLetter, markProcessed, saveLastError } from './store.ts';
import { consumeStream, openStreamReader } from './stream-loop.ts';
import type { StreamTables } from './tables.ts';

/** After this time another replica may try: perhaps only this one's connection is broken. */
const longestOutageMs = 10_000;
/** Reason of a failure or of a dead letter, in characters. */
const longestReason = 1_000;

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
  /** @throws CannotApply; any other error counts as a passing failure, and the entry is retried. */
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
  const { db, tables, redis, blockMs, log } = parts;
  // The loop logs that a read fails, and the service's own connection logs why.
  const reader = openStreamReader(redis, parts, () => {});
  const outage = detectOutage(reader, longestOutageMs);
  await consumeStream(
    {
      stream,
      offsetKey,
      redis,
      reader,
      blockMs,
      prepare: (entry) => {
        const parsed = consumer.entry.safeParse(entry.fields);
        return {
          key: parsed.success ? consumer.orderingKey(parsed.data) : '',
          handle: () =>
            inSpanFrom(entry.traceparent, `consume ${name}`, { 'messaging.message.id': entry.id }, () =>
              handleEntry(consumer, parts, lease, { entry, parsed }),
            ),
        };
      },
      onFailure: async (error) => {
        await saveLastError(db, tables, name, describeFailure(error)).catch((cause: unknown) =>
          log.warn({ error: cause }, 'the failure could not be recorded'),
        );
      },
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
  try {
    refuseUnusable(entry, parsed);
    await consumer.handle(parsed.data, {
      traceparent: entry.traceparent === '' ? undefined : entry.traceparent,
      transaction,
      apply: (eventId, work) =>
        transaction(async (tx) => ((await markProcessed(tx, tables, name, eventId)) ? work(tx) : undefined)),
    });
    entriesHandled.add(1, name);
  } catch (error) {
    const reason = permanentReason(error);
    if (reason === undefined) throw error;
    const isNew = await transaction((tx) =>
      insertDeadLetter(tx, tables, { deadLetterId: uuidv7(), consumer: name, entry, reason }),
    );
    if (!isNew) return;
    deadLettered.add(1, name);
    log.error({ entry_id: entry.id, reason }, 'entry added to the dead letters');
  }
}

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
