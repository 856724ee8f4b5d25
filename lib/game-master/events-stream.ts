import { type GmEvent, gmEventEntry } from '../protocol/gm-events.ts';
import { fieldsOf } from '../protocol/stream-fields.ts';
import type { Redis } from '../redis/client.ts';
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
