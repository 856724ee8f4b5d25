// What operators do about entries of streams that could not be applied: look at them, try them again, throw them away.
import { Refusal } from '../../errors/table.ts';
import { type DeadLetter, listDeadLetters, takeDeadLetter } from '../../streams/store.ts';
import { type ConsumerName, consumerNames } from '../consumers/places.ts';
import type { Lobby } from '../context.ts';
import { streamEntry } from '../outbox/messages.ts';
import type { Tx, Work } from '../store/database.ts';
import { type Page, type PageRequest, takePage } from '../store/pages.ts';
import { lobbyStreamTables } from '../store/stream-tables.ts';

/** The oldest first. @param consumer whose; everybody's unless given. */
export async function pageOfDeadLetters(
  { db }: Pick<Lobby, 'db'>,
  consumer: ConsumerName | undefined,
  { size, after }: PageRequest,
): Promise<Page<DeadLetter>> {
  const letters = await listDeadLetters(db, lobbyStreamTables, { consumer, after, limit: size + 1 });
  return takePage(letters, size, (letter) => ({ at: letter.createdAt, id: letter.deadLetterId }));
}

/**
 * Puts the entry back at the end of its stream, to be consumed anew.
 * @throws Refusal `not_found`; `invalid_state` when nobody consumes it any more.
 */
export function retryDeadLetter({ outbox }: Pick<Lobby, 'outbox'>, deadLetterId: string): Work<DeadLetter> {
  return async (tx) => {
    const letter = await take(tx, deadLetterId);
    const consumer = consumerNames.find((name) => name === letter.consumer);
    if (consumer === undefined) {
      const why = `There is no consumer ${letter.consumer} any more, so nobody can apply this. Discard it.`;
      throw new Refusal('invalid_state', why);
    }
    await outbox.write(tx, [streamEntry(consumer, letter)]);
    return letter;
  };
}

/** @throws Refusal `not_found`. */
export function discardDeadLetter(deadLetterId: string): Work<DeadLetter> {
  return (tx) => take(tx, deadLetterId);
}

async function take(tx: Tx, deadLetterId: string): Promise<DeadLetter> {
  const letter = await takeDeadLetter(tx, lobbyStreamTables, deadLetterId);
  if (letter === undefined) {
    throw new Refusal('not_found', 'There is no such dead letter; perhaps somebody else has dealt with it.');
  }
  return letter;
}
