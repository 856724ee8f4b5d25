import type { Redis } from '../redis/client.ts';
import { fieldsOf } from '../stream-entries/fields.ts';
import { type GmEvent, gmEventEntry } from '../stream-entries/gm-events.ts';
import { eventPublished } from './instruments.ts';

/** Tells the lobby of something. @throws Error when Redis has not confirmed it; it may be there all the same. */
export type TellLobby = (event: GmEvent, traceparent: string | undefined) => Promise<void>;

export function lobbyEvents(redis: Redis, stream: string): TellLobby {
  return async (event, traceparent) => {
    const fields = fieldsOf(gmEventEntry, event);
    await redis.xadd(stream, '*', ...fields, 'traceparent', traceparent ?? '');
    eventPublished(event.event_type);
  };
}
