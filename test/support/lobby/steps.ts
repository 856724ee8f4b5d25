// One step of a consumer of the lobby, in the test's own process: what the stream loop does with an entry, without the
// loop, its lease and its pauses.

import type { Tx } from '../../../lib/lobby/store/database.ts';
import * as tables from '../../../lib/lobby/store/schema.ts';
import { inTransaction } from '../../../lib/postgres/transaction.ts';
import { CannotApply, type Consumer } from '../../../lib/streams/consumer.ts';
import type { StreamEntry } from '../../../lib/streams/entry.ts';
import { markProcessed } from '../../../lib/streams/store.ts';
import type { TestLobby } from './lobby.ts';

/** @returns false for an entry that can never be applied. */
export async function handleOnce<Entry>(
  { db }: Pick<TestLobby, 'db'>,
  consumer: Consumer<Entry, Tx>,
  fields: StreamEntry['fields'],
): Promise<boolean> {
  const parsed = consumer.entry.safeParse(fields);
  if (!parsed.success) return false;
  try {
    await consumer.handle(parsed.data, {
      traceparent: undefined,
      transaction: (work) => inTransaction(db, work),
      apply: (eventId, work) =>
        inTransaction(db, async (tx: Tx) =>
          (await markProcessed(tx, tables, consumer.name, eventId)) ? work(tx) : undefined,
        ),
    });
    return true;
  } catch (error) {
    if (error instanceof CannotApply) return false;
    throw error;
  }
}
