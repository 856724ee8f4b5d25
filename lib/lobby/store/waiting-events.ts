// Reports of the Game Master that arrived while their game was still starting.
import { asc, eq, inArray } from 'drizzle-orm';
import type { GmEvent } from '../../protocol/gm-events.ts';
import type { Tx } from './database.ts';
import { waitingEvents } from './schema.ts';

/** The game is locked. */
export async function storeWaitingEvent(tx: Tx, event: GmEvent): Promise<void> {
  await tx.insert(waitingEvents).values({ gameId: event.game_id, event });
}

/** Deletes the waiting reports of a locked game. @returns them in the order of arrival. */
export async function takeWaitingEvents(tx: Tx, gameId: string): Promise<GmEvent[]> {
  const waiting = await tx
    .select()
    .from(waitingEvents)
    .where(eq(waitingEvents.gameId, gameId))
    .orderBy(asc(waitingEvents.position));
  if (waiting.length === 0) return [];
  await tx.delete(waitingEvents).where(
    inArray(
      waitingEvents.position,
      waiting.map(({ position }) => position),
    ),
  );
  return waiting.map(({ event }) => event);
}
