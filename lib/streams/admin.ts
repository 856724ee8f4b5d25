// What those who run the platform see and do about the streams that a service consumes: how each consumer stands, and
// what becomes of entries that could not be applied.
import { Refusal } from '../errors/table.ts';
import type { Database } from '../outbox/store.ts';
import type { RedisCommands, RedisReads } from '../redis/commands.ts';
import { type ConsumerStream, readStreamState, type StreamState } from './offset.ts';
import {
  type DeadLetter,
  type DeadLetterPlace,
  listDeadLetters as listStored,
  readConsumers,
  takeDeadLetter,
} from './store.ts';
import type { StreamTables } from './tables.ts';

/** Handlers ask Redis through this alone, so that they run wherever some driver of Redis does. */
export type StreamAdmin<Tx extends Database = Database> = {
  readonly db: Database & { transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> };
  readonly tables: StreamTables;
  /** Of this service. */
  readonly consumers: readonly ConsumerStream[];
  /** How the consumers stand in their streams, in their order. Rejects when Redis cannot be asked. */
  readonly states: () => Promise<StreamState[]>;
  /** Adds the entry to the stream of its consumer again, together with the transaction that took it. */
  readonly putBack: (tx: Tx, consumer: ConsumerStream, letter: DeadLetter) => Promise<void>;
};

/** They may be slightly old: nothing is decided by them. */
export function statesOf(consumers: readonly ConsumerStream[], { read }: RedisReads): StreamAdmin['states'] {
  return () => read((redis) => Promise.all(consumers.map((consumer) => readStreamState(redis, consumer))));
}

/**
 * Puts entries back at once. When it is not known whether that has happened the dead letter stays, and trying again may
 * add the entry twice: consumers know repeats.
 */
export function putBackAtOnce(redis: RedisCommands): StreamAdmin['putBack'] {
  return async (_, { stream }, { fields }) => {
    await redis.call('XADD', stream, '*', ...Object.entries(fields).flat());
  };
}

export type ConsumerStanding = {
  readonly consumer: string;
  readonly stream: string;
  /** undefined before it has handled anything. */
  readonly offset: string | undefined;
  /** Entries were gone before they took effect. */
  readonly lost: boolean;
  readonly oldestUnprocessedAgeMs: number;
  /** Whether some process works on it now. */
  readonly running: boolean;
  /** What it ran into last, and when; it may have gone on since. */
  readonly lastError: { readonly message: string; readonly at: Date } | undefined;
  readonly deadLetters: number;
};

/** @throws Refusal service_unavailable while Redis cannot be asked. */
export async function listStreams({
  db,
  tables,
  consumers,
  states,
}: Omit<StreamAdmin, 'putBack'>): Promise<ConsumerStanding[]> {
  const names = consumers.map(({ name }) => name);
  const [records, found] = await Promise.all([
    readConsumers(db, tables, names),
    // Why, the connection itself has logged.
    states().catch(() => {
      throw new Refusal('service_unavailable', 'Redis cannot be asked how the streams stand. Try again.');
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
    };
  });
}

export type DeadLetterPage = { letters: DeadLetter[]; next: DeadLetterPlace | undefined };

/** The oldest first. @param consumer of one consumer; undefined for all of them. */
export async function listDeadLetters(
  { db, tables }: Pick<StreamAdmin, 'db' | 'tables'>,
  consumer: string | undefined,
  page: { size: number; after: DeadLetterPlace | undefined },
): Promise<DeadLetterPage> {
  const found = await listStored(db, tables, { consumer, after: page.after, limit: page.size + 1 });
  const letters = found.slice(0, page.size);
  const last = letters.at(-1);
  const more = found.length > page.size && last !== undefined;
  return { letters, next: more ? { at: last.createdAt, id: last.deadLetterId } : undefined };
}

/**
 * Puts an entry into its stream again, as a new one at the end.
 * @throws Refusal not_found; invalid_state when nobody here consumes its stream any more.
 */
export async function retryDeadLetter<Tx extends Database>(
  streams: Pick<StreamAdmin<Tx>, 'tables' | 'consumers' | 'putBack'>,
  tx: Tx,
  deadLetterId: string,
): Promise<DeadLetter> {
  const letter = await discardDeadLetter(streams, tx, deadLetterId);
  const consumer = streams.consumers.find(({ name }) => name === letter.consumer);
  if (consumer === undefined) {
    throw new Refusal(
      'invalid_state',
      `There is no consumer ${letter.consumer} any more that could try it again; it can be discarded.`,
    );
  }
  await streams.putBack(tx, consumer, letter);
  return letter;
}

/** Gives an entry up for good. @throws Refusal not_found. */
export async function discardDeadLetter(
  { tables }: Pick<StreamAdmin, 'tables'>,
  tx: Database,
  deadLetterId: string,
): Promise<DeadLetter> {
  const letter = await takeDeadLetter(tx, tables, deadLetterId);
  if (letter === undefined) throw new Refusal('not_found', `There is no dead letter ${deadLetterId}.`);
  return letter;
}
