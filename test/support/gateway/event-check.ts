// Holds every event that a test receives, and every notification that a service wrote, to the published schemas.
import type pg from 'pg';
import { eventTypes } from '../../../lib/protocol/event-types.ts';

/** @throws Error when the type is not published, or the payload lacks a field or has one that is not described. */
export function checkEvent(eventType: string, payload: unknown): void {
  const described = Object.entries(eventTypes).find(([type]) => type === eventType)?.[1];
  if (described === undefined) throw new Error(`proto/event-types.json does not have ${eventType}`);
  const { error } = described.payload.safeParse(payload);
  if (error === undefined) return;
  throw new Error(`the payload of ${eventType} is not what proto/event-types.json says: ${error.message}`, {
    cause: payload,
  });
}

/** Checks the payloads of all notifications in an outbox. */
export async function checkNotifications(
  pool: pg.Pool,
  outbox: 'lobby.outbox' | 'game_master.outbox',
): Promise<void> {
  const { rows } = await pool.query<{ payload: Record<string, unknown> }>(
    `select payload from ${outbox} where kind = 'notification_intent'`,
  );
  for (const { payload } of rows) checkEvent(String(payload.notification_type), payload.payload);
}
