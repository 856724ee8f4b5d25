// What an admin sees and does about the streams that a service consumes: the state of each consumer, and the dead
// letters.
import { type Act, recordAct, recordAround } from '../audit/audit.ts';
import type { AuditTable } from '../audit/table.ts';
import { Refusal } from '../errors/table.ts';
import type { Caller } from '../http/caller.ts';
import type { Database } from '../outbox/store.ts';
import type { OutboxTable } from '../outbox/table.ts';
import { inTransaction } from '../postgres/transaction.ts';
import type { RedisCommands, RedisReads } from '../redis/commands.ts';
import { type ConsumerStream, readStreamState, type StreamState } from './offset.ts';
import {
  type DeadLetter,
  type DeadLetterPosition,
  findDeadLetter,
  listDeadLetters as listStored,
  listParkedKeys as listStoredKeys,
  lockDeadLetter,
  type ParkedKey,
  readConsumers,
  requestRetry,
  takeDeadLetter,
} from './store.ts';
import type { StreamTables } from './tables.ts';

/** Handlers reach Redis only through this, so that they run with any driver of Redis. */
export type StreamAdmin<Tx extends Database = Database> = {
  readonly db: Database & { transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> };
  readonly tables: StreamTables;
  /** Where decisions about dead letters are recorded. */
  readonly audit: AuditTable;
  /** Messages to others that wait to be published. */
  readonly outbox: OutboxTable;
  /** The consumers of this service. */
  readonly consumers: readonly ConsumerStream[];
  /** The states of the consumers' streams, in the order of `consumers`. Rejects when Redis does not reply. */
  readonly states: () => Promise<StreamState[]>;
  /** Adds the entry to the stream of its consumer again, with the transaction that took it from the dead letters. */
  readonly requeue: (tx: Tx, consumer: ConsumerStream, letter: DeadLetter) => Promise<void>;
};

/** They may be slightly old: no decision depends on them. */
export function statesOf(consumers: readonly ConsumerStream[], { read }: RedisReads): StreamAdmin['states'] {
  return () => read((redis) => Promise.all(consumers.map((consumer) => readStreamState(redis, consumer))));
}

/**
 * Adds entries to their streams at once. When the outcome is unknown, the dead letter stays, and another attempt may
 * add the entry twice: consumers detect repeats.
 */
export function requeueAtOnce(redis: RedisCommands): StreamAdmin['requeue'] {
  return async (_, { stream }, { fields }) => {
    await redis.call('XADD', stream, '*', ...Object.entries(fields).flat());
  };
}

export type ConsumerStatus = {
  readonly consumer: string;
  readonly stream: string;
  /** undefined before it has handled anything. */
  readonly offset: string | undefined;
  /** Entries were lost before they took effect. */
  readonly lost: boolean;
  readonly oldestUnprocessedAgeMs: number;
  /** Whether a process runs it now. */
  readonly running: boolean;
  /** Its latest failure, and when; it may have recovered since. */
  readonly lastError: { readonly message: string; readonly at: Date } | undefined;
  readonly deadLetters: number;
  /** Keys (games, users) whose entries wait behind a dead letter. */
  readonly parkedKeys: number;
};

/** @throws Refusal service_unavailable while Redis does not reply. */
export async function listStreams({
  db,
  tables,
  consumers,
  states,
}: Omit<StreamAdmin, 'requeue'>): Promise<ConsumerStatus[]> {
  const names = consumers.map(({ name }) => name);
  const [records, found] = await Promise.all([
    readConsumers(db, tables, names),
    // The connection itself has logged the reason.
    states().catch(() => {
      throw new Refusal(
        'service_unavailable',
        'Redis is unavailable, so the states of the streams are unknown. Try again.',
      );
    }),
  ]);
  const recordOf = new Map(records.map((record) => [record.name, record]));
  return consumers.flatMap(({ name, stream }, index) => {
    const state = found[index];
    const record = recordOf.get(name);
    if (state === undefined) return [];
    const { offset, lost, oldestUnprocessedAgeMs } = state;
    return {
      consumer: name,
      stream,
      offset,
      lost,
      oldestUnprocessedAgeMs,
      running: record?.held ?? false,
      lastError:
        record?.lastError == null || record.lastErrorAt === null
          ? undefined
          : { message: record.lastError, at: record.lastErrorAt },
      deadLetters: record?.deadLetters ?? 0,
      parkedKeys: record?.parkedKeys ?? 0,
    };
  });
}

export type DeadLetterPage = { letters: DeadLetter[]; next: DeadLetterPosition | undefined };

/** The oldest first. @param consumer whose dead letters; undefined for those of all consumers. */
export async function listDeadLetters(
  { db, tables }: Pick<StreamAdmin, 'db' | 'tables'>,
  consumer: string | undefined,
  page: { size: number; after: DeadLetterPosition | undefined },
): Promise<DeadLetterPage> {
  const found = await listStored(db, tables, { consumer, after: page.after, limit: page.size + 1 });
  const letters = found.slice(0, page.size);
  const last = letters.at(-1);
  const more = found.length > page.size && last !== undefined;
  return { letters, next: more ? { at: last.createdAt, id: last.deadLetterId } : undefined };
}

const parkedKeysAtMost = 200;

/** The parked keys of this service's consumers, the oldest first. */
export async function listParkedKeys({
  db,
  tables,
}: Pick<StreamAdmin, 'db' | 'tables'>): Promise<{ keys: ParkedKey[]; isComplete: boolean }> {
  const found = await listStoredKeys(db, tables, parkedKeysAtMost + 1);
  return { keys: found.slice(0, parkedKeysAtMost), isComplete: found.length <= parkedKeysAtMost };
}

type Retrying<Tx extends Database> = Pick<StreamAdmin<Tx>, 'tables' | 'audit' | 'consumers' | 'requeue'>;

/**
 * Retries a dead letter: adds its entry to its stream again, as a new one at the end. When its key is parked, the
 * consumer applies all entries of the key instead, in their order.
 * @throws Refusal not_found; invalid_state when this service has no consumer of that name any more.
 */
export async function retryDeadLetter<Tx extends Database>(
  streams: Retrying<Tx>,
  tx: Tx,
  caller: Caller,
  deadLetterId: string,
): Promise<DeadLetter> {
  const letter = await retry(streams, tx, deadLetterId);
  await recordAct(tx, streams.audit, caller, decision('dead_letter.retry', letter));
  return letter;
}

/** The same where the entry is in its stream before the transaction ends: that it was requested is recorded first. */
export async function retryDeadLetterAtOnce<Tx extends Database>(
  streams: Retrying<Tx> & Pick<StreamAdmin<Tx>, 'db'>,
  caller: Caller,
  deadLetterId: string,
): Promise<DeadLetter> {
  const { db, tables, consumers } = streams;
  const letter = existing(await findDeadLetter(db, tables, deadLetterId), deadLetterId);
  // What is refused is not recorded.
  consumerOf(consumers, letter);
  return recordAround(streams, caller, decision('dead_letter.retry', letter), () =>
    inTransaction(db, (tx: Tx) => retry(streams, tx, deadLetterId)),
  );
}

async function retry<Tx extends Database>(
  { tables, consumers, requeue }: Retrying<Tx>,
  tx: Tx,
  deadLetterId: string,
): Promise<DeadLetter> {
  const letter = existing(await lockDeadLetter(tx, tables, deadLetterId), deadLetterId);
  const consumer = consumerOf(consumers, letter);
  if (letter.parkedKey !== null) {
    await requestRetry(tx, tables, { consumer: letter.consumer, parkedKey: letter.parkedKey });
    return existing(await lockDeadLetter(tx, tables, deadLetterId), deadLetterId);
  }
  await takeDeadLetter(tx, tables, deadLetterId);
  await requeue(tx, consumer, letter);
  return letter;
}

/** Deletes a dead letter. Others of its key stay parked. @throws Refusal not_found. */
export async function discardDeadLetter(
  { tables, audit }: Pick<StreamAdmin, 'tables' | 'audit'>,
  tx: Database,
  caller: Caller,
  deadLetterId: string,
): Promise<DeadLetter> {
  const letter = existing(await takeDeadLetter(tx, tables, deadLetterId), deadLetterId);
  await recordAct(tx, audit, caller, decision('dead_letter.discard', letter));
  return letter;
}

function consumerOf(consumers: readonly ConsumerStream[], { consumer }: DeadLetter): ConsumerStream {
  const found = consumers.find(({ name }) => name === consumer);
  if (found !== undefined) return found;
  throw new Refusal(
    'invalid_state',
    `There is no consumer ${consumer} any more that could retry it; it can be discarded.`,
  );
}

function decision(action: string, { deadLetterId, consumer, entryId, parkedKey }: DeadLetter): Act {
  return {
    action,
    subject: { kind: 'dead_letter', id: deadLetterId },
    before: { consumer, entry_id: entryId, parked_key: parkedKey },
  };
}

function existing(letter: DeadLetter | undefined, deadLetterId: string): DeadLetter {
  if (letter === undefined) throw new Refusal('not_found', `There is no dead letter ${deadLetterId}.`);
  return letter;
}
